/* Subscriptions that do not belong to a channel (pinion_endpoint_subscribe). They live on the endpoint's
 * first loop. */
#ifndef PINION_ENGINE_SUBSCRIPTION_H
#define PINION_ENGINE_SUBSCRIPTION_H

#include "engine/hub.h"

/* Queue a call of the subscriber's function. PINION_ENOMEM. */
int pinion__subscription_deliver(struct pinion_subscriber *subscriber, struct pinion_broadcast *broadcast);

/* The loop stops: end all subscriptions of the shard. The user's handles stay valid. */
void pinion__subscription_end_all(struct pinion_shard *shard);

#endif
