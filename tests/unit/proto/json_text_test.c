/* The parts of json_scan.h that rewrite text. */
#include "proto/json_scan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct guard guard;

/* A checked value that lies against the guard page. */
static struct pinion_json_value checked(struct pinion_slice text)
{
    struct pinion_json_value value;
    const char *placed = guard_place(&guard, text.ptr, text.len);
    assert_int_equal(pinion__json_scan(pinion__slice(placed, text.len), &value), 0);
    return value;
}

static const struct {
    struct pinion_slice text;
    struct pinion_slice chars;
} strings[] = {
    { LITERAL("\"\""), LITERAL("") },
    { LITERAL("\"plain\""), LITERAL("plain") },
    { LITERAL("\"caf\xC3\xA9\""), LITERAL("caf\xC3\xA9") },
    { LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), LITERAL("\"\\/\b\f\n\r\t") },
    { LITERAL("\"r\\u006fom\\u003A1\""), LITERAL("room:1") },
    { LITERAL("\"\\u0000\\u007f\\u0080\\u07FF\""), LITERAL("\x00\x7F\xC2\x80\xDF\xBF") },
    { LITERAL("\"\\u0800\\ud7ff\\uE000\\uffff\""),
      LITERAL("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF") },
    { LITERAL("\"\\ud800\\udc00\\uD83D\\uDE00\\udbff\\udfff\""),
      LITERAL("\xF0\x90\x80\x80\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF") },
};

static void unescapes_strings(void **unused)
{
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct pinion_json_value value = checked(strings[i].text);
        char scratch[64];
        struct pinion_slice chars;
        assert_int_equal(pinion__json_unescape(&value, scratch, sizeof scratch, &chars), 0);
        assert_true(pinion__slice_eq(chars, strings[i].chars));
    }
}

static void borrows_strings_without_escapes(void **unused)
{
    struct pinion_json_value value = checked(LITERAL("\"room:1\""));
    struct pinion_slice chars;
    assert_int_equal(pinion__json_unescape(&value, NULL, 0, &chars), 0);
    assert_ptr_equal(chars.ptr, value.text.ptr + 1);
    assert_int_equal(chars.len, 6);
}

static void writes_no_more_than_the_scratch_holds(void **unused)
{
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct pinion_json_value value = checked(strings[i].text);
        for (size_t room = 0; value.escaped && room <= strings[i].chars.len; room++) {
            struct guard scratch = guard_new(64);
            struct pinion_slice chars = { 0 };
            int rc = pinion__json_unescape(&value, scratch.fence - room, room, &chars);
            assert_int_equal(rc, room < strings[i].chars.len ? PINION_ETOOBIG : 0);
            assert_int_equal(chars.len, rc ? 0 : strings[i].chars.len);
            guard_free(&scratch);
        }
    }
}

static void check_quoted(struct pinion_slice chars, struct pinion_slice expected)
{
    size_t len = pinion__json_quoted_len(chars);
    assert_int_equal(len, expected.len);
    struct guard room = guard_new(len);
    char *out = room.fence - len;
    assert_ptr_equal(pinion__json_quote(out, chars), room.fence);
    assert_true(pinion__slice_eq(pinion__slice(out, len), expected));
    guard_free(&room);
}

static void quotes_as_phoenix_does(void **unused)
{
    check_quoted(LITERAL(""), LITERAL("\"\""));
    check_quoted(LITERAL("\b\t\n\f\r\"\\"), LITERAL("\"\\b\\t\\n\\f\\r\\\"\\\\\""));
    check_quoted(LITERAL("\x00\x1F\x0B"), LITERAL("\"\\u0000\\u001F\\u000B\""));
    check_quoted(LITERAL("/<>&'\x7F\xE2\x80\xA8 caf\xC3\xA9"),
                 LITERAL("\"/<>&'\x7F\xE2\x80\xA8 caf\xC3\xA9\""));
}

static void quoting_and_unescaping_undo_each_other(void **unused)
{
    for (int c = 0; c < 0x80; c++) {
        char chars[] = { 'a', (char)c, 'z' };
        char text[16];
        char scratch[sizeof chars];
        char *end = pinion__json_quote(text, pinion__slice(chars, sizeof chars));
        struct pinion_json_value value = checked(pinion__slice(text, (size_t)(end - text)));
        struct pinion_slice back;
        assert_int_equal(pinion__json_unescape(&value, scratch, sizeof scratch, &back), 0);
        assert_true(pinion__slice_eq(back, pinion__slice(chars, sizeof chars)));
    }
}

static void compacts_everything_but_strings(void **unused)
{
    static const struct {
        struct pinion_slice text;
        struct pinion_slice compact;
    } cases[] = {
        { LITERAL("{}"), LITERAL("{}") },
        { LITERAL("\"a b\\\" \\\\\""), LITERAL("\"a b\\\" \\\\\"") },
        { LITERAL("[ 1 ,\t2,\r\n\"x y\" ]"), LITERAL("[1,2,\"x y\"]") },
        { LITERAL("{ \" \" : [ ] , \"\\\\\" : \"\\\" , \" }"), LITERAL("{\" \":[],\"\\\\\":\"\\\" , \"}") },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pinion_json_value value = checked(cases[i].text);
        char out[64];
        char *end = pinion__json_compact(out, value.text);
        assert_true(pinion__slice_eq(pinion__slice(out, (size_t)(end - out)), cases[i].compact));
    }
}

static int set_up(void **unused)
{
    guard = guard_new(4096);
    return 0;
}

static int tear_down(void **unused)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unescapes_strings),
        cmocka_unit_test(borrows_strings_without_escapes),
        cmocka_unit_test(writes_no_more_than_the_scratch_holds),
        cmocka_unit_test(quotes_as_phoenix_does),
        cmocka_unit_test(quoting_and_unescaping_undo_each_other),
        cmocka_unit_test(compacts_everything_but_strings),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
