/* Times fall into buckets: at a bound, one past it, and beyond the last one. */
#include "base/histogram.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_histogram histogram;

static struct pinion_histogram_sum sum(void)
{
    struct pinion_histogram_sum all = { .sum_ns = 0 };
    pinion__histogram_add(&all, &histogram);
    return all;
}

static void a_bound_belongs_to_its_bucket(void **state)
{
    for (unsigned i = 0; i < PINION_HISTOGRAM_BOUNDS; i++) {
        memset(&histogram, 0, sizeof histogram);
        pinion__histogram_note(&histogram, pinion__histogram_bounds[i].ns);
        pinion__histogram_note(&histogram, pinion__histogram_bounds[i].ns + 1);
        assert_int_equal(sum().counts[i], 1);
        assert_int_equal(sum().counts[i + 1], 1);
        assert_int_equal(sum().sum_ns, 2 * pinion__histogram_bounds[i].ns + 1);
    }
}

static void bounds_grow_and_have_their_texts(void **state)
{
    for (unsigned i = 0; i < PINION_HISTOGRAM_BOUNDS; i++) {
        double seconds = strtod(pinion__histogram_bounds[i].seconds, NULL);
        assert_int_equal((uint64_t)(seconds * 1e9 + 0.5), pinion__histogram_bounds[i].ns);
        assert_true(i == 0 || pinion__histogram_bounds[i].ns > pinion__histogram_bounds[i - 1].ns);
    }
}

static void histograms_are_added(void **state)
{
    struct pinion_histogram_sum all = { .sum_ns = 0 };
    memset(&histogram, 0, sizeof histogram);
    pinion__histogram_note(&histogram, 0);
    pinion__histogram_add(&all, &histogram);
    pinion__histogram_add(&all, &histogram);
    assert_int_equal(all.counts[0], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(bounds_grow_and_have_their_texts),
        cmocka_unit_test(histograms_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
