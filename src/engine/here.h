/* Which loop the calling thread runs. */
#ifndef PINION_ENGINE_HERE_H
#define PINION_ENGINE_HERE_H

#include "engine/hub.h"

/* The shard of the calling thread's loop. NULL when the thread runs no loop of this endpoint. */
struct pinion_shard *pinion__hub_here(struct pinion_hub *hub);

/* True on the thread of the loop whose scheduler this is. */
bool pinion__scheduler_is_here(const struct pinion_scheduler *scheduler);

/* The shard whose loop this thread runs, of whatever endpoint; NULL: it runs no loop. */
struct pinion_shard *pinion__shard_bound(void);

/* This thread runs the shard's loop from now on (NULL: it runs no loop). */
void pinion__shard_bind(struct pinion_shard *shard);

#endif
