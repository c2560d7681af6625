/* When a child is started again: at once, then after doubling waits, then no more. */
#include "supervise/restarts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define REFUSED UINT64_MAX

static struct pinion_restarts some(unsigned limit)
{
    struct pinion_restarts restarts = { .min_ms = 100, .max_ms = 1000, .limit = limit, .period_ms = 60000 };
    return restarts;
}

static uint64_t next(struct pinion_restarts *restarts, uint64_t began, uint64_t now)
{
    uint64_t wait = 12345;
    if (pinion__restarts_next(restarts, began, now, &wait))
        return wait;
    assert_int_equal(wait, 12345); /* untouched */
    return REFUSED;
}

static void the_first_is_at_once_and_waits_double_up_to_the_cap(void **state)
{
    static const uint64_t expected[] = { 0, 100, 200, 400, 800, 1000, 1000, 1000 };
    struct pinion_restarts restarts = some(0);
    uint64_t now = 5000;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint64_t began = now;
        now += 10;
        uint64_t wait = next(&restarts, began, now);
        assert_int_equal(wait, expected[i]);
        now += wait;
    }
}

static void a_child_that_lived_long_enough_begins_a_new_row(void **state)
{
    struct pinion_restarts restarts = some(0);
    assert_int_equal(next(&restarts, 0, 1), 0);
    assert_int_equal(next(&restarts, 1, 2), 100);
    assert_int_equal(next(&restarts, 102, 60101), 200); /* a millisecond short */
    assert_int_equal(next(&restarts, 60301, 120301), 0);
    assert_int_equal(next(&restarts, 120301, 120302), 100);
}

static void one_crash_too_many_within_the_period_is_refused(void **state)
{
    struct pinion_restarts restarts = some(5);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(next(&restarts, 1000 * i, 1000 * i + 1) != REFUSED);
    assert_int_equal(next(&restarts, 5000, 5001), REFUSED);
    assert_int_equal(next(&restarts, 5000, 60000), REFUSED); /* the first restart was at 1 */
    assert_true(next(&restarts, 5000, 60001) != REFUSED);
}

static void the_period_slides(void **state)
{
    struct pinion_restarts restarts = some(2);
    assert_true(next(&restarts, 0, 10) != REFUSED);
    assert_true(next(&restarts, 10, 50000) != REFUSED);
    assert_true(next(&restarts, 50000, 60010) != REFUSED); /* that of 10 is out of it */
    assert_int_equal(next(&restarts, 60010, 60020), REFUSED);
    assert_true(next(&restarts, 60010, 110000) != REFUSED); /* and now that of 50000 */
}

static void without_a_limit_nothing_is_refused(void **state)
{
    struct pinion_restarts restarts = some(0);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(next(&restarts, i, i) != REFUSED);
}

static void the_highest_limit_holds(void **state)
{
    struct pinion_restarts restarts = some(PINION_RESTARTS_MAX);
    for (uint64_t i = 0; i < PINION_RESTARTS_MAX; i++)
        assert_true(next(&restarts, i, i) != REFUSED);
    assert_int_equal(next(&restarts, 200, 200), REFUSED);
}

static void waits_do_not_overflow(void **state)
{
    struct pinion_restarts restarts = some(0);
    restarts.min_ms = UINT32_MAX - 1;
    restarts.max_ms = UINT32_MAX;
    for (int i = 0; i < 100; i++)
        assert_true(next(&restarts, 0, 0) <= UINT32_MAX);
    assert_int_equal(next(&restarts, 0, 0), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_at_once_and_waits_double_up_to_the_cap),
        cmocka_unit_test(a_child_that_lived_long_enough_begins_a_new_row),
        cmocka_unit_test(one_crash_too_many_within_the_period_is_refused),
        cmocka_unit_test(the_period_slides),
        cmocka_unit_test(without_a_limit_nothing_is_refused),
        cmocka_unit_test(the_highest_limit_holds),
        cmocka_unit_test(waits_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
