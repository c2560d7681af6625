#include "engine/channel_subscription.h"
#include "engine/lane.h"
#include "engine/refused.h"
#include "proto/utf8.h"
#include <stdlib.h>

static struct pinion_channel_subscription *find(const struct pinion_channel *channel, const char *topic)
{
    if (!channel->extra)
        return NULL;
    PINION_LIST_FOREACH (node, &channel->extra->subscriptions) {
        struct pinion_channel_subscription *subscription =
            PINION_CONTAINER_OF(node, struct pinion_channel_subscription, node);
        if (strcmp(subscription->subscriber.topic->name, topic) == 0)
            return subscription;
    }
    return NULL;
}

static void subscription_remove(struct pinion_channel_subscription *subscription)
{
    pinion__topic_unsubscribe(&subscription->subscriber);
    pinion__list_remove(&subscription->node);
    free(subscription);
}

static int check_topic(const struct pinion_channel *channel, struct pinion_slice topic)
{
    if (topic.len > PINION_NAME_MAX)
        return PINION_ETOOBIG;
    if (!pinion__utf8_name(topic.ptr, topic.len))
        return PINION_EUTF8;
    return channel->state >= PINION_CHANNEL_ENDING ? PINION_ECLOSED : 0;
}

static int subscribe_to(struct pinion_channel *channel, const char *topic)
{
    struct pinion_slice name = pinion__slice_str(topic);
    int refused = check_topic(channel, name);
    if (refused)
        return pinion__refuse(
            &(struct pinion_refused){ .call = "pinion_subscribe", .name = topic, .channel = channel },
            refused);
    if (find(channel, topic))
        return 0;
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_channel_subscription *subscription = extra ? calloc(1, sizeof *subscription) : NULL;
    if (!subscription)
        return PINION_ENOMEM;
    subscription->subscriber.lane = PINION_LANE_INFO;
    subscription->channel = channel;
    int rc =
        pinion__registry_subscribe(&channel->socket->shard->pubsub.registry, name, &subscription->subscriber);
    if (rc) {
        free(subscription);
        return rc;
    }
    pinion__list_append(&extra->subscriptions, &subscription->node);
    return 0;
}

int pinion_subscribe(pinion_channel *channel, const char *topic)
{
    PINION_NEEDED(channel);
    PINION_NEEDED(topic);
    PINION_ON_LOOP_OF(channel, return PINION_EINVAL);
    PINION_RETURN(subscribe_to(channel, topic));
}

void pinion_unsubscribe(pinion_channel *channel, const char *topic)
{
    PINION_NEED(channel, return );
    PINION_NEED(topic, return );
    PINION_CHECK_ON_LOOP_OF(channel);
    struct pinion_channel_subscription *subscription = find(channel, topic);
    if (subscription)
        subscription_remove(subscription);
}

void pinion__channel_subscriptions_release(struct pinion_channel *channel)
{
    if (!channel->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &channel->extra->subscriptions) {
        subscription_remove(PINION_CONTAINER_OF(node, struct pinion_channel_subscription, node));
    }
}
