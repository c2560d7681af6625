/* An actor's timers: each puts mail into its queue when it is due. */
#ifndef PINION_ACTOR_TIMER_H
#define PINION_ACTOR_TIMER_H

#include "actor/actor.h"

/* The actor ends: stop its timers. */
void pinion__actor_timers_release(struct pinion_actor *actor);

#endif
