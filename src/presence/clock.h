/* A clock: which operations of a replica are known. Operations are numbered from 1, and may arrive in any
 * order. Known are all up to `base`, and some ranges above it. This is the causal context of one replica: its
 * entry in a version vector, and its part of the cloud of dots that are not contiguous yet. */
#ifndef PINION_PRESENCE_CLOCK_H
#define PINION_PRESENCE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PINION_PRESENCE_CLOCK_MAX (UINT64_MAX / 4) /* the largest number; sums of two do not overflow */

/* All numbers from first to last, both included. */
struct pinion_presence_range {
    uint64_t first;
    uint64_t last;
};

/* All zero knows nothing. The ranges are ascending. At least one number is missing before the first range,
 * and between any two. */
struct pinion_presence_clock {
    uint64_t base;
    struct pinion_presence_range *ranges;
    size_t count;
    size_t capacity;
};

/* Free the memory. The clock knows nothing afterwards. */
void pinion__presence_clock_release(struct pinion_presence_clock *clock);

/* Is this number known? */
bool pinion__presence_clock_has(const struct pinion_presence_clock *clock, uint64_t number);

/* Are all numbers from first to last known? True when last < first. */
bool pinion__presence_clock_has_all(const struct pinion_presence_clock *clock, uint64_t first, uint64_t last);

/* Add the numbers from first to last: at least 1, at most PINION_PRESENCE_CLOCK_MAX; none when last < first.
 * PINION_ENOMEM: nothing changed; this cannot happen if the range begins at base + 1 or below. Cost: constant
 * for numbers in order, otherwise logarithmic, plus moving the ranges above. */
int pinion__presence_clock_add(struct pinion_presence_clock *clock, uint64_t first, uint64_t last);

#endif
