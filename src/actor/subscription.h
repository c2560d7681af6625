/* An actor's subscriptions to topics. */
#ifndef PINION_ACTOR_SUBSCRIPTION_H
#define PINION_ACTOR_SUBSCRIPTION_H

#include "actor/actor.h"

/* The actor ends: drop them. */
void pinion__actor_subscriptions_release(struct pinion_actor *actor);

#endif
