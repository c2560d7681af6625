/* A token bucket: so many a second on average, and so many at once after a quiet time. */
#ifndef PINION_BASE_BUCKET_H
#define PINION_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is a full one. */
struct pinion_bucket {
    uint64_t touched;   /* ms; 0: never */
    uint64_t shortfall; /* thousandths of a token below full, at that time */
};

/* Take one token. False: there is none. Time may stand still, and never goes back. burst is at least 1. */
bool pinion__bucket_take(struct pinion_bucket *bucket, uint32_t per_second, uint32_t burst, uint64_t now_ms);

#endif
