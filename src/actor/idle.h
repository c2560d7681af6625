/* The end of an actor that nobody needs (idle_ms). A timer looks; messages only note the time, so a busy
 * actor moves no timer. While it monitors somebody, no timer is set. */
#ifndef PINION_ACTOR_IDLE_H
#define PINION_ACTOR_IDLE_H

#include "actor/actor.h"

/* The actor has begun, or monitors nobody any more: look after idle_ms. */
void pinion__actor_idle_start(struct pinion_actor *actor);

/* It monitors somebody, or ends: look no more. */
void pinion__actor_idle_stop(struct pinion_actor *actor);

/* Somebody needs it. */
static inline void pinion__actor_touch(struct pinion_actor *actor)
{
    if (actor->def->idle_ms)
        actor->touched = pinion__scheduler_roughly(actor->scheduler);
}

#endif
