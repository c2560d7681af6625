/* Which loop a thread runs, as the engine sees it. */
#ifndef PINION_ENGINE_HERE_H
#define PINION_ENGINE_HERE_H

#include "engine/hub.h"

/* The shard of the calling thread's loop if it is one of this endpoint's, or NULL. */
struct pinion_shard *pinion__hub_here(struct pinion_hub *hub);

/* True on the thread of the loop whose scheduler this is. */
bool pinion__scheduler_is_here(const struct pinion_scheduler *scheduler);

/* The shard whose loop this thread runs; NULL: none. */
struct pinion_shard *pinion__shard_bound(void);

/* This thread runs the shard's loop from now on (NULL: none). */
void pinion__shard_bind(struct pinion_shard *shard);

#endif
