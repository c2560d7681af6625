/* Every text ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http_etag.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static struct guard guard;

static struct pinion_slice place(const char *text)
{
    return pinion__slice(guard_place(&guard, text, strlen(text)), strlen(text));
}

static bool has(const char *list, bool strong)
{
    return pinion__http_etags_have(place(list), pinion__slice_str("\"a,b\""), strong);
}

static void tags(void **state)
{
    static const char *const good[] = { "\"\"", "\"a\"", "W/\"a\"", "\"a,b\"", "\"\\\"", "\"\xc3\xa9\"" };
    static const char *const bad[] = {
        "",     "a",      "\"",      "\"a",    "a\"", "W",        "W/",     "W/a",    "w/\"a\"",
        "W/\"", "\"a\" ", "\"a b\"", "\"a\"b", "*",   "\"\x7f\"", "\"\t\"", "W\"a\"", "\"a\"\"",
    };
    for (size_t i = 0; i < LEN(good); i++)
        assert_true(pinion__http_is_etag(place(good[i])));
    for (size_t i = 0; i < LEN(bad); i++) {
        if (pinion__http_is_etag(place(bad[i])))
            fail_msg("\"%s\" is a tag", bad[i]);
    }
}

static void lists_that_have_it(void **state)
{
    static const char *const lists[] = {
        "\"a,b\"",       "*", "\"x\", \"a,b\"", "\"x\" ,\t\"a,b\" , \"y\"", ",, \"a,b\",", "W/\"x\",\"a,b\"",
        "\"a,b\", rest",
    };
    for (size_t i = 0; i < LEN(lists); i++) {
        if (!has(lists[i], true) || !has(lists[i], false))
            fail_msg("not found in %s", lists[i]);
    }
}

static void a_weak_one_is_the_same_only_for_the_weak_comparison(void **state)
{
    assert_true(has("W/\"a,b\"", false));
    assert_false(has("W/\"a,b\"", true));
    assert_true(has("W/\"a,b\", \"a,b\"", true));
    assert_false(has("w/\"a,b\"", false));
}

static void lists_that_do_not(void **state)
{
    static const char *const lists[] = {
        "",
        ",",
        "a,b",
        "\"A,B\"",
        "\"a\", \"b\"",
        "\"a,b",
        "a,b\"",
        "*, \"x\"",
        "\"x\", *",
        "**",
        "\"x\" \"a,b\"",
        "x, \"a,b\"",
        "\"x\";\"a,b\"",
        "\"a,b \"",
        "\"x\\\", \"a,b",
        "\"",
        "W/",
    };
    for (size_t i = 0; i < LEN(lists); i++) {
        if (has(lists[i], false) || has(lists[i], true))
            fail_msg("found in %s", lists[i]);
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
        cmocka_unit_test(tags),
        cmocka_unit_test(lists_that_have_it),
        cmocka_unit_test(a_weak_one_is_the_same_only_for_the_weak_comparison),
        cmocka_unit_test(lists_that_do_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
