/* A token bucket: a rate per second on average, and a burst after a quiet time. */
#ifndef PINION_BASE_BUCKET_H
#define PINION_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is a full bucket. */
struct pinion_bucket {
    uint64_t touched;   /* ms; 0: never */
    uint64_t shortfall; /* thousandths of a token below full, at that time */
};

/* Take one token. Returns false when there is none. now_ms may repeat, but must not go back. burst is at
 * least 1. */
bool pinion__bucket_take(struct pinion_bucket *bucket, uint32_t per_second, uint32_t burst, uint64_t now_ms);

#endif
