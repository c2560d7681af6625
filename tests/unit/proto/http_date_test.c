/* Every text ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http_date.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define WRONG      INT64_MIN
#define NOW        1700000000 /* in November 2023 */

static struct guard guard;

static int64_t seconds_at(int64_t now, const char *text)
{
    int64_t seconds;
    struct pinion_slice placed = pinion__slice(guard_place(&guard, text, strlen(text)), strlen(text));
    return pinion__http_date_read(placed, now, &seconds) ? seconds : WRONG;
}

static int64_t seconds_of(const char *text)
{
    return seconds_at(NOW, text);
}

static void all_three_forms_are_read(void **state)
{
    assert_int_equal(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    assert_int_equal(seconds_of("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    assert_int_equal(seconds_of("Sun Nov  6 08:49:37 1994"), 784111777);
    assert_int_equal(seconds_of("Wed Nov 16 08:49:37 1994"), 784975777);
}

static void the_edges_of_time(void **state)
{
    assert_int_equal(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(seconds_of("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
    assert_int_equal(seconds_of("Sat, 01 Jan 0000 00:00:00 GMT"), -62167219200);
    assert_int_equal(seconds_of("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
    assert_int_equal(seconds_of("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
    assert_int_equal(seconds_of("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    assert_int_equal(seconds_of("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800); /* a leap second */
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "0",
        "784111777",
        "Sun",
        "Sun, ",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 19941 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Mon, 29 Feb 2023 08:49:37 GMT",
        "Mon, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
    };
    for (size_t i = 0; i < LEN(texts); i++) {
        if (seconds_of(texts[i]) != WRONG)
            fail_msg("\"%s\" is read", texts[i]);
    }
}

static void two_digits_of_a_year_are_not_more_than_fifty_years_ahead(void **state)
{
    const int64_t in_1994 = 784111777;
    assert_int_equal(seconds_of("Monday, 13-Nov-73 00:00:00 GMT"),
                     seconds_of("Mon, 13 Nov 2073 00:00:00 GMT"));
    assert_int_equal(seconds_of("Monday, 15-Nov-73 00:00:00 GMT"),
                     seconds_of("Mon, 15 Nov 1973 00:00:00 GMT"));
    assert_int_equal(seconds_of("Sunday, 01-Jan-00 00:00:00 GMT"),
                     seconds_of("Sun, 01 Jan 2000 00:00:00 GMT"));
    assert_int_equal(seconds_at(in_1994, "Sunday, 01-Jan-44 00:00:00 GMT"),
                     seconds_of("Sun, 01 Jan 2044 00:00:00 GMT"));
    assert_int_equal(seconds_at(in_1994, "Sunday, 01-Jan-45 00:00:00 GMT"),
                     seconds_of("Sun, 01 Jan 1945 00:00:00 GMT"));
    assert_int_equal(seconds_at(in_1994, "Sunday, 29-Feb-00 00:00:00 GMT"),
                     seconds_of("Sun, 29 Feb 2000 00:00:00 GMT"));
}

/* Days and times from the year 0 to 9999, compared with what the C library says. */
static void what_is_written_is_read(void **state)
{
    char text[PINION_HTTP_DATE];
    for (int64_t at = -62167219200; at <= 253402300799; at += 5 * 86400 + 3601) {
        time_t time = (time_t)at;
        struct tm utc;
        char expected[64];
        gmtime_r(&time, &utc);
        snprintf(expected, sizeof expected, "%04d %02d:%02d:%02d GMT", utc.tm_year + 1900, utc.tm_hour,
                 utc.tm_min, utc.tm_sec);
        pinion__http_date_write(at, text);
        assert_int_equal(strlen(text), PINION_HTTP_DATE - 1);
        assert_string_equal(text + 12, expected);
        assert_int_equal(seconds_of(text), at);
    }
}

static int set_up(void **state)
{
    guard = guard_new(200);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_forms_are_read),
        cmocka_unit_test(the_edges_of_time),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(two_digits_of_a_year_are_not_more_than_fifty_years_ahead),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
