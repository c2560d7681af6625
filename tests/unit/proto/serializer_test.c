#include "proto/serializer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Read against a guard page, as everything a client sends. */
static const struct pinion_serializer *find(struct pinion_slice vsn)
{
    struct guard guard = guard_new(64);
    const char *placed = guard_place(&guard, vsn.ptr, vsn.len);
    const struct pinion_serializer *found = pinion__serializer_find(pinion__slice(placed, vsn.len), NULL);
    guard_free(&guard);
    return found;
}

static void refuses_other_versions_and_what_is_none(void **unused)
{
    static const struct pinion_slice versions[] = {
        /* other versions */
        LITERAL("0.0.0"),
        LITERAL("3.0.0"),
        LITERAL("1.1.0"),
        LITERAL("2.1.0"),
        LITERAL("123.1.1"),
        LITERAL("20.0.0"),
        LITERAL("2.0.0-rc.1"),
        LITERAL("1.0.0-0"),
        LITERAL("2.0.0-rc.1+build"),
        LITERAL("2.1.0-rc.1"),
        /* no versions */
        LITERAL("2"),
        LITERAL("2.0"),
        LITERAL("2.0."),
        LITERAL(".0.0"),
        LITERAL("2..0"),
        LITERAL("2.0.0.0"),
        LITERAL("02.0.0"),
        LITERAL("2.00.0"),
        LITERAL("2.0.01"),
        LITERAL("v2.0.0"),
        LITERAL(" 2.0.0"),
        LITERAL("2.0.0 "),
        LITERAL("2.0.x"),
        LITERAL("2.0.-1"),
        LITERAL("-2.0.0"),
        LITERAL("2.0.0\x00"),
        LITERAL("\x00"),
        LITERAL("garbage"),
        LITERAL("~> 2.0.0"),
        LITERAL("+"),
        LITERAL("-"),
        LITERAL("."),
        LITERAL(".."),
        /* pre-releases and builds that are none */
        LITERAL("2.0.1-"),
        LITERAL("2.0.1-a..b"),
        LITERAL("2.0.1-a."),
        LITERAL("2.0.1-01"),
        LITERAL("2.0.1-a.00"),
        LITERAL("2.0.1-a_b"),
        LITERAL("2.0.0+"),
        LITERAL("2.0.0+a..b"),
        LITERAL("2.0.0+."),
        LITERAL("2.0.0+a+b"),
        LITERAL("2.0.0+\xC3\xA9"),
        LITERAL("2.0+0.0"),
    };
    for (size_t i = 0; i < COUNT(versions); i++) {
        if (find(versions[i]))
            fail_msg("taken: %.*s", (int)versions[i].len, versions[i].ptr);
    }
}

static void finds_the_two_there_are(void **unused)
{
    static const struct {
        struct pinion_slice vsn;
        const struct pinion_serializer *serializer;
    } cases[] = {
        { LITERAL(""), &pinion__serializer_v1 },
        { LITERAL("1.0.0"), &pinion__serializer_v1 },
        { LITERAL("1.0.27"), &pinion__serializer_v1 },
        { LITERAL("2.0.0"), &pinion__serializer_v2 },
        { LITERAL("2.0.99999999999999999999999"), &pinion__serializer_v2 },
        { LITERAL("2.0.0+x"), &pinion__serializer_v2 },
        { LITERAL("2.0.0+x.001.a-b"), &pinion__serializer_v2 },
        { LITERAL("2.0.1-rc.1"), &pinion__serializer_v2 },
        { LITERAL("1.0.10-0a.0.-+5"), &pinion__serializer_v1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_ptr_equal(find(cases[i].vsn), cases[i].serializer);
    assert_ptr_equal(pinion__serializer_find(pinion__slice(NULL, 0), NULL), &pinion__serializer_v1);
}

static void ones_own_come_first(void **unused)
{
    static const pinion_serializer mine = { .name = "mine" }, newer = { .name = "newer" };
    static const pinion_serializer_route own[] = {
        { "3.0", &mine }, { "3.1", &newer }, { "2.0", &mine }, { NULL, NULL }
    };
    assert_ptr_equal(pinion__serializer_find(pinion__slice_str("3.0.0"), own), &mine);
    assert_ptr_equal(pinion__serializer_find(pinion__slice_str("3.0.17"), own), &mine);
    assert_ptr_equal(pinion__serializer_find(pinion__slice_str("3.1.0"), own), &newer);
    assert_ptr_equal(pinion__serializer_find(pinion__slice_str("2.0.0"), own), &mine);
    assert_ptr_equal(pinion__serializer_find(pinion__slice_str("1.0.0"), own), &pinion__serializer_v1);
    assert_null(pinion__serializer_find(pinion__slice_str("3.2.0"), own));
    assert_null(pinion__serializer_find(pinion__slice_str("3.0.0-rc.1"), own));
    assert_null(pinion__serializer_find(pinion__slice_str("3.0"), own));
}

static void a_line_of_versions_has_two_numbers(void **unused)
{
    assert_true(pinion__version_valid("3.0"));
    assert_true(pinion__version_valid("10.20"));
    assert_false(pinion__version_valid("3"));
    assert_false(pinion__version_valid("3.0.0"));
    assert_false(pinion__version_valid("3."));
    assert_false(pinion__version_valid("03.0"));
    assert_false(pinion__version_valid(""));
}

static void each_says_its_name(void **unused)
{
    assert_string_equal(pinion__serializer_v1.name, "1.0.0");
    assert_string_equal(pinion__serializer_v2.name, "2.0.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_other_versions_and_what_is_none),
        cmocka_unit_test(finds_the_two_there_are),
        cmocka_unit_test(ones_own_come_first),
        cmocka_unit_test(a_line_of_versions_has_two_numbers),
        cmocka_unit_test(each_says_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
