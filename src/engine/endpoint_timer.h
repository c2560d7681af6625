/* Timers that belong to no channel. Any thread sets and cancels them. Each fires on the loop it was set for.
 *
 *   SET --posted to its loop--> STARTED --due, or its loop ends--> its function runs
 *     `------------------------------`--------cancelled-----------> it does not
 *
 * A table of them by id is the truth, under a lock: whoever takes a timer out of the table decides what
 * becomes of it. The rest (the wheel, the loop's list) belongs to the loop. */
#ifndef PINION_ENGINE_ENDPOINT_TIMER_H
#define PINION_ENGINE_ENDPOINT_TIMER_H

#include "base/lock.h"
#include "base/map.h"

struct pinion_shard;

struct pinion_endpoint_timers {
    struct pinion_lock lock;
    struct pinion_map map; /* by id */
    size_t max;
    uint64_t next_id;
};

/* PINION_ENOMEM. */
int pinion__endpoint_timers_init(struct pinion_endpoint_timers *timers);
void pinion__endpoint_timers_release(struct pinion_endpoint_timers *timers);

/* This loop ends: the functions of its timers run now, with PINION_ECLOSED. Thread: the loop's. */
void pinion__endpoint_timers_end(struct pinion_shard *shard);

#endif
