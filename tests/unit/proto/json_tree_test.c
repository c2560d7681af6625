#include "proto/json_scan.h"
#include "proto/json_tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LONG_NAME "a name that is longer than what the stack or a first buffer would hold, whatever that is"

static json_t *build(const char *text, bool *wide)
{
    struct pinion_json_value value;
    size_t len = strlen(text);
    char *copy = malloc(len); /* exactly, so that a sanitizer sees a byte too many */
    memcpy(copy, text, len);
    if (pinion__json_scan(pinion__slice(copy, len), &value) != 0)
        fail_msg("the scanner refuses %s", text);
    json_t *tree = pinion__json_tree(value.text, wide);
    free(copy);
    return tree;
}

/* Takes the expected tree. */
static void check(const char *text, json_t *expected)
{
    json_t *tree = build(text, NULL);
    if (!tree || !json_equal(tree, expected))
        fail_msg("%s became %s", text, tree ? json_dumps(tree, JSON_ENCODE_ANY) : "nothing");
    json_decref(tree);
    json_decref(expected);
}

static void scalars(void **state)
{
    check("null", json_null());
    check(" true ", json_true());
    check("false", json_false());
    check("\"\"", json_string(""));
    check("\"text\"", json_string("text"));
    check("0", json_integer(0));
    check("-7", json_integer(-7));
    check("1.5", json_real(1.5));
    check("2E-3", json_real(0.002));
    check("1e3", json_real(1000));
}

static void strings_are_unescaped(void **state)
{
    check("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", json_string("\"\\/\b\f\n\r\t"));
    check("\"\\u00e9 \\ud83d\\ude00\"", json_string("\xc3\xa9 \xf0\x9f\x98\x80"));
    check("\"a\\u0000b\"", json_stringn("a\0b", 3));
}

static void containers(void **state)
{
    check("[]", json_array());
    check(" [ ] ", json_array());
    check("{}", json_object());
    check("[1,[2,[3]],{}]", json_pack("[i,[i,[i]],{}]", 1, 2, 3));
    check("\t{ \"a\" : 1 ,\r\n\"b\" : [ { \"c\" : null } ] }",
          json_pack("{s:i,s:[{s:n}]}", "a", 1, "b", "c"));
    check("{\"\\u0061\":{\"" LONG_NAME "\":{\"\":1}}}", json_pack("{s:{s:{s:i}}}", "a", LONG_NAME, "", 1));
}

static void of_equal_names_the_last_counts(void **state)
{
    check("{\"a\":1,\"b\":2,\"\\u0061\":[3]}", json_pack("{s:[i],s:i}", "a", 3, "b", 2));
}

static void integers_of_64_bits_are_exact(void **state)
{
    bool wide = true;
    check("[9007199254740993,-9223372036854775808,9223372036854775807]",
          json_pack("[I,I,I]", (json_int_t)9007199254740993, (json_int_t)INT64_MIN, (json_int_t)INT64_MAX));
    json_decref(build("[9223372036854775807,1e30,-0]", &wide));
    assert_false(wide);
}

static void a_wider_integer_alone_is_a_real(void **state)
{
    bool wide = false;
    json_t *tree = build("[9223372036854775808,-9223372036854775809,9007199254740993]", &wide);
    assert_true(wide);
    assert_true(json_real_value(json_array_get(tree, 0)) == 9223372036854775808.0);
    assert_true(json_real_value(json_array_get(tree, 1)) == -9223372036854775808.0);
    assert_int_equal(json_integer_value(json_array_get(tree, 2)), 9007199254740993);
    json_decref(tree);
}

static void what_jansson_cannot_hold_has_no_tree(void **state)
{
    char huge[402] = "1";
    bool wide = false;
    memset(huge + 1, '0', 400);
    assert_null(build(huge, &wide));
    assert_true(wide);
    assert_null(build("{\"a\":[1,{\"b\\u0000\":2}]}", NULL));
}

/* A program can make such a tree; the scanner refuses it from a client. */
static void nesting_has_an_end(void **state)
{
    enum { MAX = JSON_PARSER_MAX_DEPTH };
    char text[2 * MAX + 2];
    memset(text, '[', MAX + 1);
    memset(text + MAX + 1, ']', MAX + 1);
    json_t *tree = pinion__json_tree(pinion__slice(text + 1, sizeof text - 2), NULL);
    assert_non_null(tree);
    json_decref(tree);
    assert_null(pinion__json_tree(pinion__slice(text, sizeof text), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(containers),
        cmocka_unit_test(of_equal_names_the_last_counts),
        cmocka_unit_test(integers_of_64_bits_are_exact),
        cmocka_unit_test(a_wider_integer_alone_is_a_real),
        cmocka_unit_test(what_jansson_cannot_hold_has_no_tree),
        cmocka_unit_test(nesting_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
