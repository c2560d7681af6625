/* Requests for one file, and the status that each gets. */
#include "http/conditions.h"
#include "proto/http1.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define CHANGED    784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOW        (CHANGED + 86400)
#define SIZE       1000
#define TAG        "\"the-tag\""
#define BEFORE     "Sun, 06 Nov 1994 08:49:36 GMT"
#define AT         "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEHIND     "Sun, 06 Nov 1994 08:49:38 GMT"
#define FUTURE     "Sun, 06 Nov 2094 08:49:37 GMT"

static struct pinion_http_part part;
static bool dated, varies;

/* `headers`: each with its line end. */
static int status(const char *method, const char *headers)
{
    struct pinion_http_file file = { .size = SIZE,
                                     .modified = { .tv_sec = CHANGED, .tv_nsec = 5 },
                                     .dated = dated,
                                     .varies = varies,
                                     .etag = TAG };
    struct pinion_http_request request;
    char text[1000];
    int len = snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: x\r\n%s\r\n", method, headers);
    assert_int_equal(pinion__http1_parse(text, (size_t)len, 0, &request), len);
    return pinion__http_conditions(&request, &file, NOW, &part);
}

struct row {
    const char *headers;
    int expected;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int got = status("GET", rows[i].headers);
        if (got != rows[i].expected)
            fail_msg("%s is answered %d, not %d", rows[i].headers, got, rows[i].expected);
    }
}

static int set_up(void **state)
{
    varies = false;
    dated = true;
    return 0;
}

static void what_the_client_has_is_not_sent(void **state)
{
    static const struct row rows[] = {
        { "", 200 },
        { "If-None-Match: " TAG "\r\n", 304 },
        { "If-None-Match: W/" TAG "\r\n", 304 },
        { "If-None-Match: *\r\n", 304 },
        { "If-None-Match: \"a\", " TAG "\r\n", 304 },
        { "If-None-Match: \"a\"\r\nIf-None-Match: " TAG "\r\n", 304 },
        { "If-None-Match: \"a\"\r\n", 200 },
        { "If-None-Match: \"THE-TAG\"\r\n", 200 },
        { "If-None-Match: the-tag\r\n", 200 },
        { "If-None-Match:\r\n", 200 },
        { "If-Modified-Since: " AT "\r\n", 304 },
        { "If-Modified-Since: " BEHIND "\r\n", 304 },
        { "If-Modified-Since: " FUTURE "\r\n", 304 },
        { "If-Modified-Since: " BEFORE "\r\n", 200 },
        { "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304 },
        { "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 304 },
        { "If-Modified-Since: Sun Nov  6 08:49:36 1994\r\n", 200 },
    };
    check(rows, LEN(rows));
}

static void a_tag_comes_before_a_date(void **state)
{
    static const struct row rows[] = {
        { "If-None-Match: \"a\"\r\nIf-Modified-Since: " AT "\r\n", 200 },
        { "If-None-Match: " TAG "\r\nIf-Modified-Since: " BEFORE "\r\n", 304 },
        { "If-None-Match: nonsense\r\nIf-Modified-Since: " AT "\r\n", 200 },
        { "If-Match: " TAG "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200 },
        { "If-Match: \"a\"\r\nIf-Unmodified-Since: " AT "\r\n", 412 },
    };
    check(rows, LEN(rows));
}

static void another_file_than_the_client_knows_is_not_sent(void **state)
{
    static const struct row rows[] = {
        { "If-Match: " TAG "\r\n", 200 },
        { "If-Match: *\r\n", 200 },
        { "If-Match: \"a\", " TAG "\r\n", 200 },
        { "If-Match: W/" TAG "\r\n", 412 },
        { "If-Match: \"a\"\r\n", 412 },
        { "If-Match: nonsense\r\n", 412 },
        { "If-Match:\r\n", 412 },
        { "If-Unmodified-Since: " AT "\r\n", 200 },
        { "If-Unmodified-Since: " BEHIND "\r\n", 200 },
        { "If-Unmodified-Since: " BEFORE "\r\n", 412 },
        { "If-Match: \"a\"\r\nIf-None-Match: " TAG "\r\n", 412 }, /* the order of section 13.2.2 */
        { "If-Match: " TAG "\r\nIf-None-Match: " TAG "\r\n", 304 },
        { "If-Unmodified-Since: " BEFORE "\r\nIf-None-Match: " TAG "\r\n", 412 },
        { "If-Match: \"a\"\r\nRange: bytes=0-1\r\n", 412 },
        { "If-None-Match: " TAG "\r\nRange: bytes=0-1\r\n", 304 },
        { "If-None-Match: " TAG "\r\nRange: bytes=9999-\r\n", 304 },
    };
    check(rows, LEN(rows));
}

static void dates_that_are_not_valid_are_ignored(void **state)
{
    static const struct row rows[] = {
        { "If-Modified-Since: yesterday\r\n", 200 },
        { "If-Modified-Since: " AT ", " AT "\r\n", 200 },
        { "If-Modified-Since: " AT "\r\nIf-Modified-Since: " AT "\r\n", 200 },
        { "If-Modified-Since:\r\n", 200 },
        { "If-Modified-Since: 99999999999999999999\r\n", 200 },
        { "If-Unmodified-Since: Sun, 31 Feb 1994 08:49:37 GMT\r\n", 200 },
        { "If-Unmodified-Since: " BEFORE "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200 },
    };
    check(rows, LEN(rows));
}

static void parts(void **state)
{
    static const struct row rows[] = {
        { "Range: bytes=0-0\r\n", 206 },
        { "Range: bytes=999-\r\n", 206 },
        { "Range: bytes=1000-\r\n", 416 },
        { "Range: bytes=0-1,5-6\r\n", 200 },
        { "Range: lines=0-1\r\n", 200 },
        { "Range: bytes=0-1\r\nRange: bytes=0-1\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " TAG "\r\n", 206 },
        { "Range: bytes=1000-\r\nIf-Range: " TAG "\r\n", 416 },
        { "Range: bytes=0-1\r\nIf-Range: W/" TAG "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: \"a\"\r\n", 200 },
        { "Range: bytes=1000-\r\nIf-Range: \"a\"\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: *\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " TAG ", " TAG "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " TAG "\r\nIf-Range: " TAG "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " AT "\r\n", 206 },
        { "Range: bytes=0-1\r\nIf-Range: " BEFORE "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " BEHIND "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: nonsense\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range:\r\n", 200 },
        { "If-Range: \"a\"\r\n", 200 },
    };
    check(rows, LEN(rows));
    assert_int_equal(status("GET", "Range: bytes=10-19\r\n"), 206);
    assert_int_equal(part.first, 10);
    assert_int_equal(part.length, 10);
    assert_int_equal(status("GET", "Range: bytes=10-19\r\nIf-Range: \"a\"\r\n"), 200);
    assert_int_equal(part.first, 0);
    assert_int_equal(part.length, SIZE);
}

/* It may change again within its second. */
static void a_file_of_this_second_has_changed_since_any_date(void **state)
{
    static const struct row rows[] = {
        { "If-Modified-Since: " AT "\r\n", 200 },
        { "If-Modified-Since: " FUTURE "\r\n", 200 },
        { "If-Unmodified-Since: " AT "\r\n", 412 },
        { "If-Unmodified-Since: " FUTURE "\r\n", 412 },
        { "Range: bytes=0-1\r\nIf-Range: " AT "\r\n", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " TAG "\r\n", 206 },
        { "If-None-Match: " TAG "\r\n", 304 },
    };
    dated = false;
    check(rows, LEN(rows));
}

static void head_has_conditions_but_no_parts(void **state)
{
    assert_int_equal(status("HEAD", "If-None-Match: " TAG "\r\n"), 304);
    assert_int_equal(status("HEAD", "If-Match: \"a\"\r\n"), 412);
    assert_int_equal(status("HEAD", "If-Modified-Since: " AT "\r\n"), 304);
    assert_int_equal(status("HEAD", "Range: bytes=0-1\r\n"), 200);
    assert_int_equal(status("HEAD", "Range: bytes=1000-\r\n"), 200);
    assert_int_equal(part.length, SIZE);
}

/* The plain file and its codings may have been made at the same time. */
static void a_part_of_several_codings_is_named_by_its_tag(void **state)
{
    varies = true;
    assert_int_equal(status("GET", "Range: bytes=1-2\r\nIf-Range: " AT "\r\n"), 200);
    assert_int_equal(status("GET", "Range: bytes=1-2\r\nIf-Range: " TAG "\r\n"), 206);
}

/* What they do was done before the file is sent. */
static void other_methods_get_the_whole(void **state)
{
    assert_int_equal(status("POST", "If-None-Match: *\r\nIf-Match: \"a\"\r\nRange: bytes=1-2\r\n"), 200);
    assert_int_equal(part.length, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_the_client_has_is_not_sent, set_up),
        cmocka_unit_test_setup(a_tag_comes_before_a_date, set_up),
        cmocka_unit_test_setup(another_file_than_the_client_knows_is_not_sent, set_up),
        cmocka_unit_test_setup(dates_that_are_not_valid_are_ignored, set_up),
        cmocka_unit_test_setup(parts, set_up),
        cmocka_unit_test_setup(a_file_of_this_second_has_changed_since_any_date, set_up),
        cmocka_unit_test_setup(head_has_conditions_but_no_parts, set_up),
        cmocka_unit_test_setup(a_part_of_several_codings_is_named_by_its_tag, set_up),
        cmocka_unit_test_setup(other_methods_get_the_whole, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
