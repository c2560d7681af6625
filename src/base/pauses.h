/* Pauses: times in which a loop did not look at its clients, because its process was stopped, its machine
 * slept, or a callback did not return. They must not count against clients, whose bytes wait in the kernel
 * meanwhile. This reads no clock: the caller passes the time. All zero: nothing counts as a pause until
 * `expected` is set. */
#ifndef PINION_BASE_PAUSES_H
#define PINION_BASE_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_PAUSE_MS   100 /* a turn that is later than this is a pause */
#define PINION_PAUSES_MAX 16  /* pauses that are remembered; older ones count as normal time */

struct pinion_pauses {
    uint64_t expected; /* when the next turn should begin at the latest, ms */
    uint64_t total;    /* time that does not count, in total, ms */
    uint64_t count;
    struct {
        uint64_t end;    /* when the loop continued */
        uint64_t before; /* the total before this pause */
    } last[PINION_PAUSES_MAX];
};

/* The loop continues. Returns true when it is late by more than PINION_PAUSE_MS. */
bool pinion__pauses_notice(struct pinion_pauses *pauses, uint64_t now);

/* Milliseconds from `then` to `now`, without the time that does not count. */
uint64_t pinion__pauses_since(const struct pinion_pauses *pauses, uint64_t then, uint64_t now);

#endif
