/* The checkers of this layer (base/check.h). */
#ifndef PINION_ACTOR_CHECK_H
#define PINION_ACTOR_CHECK_H

#include "actor/actors.h"
#include "base/check.h"

#ifdef PINION_CHECKS

struct pinion_actor;

const char *pinion__actor_check(const struct pinion_actor *actor);

/* Check the actors of a loop, and the channels that actors monitor there. Call it between two turns or two
 * tasks. */
const char *pinion__actors_check(const struct pinion_shard *shard);

#endif

#endif
