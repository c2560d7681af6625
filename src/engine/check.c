/* See check.h. */
#include "engine/check.h"
#include "engine/channel_subscription.h"
#include "engine/lane.h"
#include "engine/mail.h"
#include "engine/socket_channels.h"
#include "engine/subscription.h"
#include "engine/sweep.h"
#include "pubsub/check.h"

/* ---- channels ---- */

static const char *subscriptions_check(const struct pinion_channel *channel)
{
    const char *wrong = pinion__list_check(&channel->extra->subscriptions, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &channel->extra->subscriptions) {
        const struct pinion_channel_subscription *subscription =
            PINION_CONTAINER_OF(node, struct pinion_channel_subscription, node);
        if (subscription->channel != channel || subscription->subscriber.lane != PINION_LANE_INFO)
            return "a channel has a subscription of another channel";
    }
    return NULL;
}

static const char *inbox_check(const struct pinion_channel *channel)
{
    const struct pinion_channel_extra *extra = channel->extra;
    size_t count, bytes = 0;
    const char *wrong = pinion__task_queue_check(&extra->inbox, &count);
    if (wrong)
        return wrong;
    for (const struct pinion_task *task = extra->inbox.head; task; task = task->next) {
        const struct pinion_mail *mail = PINION_CONTAINER_OF(task, const struct pinion_mail, task);
        if (mail->channel != channel)
            return "a channel has mail of another channel in its inbox";
        bytes += mail->bytes;
    }
    if (count != extra->inbox_count)
        return "a channel has counted the mail in its inbox wrong";
    if (count > 0 && !pinion__channel_busy(channel))
        return "a channel is not busy, and has mail in its inbox";
    return bytes <= extra->inbox_bytes ? NULL : "a channel's inbox has more bytes than it has counted";
}

static const char *extra_check(const struct pinion_channel *channel)
{
    size_t timers;
    const char *wrong = pinion__list_check(&channel->extra->timers.list, &timers);
    if (!wrong && timers != channel->extra->timers.count)
        wrong = "a channel has counted its timers wrong";
    if (!wrong)
        wrong = inbox_check(channel);
    return wrong ? wrong : subscriptions_check(channel);
}

const char *pinion__channel_check(const struct pinion_channel *channel)
{
    if (channel->holds == 0)
        return "nobody holds a channel that is in use";
    if (channel->state == PINION_CHANNEL_ENDED)
        return "a socket still has a channel that has ended";
    if (!channel->topic || channel->topic->holds == 0)
        return "a channel does not hold its topic";
    return channel->extra ? extra_check(channel) : NULL;
}

/* ---- sockets ---- */

static const char *bucket_check(const struct pinion_socket *socket, uint32_t bucket, uint32_t *count)
{
    const struct pinion_channel *channel = pinion__socket_bucket(socket, bucket);
    for (; channel; channel = channel->next) {
        if (++*count > socket->channel_count)
            return "a socket has more channels than it has counted, or a ring of them";
        if (channel->socket != socket)
            return "a socket has a channel of another socket";
        const char *wrong = pinion__channel_check(channel);
        if (wrong)
            return wrong;
        if ((channel->topic->node.hash & (pinion__socket_buckets(socket) - 1)) != bucket)
            return "a channel is in a bucket where its socket does not look for it";
    }
    return NULL;
}

static const char *channels_check(const struct pinion_socket *socket)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pinion__socket_buckets(socket); i++) {
        const char *wrong = bucket_check(socket, i, &count);
        if (wrong)
            return wrong;
    }
    return count == socket->channel_count ? NULL : "a socket has fewer channels than it has counted";
}

const char *pinion__socket_check(const struct pinion_socket *socket)
{
    if (socket->holds <= socket->channel_count)
        return "a socket has fewer holds than its channels and its transport have";
    if (socket->state == PINION_SOCKET_ENDED || !socket->conn)
        return "a socket that has ended is still in its sweep";
    return channels_check(socket);
}

/* ---- a shard ---- */

const char *pinion__sweep_check(const struct pinion_sweep *sweep)
{
    size_t count;
    const char *wrong = pinion__list_check(&sweep->sockets, &count);
    if (wrong)
        return wrong;
    if (count != sweep->count)
        return "a sweep has counted its sockets wrong";
    if (count > 0 && sweep->timeout_ms != PINION_NEVER && !pinion__timer_active(&sweep->timer))
        return "a sweep has sockets, but its timer is not set";
    PINION_LIST_FOREACH (node, &sweep->sockets) {
        const struct pinion_socket *socket = PINION_CONTAINER_OF(node, struct pinion_socket, node);
        if (socket->shard != sweep->shard)
            return "a socket is in the sweep of another loop";
        wrong = pinion__socket_check(socket);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *sweeps_check(const struct pinion_shard *shard)
{
    size_t sockets = 0;
    for (const struct pinion_sweep *sweep = shard->sweeps; sweep; sweep = sweep->next) {
        const char *wrong = pinion__sweep_check(sweep);
        if (wrong)
            return wrong;
        sockets += sweep->count;
    }
    return sockets <= atomic_load(&shard->counters.sockets) ? NULL
                                                            : "a loop has more sockets than it has counted";
}

const char *pinion__shard_check(struct pinion_shard *shard)
{
    const char *wrong = pinion__scheduler_check(shard->scheduler);
    if (!wrong)
        wrong = pinion__pool_check(&shard->pool);
    if (!wrong)
        wrong = pinion__stock_check(&shard->stock);
    if (!wrong)
        wrong = pinion__pubsub_loop_check(&shard->hub->pubsub, &shard->pubsub);
    if (!wrong)
        wrong = sweeps_check(shard);
    if (!wrong)
        wrong = pinion__turns_check(&shard->turns);
    if (!wrong)
        wrong = pinion__list_check(&shard->subscriptions, NULL);
    if (!wrong)
        wrong = pinion__list_check(&shard->timers, NULL);
    if (!wrong && shard->callback)
        wrong = "a callback that has returned still counts as running";
    return wrong ? wrong : pinion__interest_check(&shard->hub->pubsub.interest);
}
