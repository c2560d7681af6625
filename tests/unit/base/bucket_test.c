#include "base/bucket.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int take(struct pinion_bucket *bucket, uint32_t rate, uint32_t burst, uint64_t now, int tries)
{
    int taken = 0;
    while (tries-- > 0)
        taken += pinion__bucket_take(bucket, rate, burst, now);
    return taken;
}

static void it_begins_full(void **state)
{
    struct pinion_bucket bucket = { 0 };
    assert_int_equal(take(&bucket, 10, 5, 1000, 100), 5);
}

static void it_fills_with_time(void **state)
{
    struct pinion_bucket bucket = { 0 };
    take(&bucket, 10, 5, 1000, 100);
    assert_int_equal(take(&bucket, 10, 5, 1099, 100), 0);
    assert_int_equal(take(&bucket, 10, 5, 1100, 100), 1);
    assert_int_equal(take(&bucket, 10, 5, 1350, 100), 2);
    assert_int_equal(take(&bucket, 10, 5, 1400, 100), 1); /* the half from before */
}

static void it_does_not_overflow(void **state)
{
    struct pinion_bucket bucket = { 0 };
    take(&bucket, 10, 5, 1000, 100);
    assert_int_equal(take(&bucket, 10, 5, UINT64_MAX - 1, 100), 5);
    bucket = (struct pinion_bucket){ 0 };
    take(&bucket, UINT32_MAX, 1, 0, 100);
    assert_int_equal(take(&bucket, UINT32_MAX, 1, 1, 100), 1);
}

static void refusals_cost_nothing(void **state)
{
    struct pinion_bucket bucket = { 0 };
    take(&bucket, 1, 1, 0, 1);
    assert_int_equal(take(&bucket, 1, 1, 500, 1000), 0);
    assert_int_equal(take(&bucket, 1, 1, 1000, 1000), 1);
}

static void over_a_long_time_it_is_the_rate(void **state)
{
    struct pinion_bucket bucket = { 0 };
    int taken = 0;
    for (uint64_t now = 0; now < 100000; now += 7)
        taken += take(&bucket, 30, 3, now, 1);
    assert_in_range(taken, 2995, 3005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_full),
        cmocka_unit_test(it_fills_with_time),
        cmocka_unit_test(it_does_not_overflow),
        cmocka_unit_test(refusals_cost_nothing),
        cmocka_unit_test(over_a_long_time_it_is_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
