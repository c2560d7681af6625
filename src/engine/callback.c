#include "engine/callback.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "engine/channel.h"
#include <assert.h>

#define SLOW_NS    UINT64_C(100000000)
#define NS_IN_A_MS 1000000

static uint64_t now(const struct pinion_shard *shard)
{
    return shard->meter ? pinion__clock_ns() : pinion__clock_coarse_ns();
}

void pinion__callback_enter(struct pinion_shard *shard, struct pinion_callback *callback)
{
    assert(!shard->callback);
    assert(pinion__scheduler_on_thread(shard->scheduler));
    pinion__lock_none();
    callback->began = now(shard);
    shard->callback = callback;
}

static const char *off_loop(const struct pinion_callback *callback)
{
    if (callback->off_loop)
        return callback->off_loop;
    return callback->channel  ? "pinion_channel_work"
           : callback->socket ? "pinion_socket_work"
                              : "pinion_endpoint_work";
}

/* A slow callback is worth a warning: everybody else on the loop waited for it. */
static void log_slow(const struct pinion_callback *callback, uint64_t ms)
{
    const struct pinion_channel *channel = callback->channel;
    const char *detail = callback->detail;
    const char *whose = channel              ? "channel "
                        : callback->actor    ? "actor "
                        : callback->off_loop ? "endpoint"
                                             : "socket";
    const char *name = channel ? channel->topic->name : callback->actor ? callback->actor : "";
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "%s%s: %s%s%s%s held its loop for %llu ms: do slow work in %s",
                       whose, name, callback->name, detail ? "(" : "", detail ? detail : "",
                       detail ? ")" : "", (unsigned long long)ms, off_loop(callback));
}

static void measure(struct pinion_meter *meter, const struct pinion_callback *callback)
{
    enum pinion_callback_kind kind = callback->actor ? PINION_CALLBACK_ACTOR : callback->kind;
    pinion__histogram_note(&meter->callbacks[kind], callback->took);
}

void pinion__callback_leave(struct pinion_shard *shard)
{
    struct pinion_callback *callback = shard->callback;
    callback->took = now(shard) - callback->began;
    shard->callback = NULL;
    if (shard->meter)
        measure(shard->meter, callback);
    if (callback->took >= SLOW_NS)
        log_slow(callback, callback->took / NS_IN_A_MS);
}
