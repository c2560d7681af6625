#include "engine/callback.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "engine/channel.h"
#include <assert.h>

#define SLOW_MS 100

void pinion__callback_enter(struct pinion_shard *shard, struct pinion_callback *callback)
{
    assert(!shard->callback);
    assert(pinion__scheduler_on_thread(shard->scheduler));
    pinion__lock_none();
    callback->began = pinion__clock_coarse_ms();
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

void pinion__callback_leave(struct pinion_shard *shard)
{
    const struct pinion_callback *callback = shard->callback;
    uint64_t ms = pinion__clock_coarse_ms() - callback->began;
    shard->callback = NULL;
    if (ms >= SLOW_MS)
        log_slow(callback, ms);
}
