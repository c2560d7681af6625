#include "engine/channel_end.h"
#include "base/log.h"
#include "engine/callback.h"
#include "engine/channel_subscription.h"
#include "engine/channel_timer.h"
#include "engine/extension.h"
#include "engine/late_join.h"
#include "engine/mail.h"
#include "engine/reply.h"
#include "engine/socket_channels.h"
#include "engine/telemetry.h"
#include "engine/work.h"

/* The client is told nothing of such an end. */
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
    struct pinion_callback callback = { .name = "terminate",
                                        .kind = PINION_CALLBACK_TERMINATE,
                                        .channel = channel };
    if (!channel->joined || !channel->def->terminate)
        return;
    pinion__callback_enter(channel->socket->shard, &callback);
    channel->def->terminate(channel, (pinion_reason)channel->reason);
    pinion__callback_leave(channel->socket->shard);
    if (channel->socket->shard->hub->telemetry)
        pinion__telemetry_tell(&callback, channel->socket,
                               pinion__reason_name((pinion_reason)channel->reason));
}

/* The destructor of the user's state counts as a callback too. */
static void destroy_state(struct pinion_channel *channel)
{
    struct pinion_callback callback = { .name = "the state's destructor", .channel = channel };
    pinion__callback_enter(channel->socket->shard, &callback);
    while (channel->destroy_state) /* a destructor may set another state */
        pinion_channel_set_state(channel, NULL, NULL);
    pinion__callback_leave(channel->socket->shard);
}

/* Clients compare the join_ref with the one they sent, so a null one stays null here. */
static void send_end(struct pinion_channel *channel, bool error)
{
    struct pinion_slice join_ref = pinion__channel_join_ref(channel);
    if (channel->null_join_ref)
        join_ref.len = 0;
    pinion__channel_send_end(channel->socket, pinion__channel_topic(channel), join_ref, error);
}

static void finish_end(struct pinion_channel *channel)
{
    call_terminate(channel);
    if (channel->joined && !channel->muted && !is_close((pinion_reason)channel->reason))
        send_end(channel, true);
    channel->state = PINION_CHANNEL_ENDED;
    pinion__topic_unsubscribe(&channel->subscriber);
    if (channel->watched)
        pinion__extensions_channel_ended(channel->socket->shard->hub, channel);
    pinion__channel_timers_release(channel);
    pinion__channel_subscriptions_release(channel);
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

const char *pinion__reason_name(pinion_reason reason)
{
    return reason_names[reason];
}

void pinion__channel_end(struct pinion_channel *channel, pinion_reason reason)
{
    if (channel->state >= PINION_CHANNEL_ENDING)
        return;
    const struct pinion_socket_kind *kind = channel->socket->class->mount->kind;
    if (kind->end_with && channel->socket->state != PINION_SOCKET_ENDED) {
        kind->end_with(channel->socket, reason); /* the end of the socket comes back here */
        return;
    }
    bool working = channel->extra && channel->extra->work;
    channel->state = PINION_CHANNEL_ENDING;
    channel->reason = (uint8_t)reason;
    channel->muted = is_unheard(reason);
    pinion__log(PINION_LOG_DEBUG, "channel %s: ends: %s", channel->topic->name, pinion__reason_name(reason));
    pinion__socket_remove_channel(channel->socket, channel);
    pinion__late_join_abandon(channel);
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

void pinion__channels_end(struct pinion_socket *socket)
{
    for (uint32_t i = 0; i < pinion__socket_buckets(socket); i++) {
        struct pinion_channel *channel;
        while ((channel = pinion__socket_bucket(socket, i)))
            pinion__channel_end(channel, (pinion_reason)socket->reason);
    }
}
