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
static long decode(const char *bytes, size_t len, bool plus_is_space, char **out)
{
    struct pinion_slice text = pinion__slice(guard_place(&input, bytes, len), len);
    *out = output.fence - len;
    return pinion__percent_decode(text, plus_is_space, *out);
}

static void broken_escapes_and_nul_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } table[] = {
        { BYTES("%") },   { BYTES("a%") },    { BYTES("%4") },      { BYTES("a%4") },   { BYTES("%4g") },
        { BYTES("%g4") }, { BYTES("%%41") },  { BYTES("% 1") },     { BYTES("%+1") },   { BYTES("%-1") },
        { BYTES("%00") }, { BYTES("a%00b") }, { BYTES("nul\0in") }, { BYTES("%0x41") }, { BYTES("%4\0") },
    };
    for (size_t i = 0; i < LEN(table); i++) {
        char *out;
        assert_int_equal(decode(table[i].bytes, table[i].len, false, &out), PINION_EPROTO);
        assert_int_equal(decode(table[i].bytes, table[i].len, true, &out), PINION_EPROTO);
    }
}

static void check(const char *text, bool plus_is_space, const char *expected)
{
    char *out;
    long len = decode(text, strlen(text), plus_is_space, &out);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
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

static void plus_is_a_space_only_where_asked_for(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_escapes_and_nul_are_refused),
        cmocka_unit_test(escapes_are_decoded_once),
        cmocka_unit_test(plus_is_a_space_only_where_asked_for),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
