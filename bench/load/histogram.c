#include "histogram.h"
#include <math.h>
#include <string.h>

#define FINE_COUNT (1u << HISTOGRAM_FINE)
#define VALUE_MAX  ((1ull << HISTOGRAM_MAX_LOG) - 1)

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

/* Of a value the upper FINE + 1 bits count. The leading one says which group it is in, and the others the
 * place there. */
static unsigned bucket_of(uint64_t value)
{
    if (value < 2 * FINE_COUNT)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_FINE;
    return (shift << HISTOGRAM_FINE) + (unsigned)(value >> shift);
}

static uint64_t upper_end(unsigned bucket)
{
    if (bucket < 2 * FINE_COUNT)
        return bucket;
    unsigned shift = (bucket >> HISTOGRAM_FINE) - 1;
    uint64_t kept = bucket - ((uint64_t)shift << HISTOGRAM_FINE);
    return ((kept + 1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    if (value > VALUE_MAX)
        value = VALUE_MAX;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count);
    uint64_t seen = 0;
    if (histogram->count == 0)
        return 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted)
            return upper_end(i) < histogram->max ? upper_end(i) : histogram->max;
    }
    return histogram->max;
}
