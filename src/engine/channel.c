#include "engine/channel.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "engine/raw.h"
#include "engine/refused.h"
#include "engine/seen.h"
#include "proto/payload.h"
#include <assert.h>
#include <stdlib.h>

#define SLOW_CALL_MS 100

/* ---- memory ---- */

static size_t size_of(size_t join_ref_len)
{
    return offsetof(struct pinion_channel, join_ref) + join_ref_len;
}

struct pinion_channel *pinion__channel_new(struct pinion_socket *socket, const pinion_channel_def *def,
                                           struct pinion_slice topic, const struct pinion_message *join)
{
    bool null_join_ref = join->join_ref.len == 0;
    struct pinion_slice join_ref = null_join_ref ? join->ref : join->join_ref;
    struct pinion_channel *channel = pinion__pool_take(&socket->shard->pool, size_of(join_ref.len));
    if (!channel)
        return NULL;
    channel->topic = pinion__topic_hold(&socket->shard->pubsub.registry, topic);
    if (!channel->topic) {
        pinion__pool_give(&socket->shard->pool, channel, size_of(join_ref.len));
        return NULL;
    }
    channel->socket = socket;
    channel->def = def;
    channel->state = PINION_CHANNEL_JOINING;
    channel->id = socket->shard->next_subscriber_id++;
    channel->subscriber.lane = PINION_LANE_CHANNEL;
    channel->assigns = pinion__assigns_ref(socket->assigns);
    channel->null_join_ref = null_join_ref;
    channel->join_ref_len = (uint16_t)join_ref.len;
    if (join_ref.len)
        memcpy(channel->join_ref, join_ref.ptr, join_ref.len);
    channel->holds = 1;
    socket->holds++;
    pinion__socket_add_channel(socket, channel);
    PINION_COUNT(socket->shard, channels, 1);
    return channel;
}

void pinion__channel_hold(struct pinion_channel *channel)
{
    channel->holds++;
}

void pinion__channel_unhold(struct pinion_channel *channel)
{
    assert(channel->holds > 0);
    if (--channel->holds > 0)
        return;
    assert(channel->state == PINION_CHANNEL_ENDED);
    assert(!channel->extra || (channel->extra->timer_count == 0 && channel->extra->inbox_count == 0 &&
                               pinion__list_empty(&channel->extra->subscriptions)));
    pinion__assigns_unref(channel->assigns);
    pinion__topic_drop(channel->topic);
    if (channel->extra)
        pinion__seen_release(channel->extra);
    free(channel->extra);
    struct pinion_shard *shard = channel->socket->shard;
    PINION_COUNT(shard, channels, -1);
    pinion__socket_unhold(channel->socket);
    pinion__pool_give(&shard->pool, channel, size_of(channel->join_ref_len));
}

struct pinion_channel_extra *pinion__channel_extra(struct pinion_channel *channel)
{
    if (!channel->extra) {
        struct pinion_channel_extra *extra = calloc(1, sizeof *extra);
        if (!extra)
            return NULL;
        pinion__list_init(&extra->timers);
        pinion__list_init(&extra->subscriptions);
        extra->next_timer_id = 1;
        channel->extra = extra;
    }
    return channel->extra;
}

bool pinion__channel_busy(const struct pinion_channel *channel)
{
    return channel->state == PINION_CHANNEL_JOINING || (channel->extra && channel->extra->work);
}

/* ---- messages to the client ---- */

struct pinion_slice pinion__channel_topic(const struct pinion_channel *channel)
{
    return pinion__slice(channel->topic->name, channel->topic->name_len);
}

struct pinion_slice pinion__channel_join_ref(const struct pinion_channel *channel)
{
    return pinion__slice(channel->join_ref, channel->join_ref_len);
}

void pinion__channel_send_end(struct pinion_socket *socket, struct pinion_slice topic,
                              struct pinion_slice join_ref, bool error)
{
    static const char crash[] = "{\"reason\":\"channel_crash\"}";
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = join_ref,
        .ref = join_ref,
        .topic = topic,
        .event = pinion__slice_str(error ? "phx_error" : "phx_close"),
        .payload = pinion__slice_str(error ? crash : "{}"),
    };
    (void)pinion__socket_send(socket, &message);
}

/* The transport side remembers the join_ref as the client sent it, so a null one stays null here. */
static void send_end(struct pinion_channel *channel, bool error)
{
    struct pinion_slice join_ref = pinion__channel_join_ref(channel);
    if (channel->null_join_ref)
        join_ref.len = 0;
    pinion__channel_send_end(channel->socket, pinion__channel_topic(channel), join_ref, error);
}

/* ---- callbacks ---- */

void pinion__call_enter(struct pinion_shard *shard, struct pinion_call *call)
{
    assert(!shard->call);
    assert(pinion__scheduler_on_thread(shard->scheduler));
    pinion__lock_none();
    call->began = pinion__clock_coarse_ms();
    shard->call = call;
}

/* Everybody else on the loop waited. */
static void log_slow(const struct pinion_call *call, uint64_t ms)
{
    PINION_LOG_LIMITED(
        PINION_LOG_WARNING,
        "%s%s: %s%s%s%s held its loop for %llu ms: what takes long belongs into pinion_channel_work",
        call->channel ? "channel " : "socket", call->channel ? call->channel->topic->name : "",
        call->callback, call->detail ? "(" : "", call->detail ? call->detail : "", call->detail ? ")" : "",
        (unsigned long long)ms);
}

void pinion__call_leave(struct pinion_shard *shard)
{
    const struct pinion_call *call = shard->call;
    uint64_t ms = pinion__clock_coarse_ms() - call->began;
    shard->call = NULL;
    if (ms >= SLOW_CALL_MS)
        log_slow(call, ms);
}

/* ---- the end ---- */

/* Nothing of the end reaches the client. */
static bool is_unheard(pinion_reason reason)
{
    return reason == PINION_REASON_CLOSED || reason == PINION_REASON_INACTIVE ||
           reason == PINION_REASON_DUPLICATE;
}

static bool is_close(pinion_reason reason)
{
    return reason == PINION_REASON_NORMAL || reason == PINION_REASON_SHUTDOWN || reason == PINION_REASON_LEFT;
}

static void call_terminate(struct pinion_channel *channel)
{
    struct pinion_call call = { .callback = "terminate", .channel = channel };
    if (!channel->joined || !channel->def->terminate)
        return;
    pinion__call_enter(channel->socket->shard, &call);
    channel->def->terminate(channel, channel->reason);
    pinion__call_leave(channel->socket->shard);
}

/* The user's state is destroyed with shard->call set: its destructor counts as a callback too. */
static void destroy_state(struct pinion_channel *channel)
{
    struct pinion_call call = { .callback = "the state's destructor", .channel = channel };
    pinion__call_enter(channel->socket->shard, &call);
    while (channel->destroy_state) /* a destructor may set another state */
        pinion_channel_set_state(channel, NULL, NULL);
    pinion__call_leave(channel->socket->shard);
}

static void finish_end(struct pinion_channel *channel)
{
    call_terminate(channel);
    if (channel->joined && !channel->muted && !is_close(channel->reason))
        send_end(channel, true);
    channel->state = PINION_CHANNEL_ENDED;
    pinion__topic_unsubscribe(&channel->subscriber);
    if (channel->watched)
        pinion__hub_channel_ended(channel->socket->shard->hub, channel);
    pinion__info_release(channel);
    pinion__anchor_end(&channel->anchor);
    destroy_state(channel);
    pinion__channel_unhold(channel);
}

static const char *const reason_names[] = {
    [PINION_REASON_NORMAL] = "normal",     [PINION_REASON_SHUTDOWN] = "shutdown",
    [PINION_REASON_ERROR] = "error",       [PINION_REASON_CRASH] = "crash",
    [PINION_REASON_LEFT] = "left",         [PINION_REASON_CLOSED] = "closed",
    [PINION_REASON_INACTIVE] = "inactive", [PINION_REASON_DUPLICATE] = "duplicate join",
};

void pinion__channel_end(struct pinion_channel *channel, pinion_reason reason)
{
    if (channel->state >= PINION_CHANNEL_ENDING)
        return;
    if (channel->socket->mount->raw && channel->socket->state != PINION_SOCKET_ENDED) {
        pinion__raw_end(channel->socket, reason); /* which comes back here */
        return;
    }
    bool working = channel->extra && channel->extra->work;
    channel->state = PINION_CHANNEL_ENDING;
    channel->reason = reason;
    channel->muted = is_unheard(reason);
    pinion__log(PINION_LOG_DEBUG, "channel %s: ends: %s", channel->topic->name, reason_names[reason]);
    pinion__socket_remove_channel(channel->socket, channel);
    pinion__join_abandon(channel);
    pinion__work_release_done(channel);
    pinion__mail_drop_inbox(channel);
    if (channel->joined && is_close(reason))
        send_end(channel, false);
    if (channel->muted || working)
        pinion__topic_unsubscribe(&channel->subscriber);
    if (!working)
        finish_end(channel);
}

void pinion__channel_resume_end(struct pinion_channel *channel)
{
    if (channel->state == PINION_CHANNEL_ENDING)
        finish_end(channel);
}

/* ---- public ---- */

const char *pinion_channel_topic(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return channel->topic->name;
}

pinion_socket *pinion_channel_socket(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return channel->socket;
}

pinion_endpoint *pinion_channel_endpoint(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return pinion__endpoint_of(channel->socket->shard->hub);
}

void *pinion_channel_context(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return pinion__mount_context(channel->socket->mount, channel->socket->shard->hub);
}

const char *pinion_channel_transport(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return channel->socket->transport->name;
}

void pinion_channel_set_state(pinion_channel *channel, void *state, void (*destroy)(void *))
{
    PINION_NEED(channel, return );
    PINION_CHECK_ON_LOOP(channel->socket);
    void *old = channel->user_state;
    void (*destroy_old)(void *) = channel->destroy_state;
    channel->user_state = state;
    channel->destroy_state = destroy;
    if (destroy_old)
        destroy_old(old); /* last: it may look at the state, or set another */
}

void *pinion_channel_state(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return channel->user_state;
}

int pinion_assign(pinion_channel *channel, const char *key, pinion_payload *value)
{
    PINION_NEED(channel, return pinion__payload_lost(value));
    PINION_NEED(key, return pinion__payload_lost(value));
    PINION_ON_LOOP(channel->socket, return pinion__payload_lost(value));
    return pinion__assign(
        &channel->assigns, key, value,
        &(struct pinion_refused){ .call = "pinion_assign", .name = key, .channel = channel });
}

const pinion_payload *pinion_assigned(const pinion_channel *channel, const char *key)
{
    PINION_NEED(channel, return NULL);
    PINION_NEED(key, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    return pinion__assigns_get(channel->assigns, key);
}

pinion_payload *pinion_assigns(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP(channel->socket);
    pinion_payload *object = pinion__assigns_object(channel->assigns);
    PINION_PAYLOAD_HELD(object);
    return object;
}
