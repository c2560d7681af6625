/* Numbers for property tests: the same run every time, so that a failure can be repeated (xorshift64*). */
#ifndef PINION_TESTS_RANDOM_H
#define PINION_TESTS_RANDOM_H

#include <stdint.h>

struct random_source {
    uint64_t state; /* never 0 */
};

static inline uint64_t random_next(struct random_source *source)
{
    source->state ^= source->state >> 12;
    source->state ^= source->state << 25;
    source->state ^= source->state >> 27;
    return source->state * UINT64_C(2685821657736338717);
}

/* One of 0 … limit - 1. */
static inline uint64_t random_below(struct random_source *source, uint64_t limit)
{
    return (random_next(source) >> 11) % limit;
}

#endif
