/* The clock that does not count what its process slept. */
#include "supervise/awake.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLICE 100

static struct pinion_awake clock_;

static int setup(void **state)
{
    pinion__awake_begin(&clock_, 5000);
    return 0;
}

static void waits(uint64_t due, uint64_t expected)
{
    assert_int_equal(pinion__awake_wait(&clock_, due, SLICE), expected);
}

static void it_goes_with_the_other_one(void **state)
{
    assert_int_equal(clock_.now, 5000);
    waits(5060, 60);
    assert_false(pinion__awake_again(&clock_, 5060, SLICE));
    assert_int_equal(clock_.now, 5060);
    waits(UINT64_MAX, SLICE);
    assert_false(pinion__awake_again(&clock_, 5070, SLICE)); /* something came */
    assert_int_equal(clock_.now, 5070);
}

static void what_is_due_is_not_waited_for(void **state)
{
    waits(5000, 0);
    waits(10, 0);
    waits(0, 0);
}

static void a_short_delay_counts(void **state)
{
    waits(5050, 50);
    assert_false(pinion__awake_again(&clock_, 5149, SLICE));
    assert_int_equal(clock_.now, 5149);
}

static void what_was_slept_does_not(void **state)
{
    waits(5050, 50);
    assert_true(pinion__awake_again(&clock_, 5150, SLICE));
    assert_int_equal(clock_.now, 5050);
    waits(UINT64_MAX, SLICE);
    assert_true(pinion__awake_again(&clock_, 1000000, SLICE));
    assert_int_equal(clock_.now, 5150);
    waits(5160, 10);
    assert_false(pinion__awake_again(&clock_, 1000010, SLICE));
    assert_int_equal(clock_.now, 5160);
}

static void however_long_the_sleep_no_more_than_two_slices_count(void **state)
{
    for (uint64_t slept = 0; slept < 1000; slept++) {
        uint64_t before = clock_.now;
        waits(UINT64_MAX, SLICE);
        (void)pinion__awake_again(&clock_, clock_.real + slept, SLICE);
        assert_true(clock_.now - before < (uint64_t)2 * SLICE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_goes_with_the_other_one, setup),
        cmocka_unit_test_setup(what_is_due_is_not_waited_for, setup),
        cmocka_unit_test_setup(a_short_delay_counts, setup),
        cmocka_unit_test_setup(what_was_slept_does_not, setup),
        cmocka_unit_test_setup(however_long_the_sleep_no_more_than_two_slices_count, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
