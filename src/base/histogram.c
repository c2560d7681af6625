#include "base/histogram.h"

const struct pinion_histogram_bound pinion__histogram_bounds[PINION_HISTOGRAM_BOUNDS] = {
    { 10000, "1e-05" },   { 50000, "5e-05" },   { 100000, "0.0001" },  { 500000, "0.0005" },
    { 1000000, "0.001" }, { 5000000, "0.005" }, { 10000000, "0.01" },  { 50000000, "0.05" },
    { 100000000, "0.1" }, { 500000000, "0.5" }, { 1000000000, "1.0" },
};

static void add(atomic_uint_fast64_t *count, uint64_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

void pinion__histogram_note(struct pinion_histogram *histogram, uint64_t ns)
{
    unsigned i = 0;
    while (i < PINION_HISTOGRAM_BOUNDS && ns > pinion__histogram_bounds[i].ns)
        i++;
    add(&histogram->counts[i], 1);
    add(&histogram->sum_ns, ns);
}

void pinion__histogram_add(struct pinion_histogram_sum *sum, const struct pinion_histogram *histogram)
{
    for (unsigned i = 0; i <= PINION_HISTOGRAM_BOUNDS; i++)
        sum->counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    sum->sum_ns += atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
}
