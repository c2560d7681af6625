#include "base/loops.h"
#include "base/processors.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void there_is_one_for_each_processor(void **state)
{
    unsigned processors = pinion__processors(), loops = pinion__default_loops();
    assert_in_range(loops, 1, PINION_LOOPS_MAX);
    if (processors <= PINION_LOOPS_MAX)
        assert_int_equal(loops, processors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_for_each_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
