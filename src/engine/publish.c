/* Push and broadcast: what an application sends to clients. */
#include "engine/callback.h"
#include "engine/channel.h"
#include "engine/here.h"
#include "engine/ref.h"
#include "engine/refused.h"
#include "engine/send.h"
#include "engine/who.h"
#include "proto/payload.h"
#include "proto/utf8.h"

static bool has_joined(const struct pinion_channel *channel)
{
    return channel->state != PINION_CHANNEL_JOINING;
}

/* ---- push ---- */

static int check(const struct pinion_channel *channel, struct pinion_slice event,
                 const pinion_payload *payload)
{
    if (!has_joined(channel))
        return PINION_ENOTJOINED;
    if (channel->socket->class->mount->kind->no_push)
        return PINION_ENOTSUP;
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return PINION_EPAYLOAD;
    if (event.len > PINION_NAME_MAX)
        return PINION_ETOOBIG;
    if (!pinion__utf8_name(event.ptr, event.len))
        return PINION_EUTF8;
    return channel->muted || channel->state == PINION_CHANNEL_ENDED ? PINION_ECLOSED : 0;
}

/* If the client has gone or does not read, the caller made no mistake: the log says nothing. */
static bool is_mistake(int code)
{
    return code != PINION_ECLOSED && code != PINION_EBUSY;
}

static int tell_gone(const char *call, const char *event, int code)
{
    return pinion__fail(code, "%s(%s): %s", call, PINION_QUOTE(pinion__slice_str(event)),
                        code == PINION_ECLOSED ? "nobody is there any more, or the topic was joined again"
                                               : "dropped, since the client does not read what it is sent");
}

static int refuse_push(const struct pinion_channel *channel, const char *call, const char *event,
                       const pinion_payload *payload, int code)
{
    struct pinion_refused refused = { .call = call, .name = event, .channel = channel, .payload = payload };
    if (code == PINION_ENOTSUP) {
        const char *why = channel->socket->class->mount->kind->no_push;
        refused.why = why ? why : "this client's serializer or transport cannot carry binary payloads";
    }
    return pinion__refuse(&refused, code);
}

/* What handle_out pushes stands for a broadcast. */
static enum pinion_loss loss_of_push(const struct pinion_channel *channel)
{
    const struct pinion_callback *callback = channel->socket->shard->callback;
    return callback && callback->out ? PINION_LOSS_BROADCAST : PINION_LOSS_NEVER;
}

static int send_push(const struct pinion_channel *channel, struct pinion_slice event,
                     const pinion_payload *payload, enum pinion_loss loss)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = pinion__channel_join_ref(channel),
        .topic = pinion__channel_topic(channel),
        .event = event,
    };
    message.payload.ptr = pinion_payload_bytes(payload, &message.payload.len);
    message.payload_binary = pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY;
    return pinion__socket_send_as(channel->socket, &message, loss);
}

/* Consumes payload. */
static int push(struct pinion_channel *channel, const char *call, const char *event, pinion_payload *payload,
                enum pinion_loss loss)
{
    struct pinion_slice name = pinion__slice_str(event);
    int rc = check(channel, name, payload);
    if (!rc)
        rc = send_push(channel, name, payload, loss);
    if (rc == PINION_EBUSY)
        PINION_COUNT(channel->socket->shard, skipped, 1);
    if (rc)
        (void)(is_mistake(rc) ? refuse_push(channel, call, event, payload, rc) : tell_gone(call, event, rc));
    pinion_payload_unref(payload);
    return rc;
}

int pinion_push(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(event, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(payload));
    return push(channel, "pinion_push", event, payload, loss_of_push(channel));
}

int pinion_push_droppable(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(event, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(payload));
    return push(channel, "pinion_push_droppable", event, payload, PINION_LOSS_FREE);
}

/* ---- broadcast ---- */

typedef int reach_fn(struct pinion_pubsub *, struct pinion_pubsub_loop *, struct pinion_broadcast *);

static int refuse(const struct pinion_refused *what, const pinion_payload *payload, int code)
{
    struct pinion_refused refused = *what;
    refused.payload = payload;
    return pinion__refuse(&refused, code);
}

static int make(struct pinion_broadcast **out, uint64_t from, const char *topic, const char *event,
                pinion_payload *payload)
{
    struct pinion_slice name = pinion__slice_str(topic), what = pinion__slice_str(event);
    if (pinion__utf8_name(name.ptr, name.len) && pinion__utf8_name(what.ptr, what.len))
        return pinion__broadcast_make(out, from, name, what, payload);
    pinion_payload_unref(payload);
    return PINION_EUTF8;
}

/* Some subscribers do not get it. That was logged, with the loop. */
static int tell_missed(const struct pinion_refused *call, int code)
{
    return pinion__fail(code, "%s(%s): the subscribers of some loops miss it: %s", call->call,
                        PINION_QUOTE(pinion__slice_str(call->name)),
                        code == PINION_EBUSY ? "a mailbox is full (max_mailbox)" : pinion_strerror(code));
}

/* Consumes payload. */
static int publish(struct pinion_hub *hub, reach_fn *reach, uint64_t from, const char *topic,
                   const struct pinion_refused *call, pinion_payload *payload)
{
    struct pinion_broadcast *broadcast;
    struct pinion_shard *here = pinion__hub_here(hub);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON) {
        int rc = refuse(call, payload, PINION_EPAYLOAD);
        pinion_payload_unref(payload);
        return rc;
    }
    int rc = make(&broadcast, from, topic, call->name, payload);
    if (rc)
        return refuse(call, NULL, rc);
    rc = reach(&hub->pubsub, here ? &here->pubsub : NULL, broadcast);
    pinion__broadcast_unref(broadcast);
    return rc ? tell_missed(call, rc) : 0;
}

static inline int broadcast_from_channel(pinion_channel *channel, uint64_t from, const char *name,
                                         const char *event, pinion_payload *payload)
{
    struct pinion_refused call = { .call = name, .name = event, .channel = channel };
    const char *no_broadcast = channel->socket->class->mount->kind->no_broadcast;
    if (!has_joined(channel) || no_broadcast) {
        pinion_payload_unref(payload);
        call.why = has_joined(channel) ? no_broadcast : NULL;
        return pinion__refuse(&call, has_joined(channel) ? PINION_ENOTSUP : PINION_ENOTJOINED);
    }
    return publish(channel->socket->shard->hub, pinion__pubsub_broadcast, from, channel->topic->name, &call,
                   payload);
}

int pinion_broadcast(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(event, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(payload));
    return broadcast_from_channel(channel, 0, "pinion_broadcast", event, payload);
}

int pinion_broadcast_from(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(event, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(payload));
    return broadcast_from_channel(channel, channel->id, "pinion_broadcast_from", event, payload);
}

#define NEED_ALL                                                                                             \
    PINION_CONSUMES(payload);                                                                                \
    PINION_NEED(endpoint, return pinion__payload_lost(payload));                                             \
    PINION_NEED(topic, return pinion__payload_lost(payload));                                                \
    PINION_NEED(event, return pinion__payload_lost(payload))

#define CALL(name_)                                                                                          \
    &(struct pinion_refused)                                                                                 \
    {                                                                                                        \
        .call = (name_), .name = event, .hub = pinion__hub_of(endpoint), .topic = pinion__slice_str(topic)   \
    }

int pinion_endpoint_broadcast(pinion_endpoint *endpoint, const char *topic, const char *event,
                              pinion_payload *payload)
{
    NEED_ALL;
    return publish(pinion__hub_of(endpoint), pinion__pubsub_broadcast, 0, topic,
                   CALL("pinion_endpoint_broadcast"), payload);
}

int pinion_endpoint_broadcast_from(pinion_endpoint *endpoint, const pinion_ref *from, const char *topic,
                                   const char *event, pinion_payload *payload)
{
    NEED_ALL;
    return publish(pinion__hub_of(endpoint), pinion__pubsub_broadcast, pinion__ref_subscriber(from), topic,
                   CALL("pinion_endpoint_broadcast_from"), payload);
}

int pinion_endpoint_broadcast_local(pinion_endpoint *endpoint, const char *topic, const char *event,
                                    pinion_payload *payload)
{
    NEED_ALL;
    return publish(pinion__hub_of(endpoint), pinion__pubsub_publish, 0, topic,
                   CALL("pinion_endpoint_broadcast_local"), payload);
}
