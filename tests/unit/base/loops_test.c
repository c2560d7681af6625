#include "base/loops.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void there_is_one_for_each_processor(void **state)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned loops = pinion__default_loops();
    assert_in_range(loops, 1, PINION_LOOPS_MAX);
    if (processors >= 1 && processors <= PINION_LOOPS_MAX)
        assert_int_equal(loops, processors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_for_each_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
