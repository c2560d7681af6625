#include "proto/http1.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_status_without_a_phrase_still_has_one(void **state)
{
    assert_string_equal(pinion__http1_reason(0), "Unknown");
    assert_string_equal(pinion__http1_reason(-1), "Unknown");
    assert_string_equal(pinion__http1_reason(299), "Unknown");
}

static void phrases_are_those_of_the_standard(void **state)
{
    assert_string_equal(pinion__http1_reason(101), "Switching Protocols");
    assert_string_equal(pinion__http1_reason(200), "OK");
    assert_string_equal(pinion__http1_reason(404), "Not Found");
    assert_string_equal(pinion__http1_reason(431), "Request Header Fields Too Large");
    assert_string_equal(pinion__http1_reason(505), "HTTP Version Not Supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_without_a_phrase_still_has_one),
        cmocka_unit_test(phrases_are_those_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
