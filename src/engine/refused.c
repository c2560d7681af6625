#include "engine/refused.h"
#include "base/log_limit.h"
#include "engine/channel.h"
#include "engine/who.h"
#include "proto/payload.h"
#include <stdio.h>

const char *pinion__poison_why(char out[PINION_POISON_WHY], const pinion_payload *payload)
{
    snprintf(out, PINION_POISON_WHY, "the payload could not be built: %s", pinion__payload_why(payload));
    return out;
}

static const char *sentence(const struct pinion_refused *refused, int code, char out[PINION_POISON_WHY])
{
    if (refused->why)
        return refused->why;
    switch (code) {
    case PINION_EPAYLOAD:
        return pinion__poison_why(out, refused->payload);
    case PINION_ENOTJOINED:
        return "the channel has not joined yet: do it in after_join";
    case PINION_EUTF8:
        return "a name is not UTF-8, and no client could read it";
    case PINION_ETOOBIG:
        return "a topic or an event has at most 255 bytes";
    case PINION_ECLOSED:
        return "the channel ends: nothing begins in terminate, or after it";
    default:
        return pinion_strerror(code);
    }
}

static const struct pinion_socket *socket_of(const struct pinion_refused *refused)
{
    return refused->channel ? refused->channel->socket : refused->socket;
}

static void count(const struct pinion_refused *refused)
{
    const struct pinion_socket *socket = socket_of(refused);
    struct pinion_hub *hub = socket ? socket->shard->hub : refused->hub;
    if (hub)
        atomic_fetch_add_explicit(&hub->refused_calls, 1, memory_order_relaxed);
}

static void log_refused(struct pinion_log_kind *kind, const struct pinion_refused *refused, const char *call,
                        const char *why)
{
    const struct pinion_socket *socket = socket_of(refused);
    if (socket)
        pinion__log_limited(kind, PINION_LOG_WARNING, "%s %s: %s: refused: %s (%s)",
                            refused->channel ? "channel" : "socket",
                            refused->channel ? refused->channel->topic->name : socket->class->mount->path,
                            call, why, PINION_WHO_OF(socket));
    else if (refused->topic.ptr)
        pinion__log_limited(kind, PINION_LOG_WARNING, "%s %.*s: %s: refused: %s",
                            refused->of_actor ? "actor"
                            : refused->of_ref ? "channel"
                                              : "topic",
                            (int)refused->topic.len, refused->topic.ptr, call, why);
    else
        pinion__log_limited(kind, PINION_LOG_WARNING, "%s: refused: %s", call, why);
}

#define KINDS 24

int pinion__refuse(const struct pinion_refused *refused, int code)
{
    static struct pinion_log_kind kinds[KINDS]; /* one for each code */
    struct pinion_log_kind *kind = &kinds[code < 0 && code > -KINDS ? -code : 0];
    char built[PINION_POISON_WHY], call[PINION_QUOTED + 60];
    const char *why = sentence(refused, code, built);
    snprintf(call, sizeof call, "%s(%s)", refused->call,
             refused->name ? PINION_QUOTE(pinion__slice_str(refused->name)) : "");
    count(refused);
    if (pinion__log_wanted(kind, PINION_LOG_WARNING))
        log_refused(kind, refused, call, why);
    return pinion__fail(code, "%s: %s", call, why);
}
