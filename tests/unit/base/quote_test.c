#include "base/quote.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *quoted(const char *text, size_t len)
{
    static char out[PINION_QUOTED];
    memset(out, 'x', sizeof out);
    return pinion__quote(out, pinion__slice(text, len));
}

static void text_stands_in_quotes(void **state)
{
    assert_string_equal(quoted("room:1", 6), "\"room:1\"");
    assert_string_equal(quoted(NULL, 0), "\"\"");
}

static void nothing_ends_the_quotes_or_the_line(void **state)
{
    assert_string_equal(quoted("a\" (peer \\", 10), "\"a\\\" (peer \\\\\"");
    assert_string_equal(quoted("a\nb\0\x1b\x7f\xc3\xbc", 8), "\"a\\x0ab\\x00\\x1b\\x7f\\xc3\\xbc\"");
}

static void what_is_too_long_is_cut(void **state)
{
    char text[1000];
    memset(text, 'a', sizeof text);
    const char *out = quoted(text, sizeof text);
    assert_in_range(strlen(out), 100, PINION_QUOTED - 1);
    assert_string_equal(out + strlen(out) - 5, "a\"...");
    memset(text, '\n', sizeof text);
    out = quoted(text, sizeof text);
    assert_in_range(strlen(out), 100, PINION_QUOTED - 1);
    assert_string_equal(out + strlen(out) - 8, "\\x0a\"...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stands_in_quotes),
        cmocka_unit_test(nothing_ends_the_quotes_or_the_line),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
