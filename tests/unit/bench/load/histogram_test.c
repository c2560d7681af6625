/* The histogram, compared with the sorted values themselves. */
#include "helpers/random.h"
#include "histogram.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define VALUES 20000

static struct histogram histogram;

static int clear(void **state)
{
    histogram_clear(&histogram);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Never below the true one, and less than 1 % above it. */
static void check_percentile(const uint64_t *sorted, double share)
{
    uint64_t index = (uint64_t)ceil(share * VALUES);
    uint64_t truth = sorted[index > 0 ? index - 1 : 0];
    uint64_t said = histogram_percentile(&histogram, share);
    assert_true(said >= truth);
    assert_true(said <= truth + truth / 100);
}

static void percentiles_are_less_than_a_hundredth_too_high(void **state)
{
    static uint64_t values[VALUES];
    struct random_source random = { 11 };
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = random_next(&random) >> (24 + random_below(&random, 40));
        histogram_record(&histogram, values[i]);
    }
    qsort(values, VALUES, sizeof *values, by_value);
    for (double share = 0; share <= 1; share += 0.001)
        check_percentile(values, share);
    check_percentile(values, 0.9999);
    assert_int_equal(histogram_percentile(&histogram, 1), values[VALUES - 1]);
    assert_int_equal(histogram.max, values[VALUES - 1]);
    assert_int_equal(histogram.count, VALUES);
}

static void small_values_are_exact(void **state)
{
    for (uint64_t value = 0; value < 256; value++) {
        histogram_clear(&histogram);
        histogram_record(&histogram, value);
        histogram_record(&histogram, 1000);
        assert_int_equal(histogram_percentile(&histogram, 0.5), value);
    }
}

/* Around every power of two, where a value changes its group of buckets. */
static void groups_of_buckets_meet(void **state)
{
    for (unsigned bit = 8; bit < HISTOGRAM_MAX_LOG; bit++) {
        for (int offset = -1; offset <= 1; offset++) {
            uint64_t value = (1ull << bit) + (uint64_t)(int64_t)offset;
            histogram_clear(&histogram);
            histogram_record(&histogram, value);
            histogram_record(&histogram, 2 * value);
            uint64_t said = histogram_percentile(&histogram, 0.5);
            assert_true(said >= value && said <= value + value / 100);
        }
    }
}

static void one_in_a_thousand_is_seen(void **state)
{
    for (int i = 0; i < 999; i++)
        histogram_record(&histogram, 10);
    histogram_record(&histogram, 5000);
    assert_int_equal(histogram_percentile(&histogram, 0.5), 10);
    assert_int_equal(histogram_percentile(&histogram, 0.999), 10);
    assert_int_equal(histogram_percentile(&histogram, 0.9991), 5000);
}

static void what_is_too_long_counts_as_the_longest(void **state)
{
    histogram_record(&histogram, UINT64_MAX);
    assert_int_equal(histogram_percentile(&histogram, 0.5), (1ull << HISTOGRAM_MAX_LOG) - 1);
}

static void an_empty_one_says_nothing(void **state)
{
    assert_int_equal(histogram_percentile(&histogram, 0.99), 0);
    assert_int_equal(histogram.max, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(percentiles_are_less_than_a_hundredth_too_high, clear),
        cmocka_unit_test_setup(small_values_are_exact, clear),
        cmocka_unit_test_setup(groups_of_buckets_meet, clear),
        cmocka_unit_test_setup(one_in_a_thousand_is_seen, clear),
        cmocka_unit_test_setup(what_is_too_long_counts_as_the_longest, clear),
        cmocka_unit_test_setup(an_empty_one_says_nothing, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
