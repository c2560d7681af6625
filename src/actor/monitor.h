/* Monitors: an actor hears when a channel ends.
 *
 *   made --begins on the channel's loop--> watching --the channel ends--> down --on the actor's loop--> over
 *     `--the channel has ended already-------------------------------------'
 *
 * The actor's loop and the channel's loop each hold a reference until their part is over. On the channel's
 * loop a map by the channel's id leads to its monitors. Only the actor's loop decides whether "down" is
 * heard. */
#ifndef PINION_ACTOR_MONITOR_H
#define PINION_ACTOR_MONITOR_H

#include "actor/actor.h"

struct pinion_channel;

void pinion__monitors_init(struct pinion_actors_loop *loop);

/* A channel has ended. Thread: its loop's. */
void pinion__monitors_channel_ended(const struct pinion_channel *channel);

/* The actor ends: it hears nothing any more. */
void pinion__actor_monitors_release(struct pinion_actor *actor);

#endif
