#include "helpers/guard.h"
#include "proto/percent.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEN(array)  (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) (text), sizeof(text) - 1

static struct guard input, output;

/* Input and output both end at a guard page. */
static long decode(const char *bytes, size_t len, bool form, char **out)
{
    struct pinion_slice text = pinion__slice(guard_place(&input, bytes, len), len);
    *out = output.fence - len;
    return pinion__percent_decode(text, form, *out);
}

static void nul_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } table[] = {
        { BYTES("%00") }, { BYTES("a%00b") }, { BYTES("nul\0in") }, { BYTES("%4\0") }, { BYTES("%%00") },
    };
    for (size_t i = 0; i < LEN(table); i++) {
        char *out;
        assert_int_equal(decode(table[i].bytes, table[i].len, false, &out), PINION_EPROTO);
        assert_int_equal(decode(table[i].bytes, table[i].len, true, &out), PINION_EPROTO);
    }
}

static void check(const char *text, bool form, const char *expected)
{
    char *out;
    long len = decode(text, strlen(text), form, &out);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
}

static void broken_escapes_are_refused_but_in_forms(void **state)
{
    static const char *const table[] = { "%",   "a%",   "%4",  "a%4", "%4g",  "%g4", "%g",
                                         "% 1", "%0x1", "%-1", "%%",  "%%zz", "a%zb" };
    for (size_t i = 0; i < LEN(table); i++) {
        char *out;
        assert_int_equal(decode(table[i], strlen(table[i]), false, &out), PINION_EPROTO);
        check(table[i], true, table[i]);
    }
    check("%%41", true, "%A");
    check("%+1", true, "% 1");
}

static void escapes_are_decoded_once(void **state)
{
    check("", false, "");
    check("plain", false, "plain");
    check("%41%42c", false, "ABc");
    check("%c3%A9", false, "\xc3\xa9");
    check("%2541", false, "%41");
    check("%FF%01", false, "\xff\x01");
}

static void plus_is_a_space_in_forms_alone(void **state)
{
    check("a+b%2B", false, "a+b+");
    check("a+b%2B", true, "a b+");
}

static int set_up(void **state)
{
    input = guard_new(64);
    output = guard_new(64);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&input);
    guard_free(&output);
    return 0;
}

static bool same(const char *one, const char *other)
{
    struct pinion_slice first = pinion__slice(guard_place(&input, one, strlen(one)), strlen(one));
    struct pinion_slice second = pinion__slice(guard_place(&output, other, strlen(other)), strlen(other));
    return pinion__percent_same(first, second) && pinion__percent_same(second, first);
}

static void texts_are_compared_decoded(void **state)
{
    assert_true(same("", ""));
    assert_true(same("abc", "abc"));
    assert_true(same("a%62c", "abc"));
    assert_true(same("%61%62%63", "%61bc"));
    assert_true(same("%c3%A4", "%C3%a4"));
    assert_false(same("ab", "abc"));
    assert_false(same("ab", "ab%63"));
    assert_false(same("a%62d", "abc"));
    assert_false(same("%2561", "a"));
    assert_false(same("a%6", "a%6")); /* broken */
    assert_false(same("a%zz", "a%zz"));
    assert_false(same("%", "%"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(broken_escapes_are_refused_but_in_forms),
        cmocka_unit_test(escapes_are_decoded_once),
        cmocka_unit_test(plus_is_a_space_in_forms_alone),
        cmocka_unit_test(texts_are_compared_decoded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
