/* Every text ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http_accept.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define UNNAMED    PINION_HTTP_UNNAMED

static struct guard guard;

static int weight(const char *list, const char *coding)
{
    struct pinion_http_request request = { .header_count = 1 };
    request.headers[0].name = pinion__slice_str("Accept-Encoding");
    request.headers[0].value = pinion__slice(guard_place(&guard, list, strlen(list)), strlen(list));
    return pinion__http_accept_weight(&request, coding);
}

static void weights(void **state)
{
    static const struct {
        const char *list;
        int br, gzip, identity;
    } cases[] = {
        { "gzip, deflate, br", 1000, 1000, UNNAMED },
        { "GZip", UNNAMED, 1000, UNNAMED },
        { "x-gzip;q=0.5", UNNAMED, 500, UNNAMED },
        { "br;q=1.0, gzip;q=0.8, *;q=0.1", 1000, 800, 100 },
        { "*", 1000, 1000, 1000 },
        { "*;q=0", 0, 0, 0 },
        { "identity;q=0, *;q=0.001", 1, 1, 0 },
        { "gzip;q=0", UNNAMED, 0, UNNAMED },
        { "gzip;q=0.000, *", 1000, 0, 1000 },
        { "gzip \t; \tQ=0.25 , br ; q=0.125", 125, 250, UNNAMED },
        { "gzip;q=0.5, gzip", UNNAMED, 500, UNNAMED },
        { "gzip;q=1.", UNNAMED, 1000, UNNAMED },
        { "gzip;q=0.", UNNAMED, 0, UNNAMED },
        { ",, gzip,", UNNAMED, 1000, UNNAMED },
        { "", UNNAMED, UNNAMED, UNNAMED },
        { "gzipped, xbr, b, g", UNNAMED, UNNAMED, UNNAMED },
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        if (weight(cases[i].list, "br") != cases[i].br || weight(cases[i].list, "gzip") != cases[i].gzip ||
            weight(cases[i].list, "identity") != cases[i].identity)
            fail_msg("\"%s\": br %d, gzip %d, identity %d", cases[i].list, weight(cases[i].list, "br"),
                     weight(cases[i].list, "gzip"), weight(cases[i].list, "identity"));
    }
}

static void what_is_no_weight_refuses(void **state)
{
    static const char *const lists[] = {
        "gzip;",         "gzip;q",     "gzip;q=",      "gzip;q=2",   "gzip;q=1.001", "gzip;q=-1",
        "gzip;q=0.1234", "gzip;q=.5",  "gzip;q=0,5",   "gzip;q=a",   "gzip;q=1a",    "gzip;level=9",
        "gzip;q =1",     "gzip;q= 1",  "gzip;q=\"1\"", "gzip;q=1;a", "gzip;q=00",    "gzip;q=1 1",
        "gzip;q=0.5.",   "gzip;q=0..", "gzip;;q=1",
    };
    for (size_t i = 0; i < LEN(lists); i++) {
        if (weight(lists[i], "gzip") != 0)
            fail_msg("\"%s\" is %d", lists[i], weight(lists[i], "gzip"));
    }
}

static void all_fields_count(void **state)
{
    struct pinion_http_request request = { .header_count = 3 };
    request.headers[0] =
        (struct pinion_http_header){ pinion__slice_str("accept-encoding"), pinion__slice_str("br") };
    request.headers[1] =
        (struct pinion_http_header){ pinion__slice_str("accept"), pinion__slice_str("gzip") };
    request.headers[2] =
        (struct pinion_http_header){ pinion__slice_str("accept-encoding"), pinion__slice_str("*;q=0.5") };
    assert_int_equal(pinion__http_accept_weight(&request, "br"), 1000);
    assert_int_equal(pinion__http_accept_weight(&request, "gzip"), 500);
    request.header_count = 0;
    assert_int_equal(pinion__http_accept_weight(&request, "br"), UNNAMED);
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
        cmocka_unit_test(weights),
        cmocka_unit_test(what_is_no_weight_refuses),
        cmocka_unit_test(all_fields_count),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
