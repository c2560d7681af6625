/* When messages are due. */
#include "clock.h"
#include "pacer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_schedule_does_not_drift(void **state)
{
    const struct pacer pacer = { .rate = 3, .start = 1000 };
    assert_int_equal(pacer_due(&pacer, 0), 1000);
    assert_int_equal(pacer_due(&pacer, 1), 1000 + NS_PER_SECOND / 3);
    assert_int_equal(pacer_due(&pacer, 3), 1000 + NS_PER_SECOND);
    assert_int_equal(pacer_due(&pacer, 3000000), 1000 + 1000000 * NS_PER_SECOND);
}

static void no_two_are_further_apart_than_the_rate_says(void **state)
{
    const struct pacer pacer = { .rate = 7000, .start = 5 };
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t gap = pacer_due(&pacer, i + 1) - pacer_due(&pacer, i);
        assert_in_range(gap, NS_PER_SECOND / 7000, NS_PER_SECOND / 7000 + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_does_not_drift),
        cmocka_unit_test(no_two_are_further_apart_than_the_rate_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
