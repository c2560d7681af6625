/* Counts how often each duration occurred, in buckets less than 1 % wide: exact up to 255, then 128 buckets
 * for each power of two. A percentile is the upper end of a bucket, so it is never too small. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FINE    7  /* 2^7 buckets for each power of two */
#define HISTOGRAM_MAX_LOG 41 /* a longer time than 2^41 ns (half an hour) counts as 2^41 ns */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_MAX_LOG - HISTOGRAM_FINE + 1) << HISTOGRAM_FINE)

struct histogram {
    uint64_t count;
    uint64_t max; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_record(struct histogram *histogram, uint64_t value);

/* The least value that a `share` (0 to 1) of the recorded ones do not exceed; 0 when nothing was recorded. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
