/* Every text ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http_range.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define HUGE_SIZE  (UINT64_C(5) << 32) /* 20 GiB */

static struct guard guard;
static struct pinion_http_part part;

static enum pinion_http_range range(const char *text, uint64_t size)
{
    part = (struct pinion_http_part){ 0 };
    return pinion__http_range_read(pinion__slice(guard_place(&guard, text, strlen(text)), strlen(text)), size,
                                   &part);
}

static void is_part(const char *text, uint64_t size, uint64_t first, uint64_t length)
{
    if (range(text, size) != PINION_HTTP_RANGE_PART)
        fail_msg("\"%s\" of %llu is no part", text, (unsigned long long)size);
    assert_int_equal(part.first, first);
    assert_int_equal(part.length, length);
}

static void parts(void **state)
{
    is_part("bytes=0-0", 10, 0, 1);
    is_part("bytes=0-9", 10, 0, 10);
    is_part("bytes=9-9", 10, 9, 1);
    is_part("bytes=2-5", 10, 2, 4);
    is_part("bytes=2-", 10, 2, 8);
    is_part("bytes=-3", 10, 7, 3);
    is_part("bytes=5-99", 10, 5, 5);
    is_part("bytes=-99", 10, 0, 10);
    is_part("BYTES=2-5", 10, 2, 4);
    is_part("bytes=,, 2-5 ,", 10, 2, 4);
    is_part("bytes=00000000000000000000000000002-5", 10, 2, 4);
}

static void numbers_beyond_32_and_64_bits(void **state)
{
    is_part("bytes=4294967296-4294967299", HUGE_SIZE, UINT64_C(4294967296), 4);
    is_part("bytes=21474836479-", HUGE_SIZE, HUGE_SIZE - 1, 1);
    is_part("bytes=-4294967297", HUGE_SIZE, HUGE_SIZE - UINT64_C(4294967297), UINT64_C(4294967297));
    is_part("bytes=1-18446744073709551615", 10, 1, 9);
    is_part("bytes=1-18446744073709551616", 10, 1, 9);
    is_part("bytes=1-99999999999999999999999999", 10, 1, 9);
    is_part("bytes=-99999999999999999999999999", 10, 0, 10);
    assert_int_equal(range("bytes=18446744073709551616-", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=18446744073709551617-18446744073709551618", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=4294967296-", 10), PINION_HTTP_RANGE_OUTSIDE); /* not 0 */
}

static void what_a_body_does_not_have(void **state)
{
    assert_int_equal(range("bytes=10-", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=10-10", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=-0", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=-000", 10), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=0-", 0), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=0-0", 0), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=-0", 0), PINION_HTTP_RANGE_OUTSIDE);
    assert_int_equal(range("bytes=-1", 0), PINION_HTTP_RANGE_NONE);
}

static void what_counts_for_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=5-2",
        "bytes=0-1,4-5",
        "bytes=0-,-1",
        "bytes 0-1",
        "bytes=0 - 1",
        "bytes=a-b",
        "bytes=0x0-1",
        "bytes=+0-1",
        "bytes=0-1-2",
        "bytes=1",
        "items=0-1",
        "bytes =0-1",
        "bytes=0-1;a",
        "bytes=0-1\xff",
        "octets=0-1",
        "bytes=-1-2",
        "bytes=0-+1",
        "=0-1",
        "bytes==0-1",
        "bytes=1.0-2.0",
        "none",
        "bytes=\t-\t",
        "bytes=0-1 2-3",
    };
    for (size_t i = 0; i < LEN(texts); i++) {
        if (range(texts[i], 10) != PINION_HTTP_RANGE_NONE)
            fail_msg("\"%s\" counts", texts[i]);
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
        cmocka_unit_test(parts),
        cmocka_unit_test(numbers_beyond_32_and_64_bits),
        cmocka_unit_test(what_a_body_does_not_have),
        cmocka_unit_test(what_counts_for_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
