/* How often which duration occurred, in buckets less than 1 % wide: exact up to 255, from there on 128
 * buckets for each power of two. What it says of a percentile is the upper end of a bucket, so never too
 * little. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FINE    7  /* 2^7 buckets for each power of two */
#define HISTOGRAM_MAX_LOG 41 /* longer than 2^41 ns, half an hour, counts as that */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_MAX_LOG - HISTOGRAM_FINE + 1) << HISTOGRAM_FINE)

struct histogram {
    uint64_t count;
    uint64_t max; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_record(struct histogram *histogram, uint64_t value);

/* The least value that `share` (0 to 1) of those recorded do not exceed; 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
