#include "engine/promise.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/channel.h"
#include "engine/socket_extra.h"
#include "engine/who.h"
#include <stdlib.h>

struct pinion_promise {
    struct pinion_task task; /* posted when the promise is broken */
    atomic_size_t refs;
    atomic_bool claimed; /* somebody has answered */
    bool promised;       /* the callback returned pinion_later(); written while it holds a reference */
    struct pinion_scheduler *scheduler; /* referenced */
    struct pinion_anchor *channel;      /* NULL in a connect */
    struct pinion_anchor *socket;
    pinion_answer_fn *answer; /* takes the answer to a join or a connect; NULL for a message */
    char event[];             /* the message's event, or "" */
};

/* ---- life ---- */

static void release(struct pinion_promise *promise)
{
    pinion__anchor_unref(promise->channel);
    pinion__anchor_unref(promise->socket);
    if (promise->scheduler)
        pinion__scheduler_unref(promise->scheduler);
    free(promise);
}

static bool has_anchors(const struct pinion_promise *promise, const struct pinion_callback *callback)
{
    return promise->socket && (promise->channel || !callback->channel);
}

static struct pinion_promise *promise_new(struct pinion_socket *socket,
                                          const struct pinion_callback *callback)
{
    size_t len = callback->detail ? strlen(callback->detail) : 0;
    struct pinion_promise *promise = calloc(1, sizeof *promise + len + 1);
    if (!promise)
        return NULL;
    atomic_init(&promise->refs, 1);
    atomic_init(&promise->claimed, false);
    promise->scheduler = pinion__scheduler_ref(socket->shard->scheduler);
    promise->socket = pinion__socket_anchor(socket);
    if (callback->channel)
        promise->channel = pinion__channel_anchor(callback->channel);
    promise->answer = callback->answer;
    memcpy(promise->event, callback->detail ? callback->detail : "", len + 1);
    if (has_anchors(promise, callback))
        return promise;
    release(promise);
    return NULL;
}

struct pinion_promise *pinion__promise_get(struct pinion_socket *socket, struct pinion_callback *callback)
{
    if (!callback->answer && !callback->message)
        return NULL;
    if (!callback->promise)
        callback->promise = promise_new(socket, callback);
    if (callback->promise)
        atomic_fetch_add_explicit(&callback->promise->refs, 1, memory_order_relaxed);
    return callback->promise;
}

/* ---- answers ---- */

pinion_answer_fn *pinion__promise_taker(const struct pinion_promise *promise)
{
    return promise ? promise->answer : NULL;
}

bool pinion__promise_owed(const struct pinion_promise *promise)
{
    return promise && promise->promised;
}

bool pinion__promise_claim(struct pinion_promise *promise)
{
    return !promise || !atomic_exchange_explicit(&promise->claimed, true, memory_order_acq_rel);
}

void pinion__promise_unclaim(struct pinion_promise *promise)
{
    if (promise)
        atomic_store_explicit(&promise->claimed, false, memory_order_release);
}

/* ---- broken ones ---- */

#define HELP "make a ref in the callback and answer with it, or begin work there and answer in its done"

void pinion__promise_log_broken(const struct pinion_socket *socket, const struct pinion_channel *channel,
                                const char *callback, const char *event)
{
    bool named = event && event[0];
    PINION_LOG_LIMITED(
        PINION_LOG_WARNING,
        "%s %s: %s%s%s%s returned pinion_later(), and nobody is left who could answer: " HELP " (%s)",
        channel ? "channel" : "socket", channel ? channel->topic->name : socket->class->mount->path, callback,
        named ? "(" : "", named ? event : "", named ? ")" : "", PINION_WHO_OF(socket));
}

/* A join or a connect is refused, since the client's whole socket waits for it. A message gets no reply: its
 * client stops waiting after a while. */
static void run_broken(struct pinion_task *task)
{
    struct pinion_promise *promise = PINION_CONTAINER_OF(task, struct pinion_promise, task);
    struct pinion_socket *socket = promise->socket->target;
    struct pinion_channel *channel = promise->channel ? promise->channel->target : NULL;
    if (channel) {
        pinion__promise_log_broken(channel->socket, channel, promise->answer ? "join" : "handle_in",
                                   promise->event);
        if (promise->answer)
            promise->answer(channel, pinion_crash());
    } else if (!promise->channel && socket) {
        pinion__promise_log_broken(socket, NULL, "connect", NULL);
        promise->answer(socket, pinion_crash());
    }
    release(promise);
}

void pinion__promise_unref(struct pinion_promise *promise)
{
    if (!promise || atomic_fetch_sub_explicit(&promise->refs, 1, memory_order_acq_rel) > 1)
        return;
    bool broken = promise->promised && !atomic_load_explicit(&promise->claimed, memory_order_acquire);
    promise->task.run = run_broken;
    if (!broken || pinion__scheduler_post(promise->scheduler, &promise->task, 0) != 0)
        release(promise);
}

/* ---- when the callback has returned ---- */

static void drop_reply(const struct pinion_callback *callback, pinion_result *result)
{
    PINION_LOG_LIMITED(PINION_LOG_WARNING,
                       "channel %s: %s(%s) returned a reply, but its message has had one: dropped (%s)",
                       callback->channel->topic->name, callback->name,
                       callback->detail ? callback->detail : "", PINION_WHO_OF(callback->channel->socket));
    pinion_payload_unref(result->payload);
    result->payload = NULL;
    result->kind = result->kind == PINION_RESULT_REPLY ? PINION_RESULT_NOREPLY : PINION_RESULT_STOP;
}

static bool ends_the_wait(const pinion_result *result)
{
    return result->kind != PINION_RESULT_LATER && result->kind != PINION_RESULT_NOREPLY;
}

bool pinion__promise_settle(struct pinion_callback *callback, pinion_result *result)
{
    struct pinion_promise *promise = callback->promise;
    bool replies = result->kind == PINION_RESULT_REPLY || result->kind == PINION_RESULT_STOP_REPLY;
    bool later = result->kind == PINION_RESULT_LATER;
    if (!promise)
        return !later;
    callback->promise = NULL;
    if (ends_the_wait(result) && !pinion__promise_claim(promise) && replies && callback->message)
        drop_reply(callback, result);
    promise->promised = promise->promised || later;
    pinion__promise_unref(promise);
    return true;
}
