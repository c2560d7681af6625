/* Which loops have subscribers of a topic: what a publisher asks before it posts. Shared by all loops, in
 * stripes of a lock each; touched when a topic gets its first or loses its last subscriber on a loop, and
 * once per publish.
 */
#ifndef PINION_PUBSUB_INTEREST_H
#define PINION_PUBSUB_INTEREST_H

#include "base/map.h"
#include <pthread.h>

#define PINION_LOOPS_MAX        64
#define PINION_INTEREST_STRIPES 64

struct pinion_interest {
    struct {
        pthread_mutex_t lock;
        struct pinion_map topics; /* under lock */
    } stripes[PINION_INTEREST_STRIPES];
};

int pinion__interest_init(struct pinion_interest *interest);
void pinion__interest_release(struct pinion_interest *interest);

/* Note that a loop has, or no longer has, subscribers of the topic. `hash` is pinion__hash(name). Only
 * turning on can fail, with PINION_ENOMEM. Thread: any. */
int pinion__interest_set(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                         unsigned loop, bool on);

/* A bit per loop that has subscribers. Thread: any. */
uint64_t pinion__interest_get(struct pinion_interest *interest, struct pinion_slice name);

#endif
