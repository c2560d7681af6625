/* A histogram of times. One thread notes them; any thread reads the counts, which may then be of slightly
 * different moments. */
#ifndef PINION_BASE_HISTOGRAM_H
#define PINION_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define PINION_HISTOGRAM_BOUNDS 11

struct pinion_histogram {
    atomic_uint_fast64_t counts[PINION_HISTOGRAM_BOUNDS + 1]; /* not summed up; the last one has no bound */
    atomic_uint_fast64_t sum_ns;
};

/* A time is in the bucket of the first bound that it does not exceed. */
struct pinion_histogram_bound {
    uint64_t ns;
    const char *seconds; /* the same as text */
};
extern const struct pinion_histogram_bound pinion__histogram_bounds[PINION_HISTOGRAM_BOUNDS];

/* Most times are short, and end at the first bounds. Thread: the one that notes. */
void pinion__histogram_note(struct pinion_histogram *histogram, uint64_t ns);

/* What several histograms have together. */
struct pinion_histogram_sum {
    uint64_t counts[PINION_HISTOGRAM_BOUNDS + 1];
    uint64_t sum_ns;
};

/* Thread: any. */
void pinion__histogram_add(struct pinion_histogram_sum *sum, const struct pinion_histogram *histogram);

#endif
