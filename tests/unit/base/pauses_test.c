/* Which time counts, by hand. */
#include "base/pauses.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_turn_in_time_is_no_pause(void **state)
{
    struct pinion_pauses pauses = { .expected = 1000 };

    assert_false(pinion__pauses_notice(&pauses, 900));
    assert_false(pinion__pauses_notice(&pauses, 1000 + PINION_PAUSE_MS));
    assert_int_equal(pinion__pauses_since(&pauses, 800, 1000), 200);
    assert_int_equal(pinion__pauses_since(&pauses, 1200, 1000), 0);
}

static void each_pause_counts_for_those_before_it(void **state)
{
    struct pinion_pauses pauses = { .expected = 1000 };

    assert_true(pinion__pauses_notice(&pauses, 6000));
    pauses.expected = 7000;
    assert_true(pinion__pauses_notice(&pauses, 9000));
    assert_int_equal(pinion__pauses_since(&pauses, 900, 9000), 100 + 1000 + 2 * PINION_PAUSE_MS);
    assert_int_equal(pinion__pauses_since(&pauses, 6500, 9000), 500 + PINION_PAUSE_MS);
    assert_int_equal(pinion__pauses_since(&pauses, 9000, 9400), 400);
}

static void what_is_forgotten_counts(void **state)
{
    struct pinion_pauses pauses = { 0 };
    const uint64_t pause = PINION_PAUSE_MS + 1000, times = PINION_PAUSES_MAX + 5;
    uint64_t now = 1;

    for (uint64_t i = 0; i < times; i++) {
        pauses.expected = now;
        now += pause;
        assert_true(pinion__pauses_notice(&pauses, now));
    }
    assert_int_equal(pauses.total, times * 1000);
    assert_int_equal(pinion__pauses_since(&pauses, 0, now), now - UINT64_C(1000) * PINION_PAUSES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_in_time_is_no_pause),
        cmocka_unit_test(each_pause_counts_for_those_before_it),
        cmocka_unit_test(what_is_forgotten_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
