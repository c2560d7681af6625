#include "proto/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

/* Each is wrong at its last byte, or ends in the middle of a character. */
static const struct pinion_slice invalid[] = {
    LITERAL("\x80"),
    LITERAL("\xBF"),
    LITERAL("\xC0"),
    LITERAL("\xC1"),
    LITERAL("\xC2\x7F"),
    LITERAL("\xDF\xC0"),
    LITERAL("\xE0\x9F"),
    LITERAL("\xE1\x80\x7F"),
    LITERAL("\xED\xA0"),
    LITERAL("\xEF\xBF\xC0"),
    LITERAL("\xF0\x8F"),
    LITERAL("\xF4\x90"),
    LITERAL("\xF1\x80\x80\x7F"),
    LITERAL("\xF3\xBF\xBF\xC0"),
    LITERAL("\xF5"),
    LITERAL("\xFF"),
    LITERAL("\xC2"),
    LITERAL("\xE3\x81"),
    LITERAL("\xF0\x9F\x98"),
    LITERAL("caf\xC3"),
    LITERAL("\xC3\xA9\xA9"),
    LITERAL("a\x00\xFE"),
};

static const struct pinion_slice valid[] = {
    LITERAL(""),
    LITERAL("a\x00\x7F"),
    LITERAL("\xC2\x80\xDF\xBF"),
    LITERAL("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"),
    LITERAL("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
    LITERAL("caf\xC3\xA9, \xE3\x81\x82 and \xF0\x9F\x98\x80 in one sentence"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The verdict on a text fed in two parts. */
static bool valid_in_parts(const char *text, size_t len, size_t cut)
{
    struct pinion_utf8 state = { 0 };
    return pinion__utf8_feed(&state, text, cut) && pinion__utf8_feed(&state, text + cut, len - cut) &&
           pinion__utf8_complete(&state);
}

static void check_however_cut(struct guard *guard, struct pinion_slice text, bool expected)
{
    const char *placed = guard_place(guard, text.ptr, text.len);
    assert_int_equal(pinion__utf8_valid(placed, text.len), expected);
    for (size_t cut = 0; cut <= text.len; cut++)
        assert_int_equal(valid_in_parts(placed, text.len, cut), expected);
}

static void refuses_what_is_not_utf8(void **unused)
{
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < COUNT(invalid); i++)
        check_however_cut(&guard, invalid[i], false);
    guard_free(&guard);
}

static void takes_what_is(void **unused)
{
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < COUNT(valid); i++)
        check_however_cut(&guard, valid[i], true);
    guard_free(&guard);
}

static void finds_a_bad_byte_at_any_place_of_a_long_text(void **unused)
{
    struct guard guard = guard_new(64);
    char text[40];
    for (size_t bad = 0; bad < sizeof text; bad++) {
        memset(text, 'a', sizeof text);
        text[bad] = (char)0x80;
        check_however_cut(&guard, pinion__slice(text, sizeof text), false);
    }
    guard_free(&guard);
}

/* 128 * 128 pairs of ASCII, and the 1920 characters of two bytes. */
static void judges_every_pair_of_bytes(void **unused)
{
    unsigned count = 0;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        uint8_t bytes[] = { (uint8_t)(pair >> 8), (uint8_t)pair };
        count += pinion__utf8_valid(bytes, sizeof bytes);
    }
    assert_int_equal(count, 128 * 128 + 1920);
}

/* The first two bytes decide. Of the 16 * 64 that could begin three bytes, 32 are overlong and 32 surrogates;
 * of those that could begin four, 16 after F0 are overlong and 48 after F4 are beyond U+10FFFF. */
static void judges_every_beginning_of_a_longer_character(void **unused)
{
    unsigned three = 0;
    unsigned four = 0;
    for (unsigned pair = 0xE000; pair < 0x10000; pair++) {
        uint8_t bytes[] = { (uint8_t)(pair >> 8), (uint8_t)pair, 0x80, 0x80 };
        three += pinion__utf8_valid(bytes, 3);
        four += pinion__utf8_valid(bytes, 4);
    }
    assert_int_equal(three, 16 * 64 - 32 - 32);
    assert_int_equal(four, 3 * 64 + 48 + 16);
}

static void says_no_as_soon_as_it_is_certain(void **unused)
{
    struct pinion_utf8 state = { 0 };
    assert_true(pinion__utf8_feed(&state, "\xED", 1));
    assert_false(pinion__utf8_feed(&state, "\xA0", 1));
}

static void spans_only_characters_beyond_ascii(void **unused)
{
    static const struct {
        struct pinion_slice text;
        size_t span;
    } cases[] = {
        { LITERAL(""), 0 },
        { LITERAL("a\xC3\xA9"), 0 },
        { LITERAL("\xC3"), 0 },
        { LITERAL("\x80\xC3\xA9"), 0 },
        { LITERAL("\xC3\xA9"), 2 },
        { LITERAL("\xC3\xA9\xE3\x81\x82z\xC3\xA9"), 5 },
        { LITERAL("\xC3\xA9\xE3\x81"), 2 },
        { LITERAL("\xF0\x9F\x98\x80\xED\xA0\x80"), 4 },
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *placed = guard_place(&guard, cases[i].text.ptr, cases[i].text.len);
        assert_int_equal(pinion__utf8_span(placed, cases[i].text.len), cases[i].span);
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_utf8),
        cmocka_unit_test(takes_what_is),
        cmocka_unit_test(finds_a_bad_byte_at_any_place_of_a_long_text),
        cmocka_unit_test(judges_every_pair_of_bytes),
        cmocka_unit_test(judges_every_beginning_of_a_longer_character),
        cmocka_unit_test(says_no_as_soon_as_it_is_certain),
        cmocka_unit_test(spans_only_characters_beyond_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
