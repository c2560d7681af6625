/* Which of a replica's operations are known. They are numbered from 1, and may arrive in any order: known are
 * all up to `base`, and ranges above it. This is a causal context of one replica: its entry in a version
 * vector, and its part of the cloud of dots that are not yet contiguous.
 */
#ifndef PINION_PRESENCE_CLOCK_H
#define PINION_PRESENCE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PINION_PRESENCE_CLOCK_MAX (UINT64_MAX / 4) /* no number is larger: sums of two do not overflow */

/* All from first to last, both known. */
struct pinion_presence_range {
    uint64_t first;
    uint64_t last;
};

/* All zero knows nothing. The ranges are ascending, and between two of them, and before the first, at least
 * one number is missing. */
struct pinion_presence_clock {
    uint64_t base;
    struct pinion_presence_range *ranges;
    size_t count;
    size_t capacity;
};

/* Free the memory; the clock then knows nothing. */
void pinion__presence_clock_release(struct pinion_presence_clock *clock);

/* Is the number known? */
bool pinion__presence_clock_has(const struct pinion_presence_clock *clock, uint64_t number);

/* Are all from first to last known? True when last < first. */
bool pinion__presence_clock_has_all(const struct pinion_presence_clock *clock, uint64_t first, uint64_t last);

/* Know all from first to last: 1 or more, to PINION_PRESENCE_CLOCK_MAX. None when last < first.
 * PINION_ENOMEM: nothing changed; this cannot happen where the range begins at base + 1 or below. Cost: what
 * comes in order is constant; else logarithmic, and moving the ranges above. */
int pinion__presence_clock_add(struct pinion_presence_clock *clock, uint64_t first, uint64_t last);

#endif
