/* A channel's subscriptions to other topics than its own (pinion_subscribe). */
#ifndef PINION_ENGINE_CHANNEL_SUBSCRIPTION_H
#define PINION_ENGINE_CHANNEL_SUBSCRIPTION_H

#include "engine/channel.h"

struct pinion_channel_subscription {
    struct pinion_subscriber subscriber;
    struct pinion_list node; /* in extra->subscriptions */
    struct pinion_channel *channel;
};

/* The channel ends: drop them. */
void pinion__channel_subscriptions_release(struct pinion_channel *channel);

#endif
