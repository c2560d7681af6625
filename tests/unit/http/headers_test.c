/* Headers of answers: none can end its line, and so begin another header or another answer. */
#include "http/headers.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pinion_http_headers headers;

static int set_up(void **state)
{
    pinion__http_headers_init(&headers);
    return 0;
}

static int tear_down(void **state)
{
    pinion__http_headers_release(&headers);
    return 0;
}

static void expect_lines(const char *text)
{
    assert_int_equal(headers.lines.len, strlen(text));
    assert_memory_equal(headers.lines.data, text, headers.lines.len);
}

static void headers_are_lines(void **state)
{
    assert_int_equal(pinion__http_headers_add(&headers, "X-A", "1"), 0);
    assert_int_equal(pinion__http_headers_add(&headers, "x-b", ""), 0);
    assert_int_equal(pinion__http_headers_add(&headers, "x-c", "a\tb \xc3\xa4"), 0);
    expect_lines("X-A: 1\r\nx-b: \r\nx-c: a\tb \xc3\xa4\r\n");
    assert_false(headers.typed);
    assert_false(headers.cached);
    assert_int_equal(pinion__http_headers_add(&headers, "Content-Type", "a/b"), 0);
    assert_int_equal(pinion__http_headers_add(&headers, "CACHE-CONTROL", "no-store"), 0);
    assert_true(headers.typed);
    assert_true(headers.cached);
}

static void what_was_added_is_taken_back(void **state)
{
    assert_int_equal(pinion__http_headers_add(&headers, "x-a", "1"), 0);
    struct pinion_http_headers before = headers;
    char *large = calloc(1, 5000);
    assert_non_null(large);
    memset(large, 'x', 4999);
    assert_int_equal(pinion__http_headers_add(&headers, "content-type", large), 0);
    pinion__http_headers_restore(&headers, &before);
    expect_lines("x-a: 1\r\n");
    assert_false(headers.typed);
    free(large);
}

static void refused(const char *name, const char *value, const char *why)
{
    assert_int_equal(pinion__http_headers_add(&headers, name, value), PINION_EINVAL);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("%s: \"%s\" does not say \"%s\"", name, pinion_error_detail(), why);
    assert_int_equal(headers.lines.len, 0);
}

static void what_is_no_header(void **state)
{
    refused("", "a", "cannot have the name");
    refused("a b", "a", "cannot have the name");
    refused("a:", "a", "cannot have the name");
    refused("a\r\nb", "a", "cannot have the name");
    refused("\xc3\xa4", "a", "cannot have the name");
    refused("a", "b\r\nc: d", "control characters");
    refused("a", "b\nc", "control characters");
    refused("a", "\x7f", "control characters");
    refused("a", NULL, "no value");
}

static void headers_that_are_ours(void **state)
{
    refused("content-length", "1", "itself");
    refused("Transfer-Encoding", "chunked", "itself");
    refused("CONNECTION", "close", "itself");
    refused("Date", "now", "itself");
    refused("X-Content-Type-Options", "nosniff", "itself");
}

static void more_than_there_is_room_for(void **state)
{
    char *large = calloc(1, PINION_HTTP_HEADERS_BYTES);
    assert_non_null(large);
    memset(large, 'x', PINION_HTTP_HEADERS_BYTES - 1);
    assert_int_equal(pinion__http_headers_add(&headers, "a", large), PINION_ETOOBIG);
    large[PINION_HTTP_HEADERS_BYTES - 5] = '\0';
    assert_int_equal(pinion__http_headers_add(&headers, "a", large), 0);
    assert_int_equal(pinion__http_headers_add(&headers, "b", ""), PINION_ETOOBIG);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers_are_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_added_is_taken_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_that_are_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_there_is_room_for, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
