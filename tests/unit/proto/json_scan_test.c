#include "proto/json_scan.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct guard guard;

static int scan(struct pinion_slice text, struct pinion_json_value *value)
{
    return pinion__json_scan(pinion__slice(guard_place(&guard, text.ptr, text.len), text.len), value);
}

static bool is_json(struct pinion_slice text)
{
    struct pinion_json_value value;
    int rc = scan(text, &value);
    assert_true(rc == 0 || rc == PINION_EPROTO);
    return rc == 0;
}

/* --- whole texts --- */

static const struct pinion_slice invalid[] = {
    /* nothing, or no value */
    LITERAL(""),
    LITERAL(" \n"),
    LITERAL(","),
    LITERAL("]"),
    LITERAL("}"),
    LITERAL(":"),
    LITERAL("\x00"),
    LITERAL("\xEF\xBB\xBF{}"),
    LITERAL("\xC2\xA0"),
    LITERAL("\v1"),
    /* words */
    LITERAL("nul"),
    LITERAL("nulll"),
    LITERAL("True"),
    LITERAL("truE"),
    LITERAL("fals"),
    LITERAL("NaN"),
    LITERAL("Infinity"),
    LITERAL("undefined"),
    /* numbers */
    LITERAL("01"),
    LITERAL("-01"),
    LITERAL("00"),
    LITERAL("-"),
    LITERAL("+1"),
    LITERAL("--1"),
    LITERAL("- 1"),
    LITERAL(".5"),
    LITERAL("1."),
    LITERAL("1.e5"),
    LITERAL("1e"),
    LITERAL("1e+"),
    LITERAL("1e-"),
    LITERAL("1e1.5"),
    LITERAL("1.2.3"),
    LITERAL("0x1F"),
    LITERAL("1_000"),
    LITERAL("-Infinity"),
    LITERAL("1\x00"),
    /* strings */
    LITERAL("\""),
    LITERAL("\"abc"),
    LITERAL("'a'"),
    LITERAL("\"a\nb\""),
    LITERAL("\"a\tb\""),
    LITERAL("\"a\x00"
            "b\""),
    LITERAL("\"\x1F\""),
    LITERAL("\"\\\""),
    LITERAL("\"\\a\""),
    LITERAL("\"\\x41\""),
    LITERAL("\"\\'\""),
    LITERAL("\"\\\x00\""),
    LITERAL("\"\\u\""),
    LITERAL("\"\\u12\""),
    LITERAL("\"\\u123g\""),
    LITERAL("\"\\u 123\""),
    LITERAL("\"\\U0041\""),
    LITERAL("\"\\ud800\""),
    LITERAL("\"\\udbff\""),
    LITERAL("\"\\udc00\""),
    LITERAL("\"\\udfff\""),
    LITERAL("\"\\ud800x\""),
    LITERAL("\"\\ud800\\n\""),
    LITERAL("\"\\ud800\\u0041\""),
    LITERAL("\"\\ud800\\ud800\""),
    LITERAL("\"\\ud800\\udbff\""),
    LITERAL("\"\\udc00\\ud800\""),
    LITERAL("\"\\udc00\\udc00\""),
    LITERAL("\"\\ud800\\ue000\""),
    LITERAL("\"\\ud800\\uffff\""),
    LITERAL("\"\\ud83d\\\""),
    LITERAL("\"\x80\""),
    LITERAL("\"\xC3\""),
    LITERAL("\"\xC0\x80\""),
    LITERAL("\"\xED\xA0\x80\""),
    LITERAL("\"\xF4\x90\x80\x80\""),
    LITERAL("\"\xFF\""),
    LITERAL("\"a\xE3\x81\""),
    /* arrays */
    LITERAL("["),
    LITERAL("[1"),
    LITERAL("[1,"),
    LITERAL("[,]"),
    LITERAL("[1,]"),
    LITERAL("[,1]"),
    LITERAL("[1,,2]"),
    LITERAL("[1 2]"),
    LITERAL("[1}"),
    LITERAL("[1]]"),
    LITERAL("[[1]"),
    LITERAL("[:]"),
    LITERAL("[\"a\":1]"),
    /* objects */
    LITERAL("{"),
    LITERAL("{]"),
    LITERAL("{\"a\""),
    LITERAL("{\"a\":"),
    LITERAL("{\"a\":1"),
    LITERAL("{\"a\":1,"),
    LITERAL("{\"a\"}"),
    LITERAL("{\"a\":}"),
    LITERAL("{\"a\",1}"),
    LITERAL("{\"a\"::1}"),
    LITERAL("{\"a\":1,}"),
    LITERAL("{,\"a\":1}"),
    LITERAL("{\"a\":1 \"b\":2}"),
    LITERAL("{a:1}"),
    LITERAL("{1:1}"),
    LITERAL("{null:1}"),
    LITERAL("{[]:1}"),
    LITERAL("{\"a\":1}}"),
    LITERAL("{\"a\":{\"b\":1}"),
    LITERAL("{\"\xFF\":1}"),
    LITERAL("{\"\\q\":1}"),
    /* something behind the value */
    LITERAL("{}x"),
    LITERAL("{}{}"),
    LITERAL("1 2"),
    LITERAL("null,"),
    LITERAL("\"a\"\"b\""),
    LITERAL("1\f"),
    LITERAL("[] // no"),
    LITERAL("/**/[]"),
};

static void refuses_what_is_not_json(void **unused)
{
    for (size_t i = 0; i < COUNT(invalid); i++) {
        if (is_json(invalid[i]))
            fail_msg("taken: %.*s", (int)invalid[i].len, invalid[i].ptr);
    }
}

/* Within a container, a text that is invalid alone mostly is too; these may be completed by what follows. */
static bool completed_by_wrapping(struct pinion_slice text)
{
    static const char *const texts[] = { "", " \n", ",", "null,", "1 2", "[1]]", "{\"a\":1}}" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (pinion__slice_is(text, texts[i]))
            return true;
    }
    return false;
}

/* open, text, close: against the guard page. */
static struct pinion_slice wrapped(const char *open, struct pinion_slice text, const char *close)
{
    static char buffer[128];
    assert_in_range(text.len, 1, sizeof buffer - 16);
    char *end = stpcpy(buffer, open);
    end = mempcpy(end, text.ptr, text.len);
    end = stpcpy(end, close);
    size_t len = (size_t)(end - buffer);
    return pinion__slice(guard_place(&guard, buffer, len), len);
}

static void refuses_it_as_an_element_and_as_a_member(void **unused)
{
    struct pinion_json_value values[5];
    const char *name = "topic";
    bool found;

    for (size_t i = 0; i < COUNT(invalid); i++) {
        if (completed_by_wrapping(invalid[i]))
            continue;
        if (pinion__json_scan_array(wrapped("[1,2,3,4,", invalid[i], "]"), PINION_JSON_DEPTH, values, 5) == 0)
            fail_msg("taken as an element: %.*s", (int)invalid[i].len, invalid[i].ptr);
        if (pinion__json_scan_object(wrapped("{\"topic\":", invalid[i], "}"), PINION_JSON_DEPTH, &name,
                                     values, &found, 1) == 0)
            fail_msg("taken as a member: %.*s", (int)invalid[i].len, invalid[i].ptr);
    }
}

static const struct valid_case {
    struct pinion_slice text;
    enum pinion_json_type type;
    bool escaped;
    bool spaced;
} valid[] = {
    { LITERAL("null"), PINION_JSON_NULL, false, false },
    { LITERAL("true"), PINION_JSON_BOOL, false, false },
    { LITERAL("false"), PINION_JSON_BOOL, false, false },
    { LITERAL("0"), PINION_JSON_NUMBER, false, false },
    { LITERAL("-0"), PINION_JSON_NUMBER, false, false },
    { LITERAL("10"), PINION_JSON_NUMBER, false, false },
    { LITERAL("-12.50"), PINION_JSON_NUMBER, false, false },
    { LITERAL("0.0"), PINION_JSON_NUMBER, false, false },
    { LITERAL("1e5"), PINION_JSON_NUMBER, false, false },
    { LITERAL("1E+05"), PINION_JSON_NUMBER, false, false },
    { LITERAL("-0.1e-07"), PINION_JSON_NUMBER, false, false },
    { LITERAL("123456789012345678901234567890"), PINION_JSON_NUMBER, false, false },
    { LITERAL("\"\""), PINION_JSON_STRING, false, false },
    { LITERAL("\"a b\""), PINION_JSON_STRING, false, false },
    { LITERAL("\"/\x7F<>&\""), PINION_JSON_STRING, false, false },
    { LITERAL("\"caf\xC3\xA9 \xE3\x81\x82\xF0\x9F\x98\x80\""), PINION_JSON_STRING, false, false },
    { LITERAL("\"\xE2\x80\xA8\""), PINION_JSON_STRING, false, false },
    { LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), PINION_JSON_STRING, true, false },
    { LITERAL("\"\\u0000\\uD7FF\\uE000\\uffff\""), PINION_JSON_STRING, true, false },
    { LITERAL("\"\\ud83d\\uDE00\\udbff\\udfff\""), PINION_JSON_STRING, true, false },
    { LITERAL("[]"), PINION_JSON_ARRAY, false, false },
    { LITERAL("[ ]"), PINION_JSON_ARRAY, false, true },
    { LITERAL("[1,\"two\\n\",[],{},null,true]"), PINION_JSON_ARRAY, false, false },
    { LITERAL("[1, 2]"), PINION_JSON_ARRAY, false, true },
    { LITERAL("[[[]],[[],[]]]"), PINION_JSON_ARRAY, false, false },
    { LITERAL("[\"a b\"]"), PINION_JSON_ARRAY, false, false },
    { LITERAL("{}"), PINION_JSON_OBJECT, false, false },
    { LITERAL("{\n}"), PINION_JSON_OBJECT, false, true },
    { LITERAL("{\"a\":1,\"a\":{\"b\":[{}]}}"), PINION_JSON_OBJECT, false, false },
    { LITERAL("{\"a\" :1}"), PINION_JSON_OBJECT, false, true },
    { LITERAL("{\"a\":\t1}"), PINION_JSON_OBJECT, false, true },
    { LITERAL("{\"a\":1\r}"), PINION_JSON_OBJECT, false, true },
    { LITERAL("{\"\":\"\",\"\\u0000\":0}"), PINION_JSON_OBJECT, false, false },
};

static void check_value(const struct pinion_json_value *value, const struct valid_case *expected)
{
    assert_true(pinion__slice_eq(value->text, expected->text));
    assert_int_equal(value->type, expected->type);
    assert_int_equal(value->escaped, expected->escaped);
    assert_int_equal(value->spaced, expected->spaced);
}

static void takes_json_and_tells_what_it_is(void **unused)
{
    struct pinion_json_value value;
    char padded[128];
    for (size_t i = 0; i < COUNT(valid); i++) {
        assert_int_equal(scan(valid[i].text, &value), 0);
        check_value(&value, &valid[i]);

        int len = snprintf(padded, sizeof padded, " \t%.*s\r\n", (int)valid[i].text.len, valid[i].text.ptr);
        assert_int_equal(scan(pinion__slice(padded, (size_t)len), &value), 0);
        check_value(&value, &valid[i]);
    }
}

static void refuses_every_beginning_of_a_text(void **unused)
{
    for (size_t i = 0; i < COUNT(valid); i++) {
        for (size_t len = 0; len < valid[i].text.len; len++) {
            bool taken = is_json(pinion__slice(valid[i].text.ptr, len));
            assert_false(taken && valid[i].type != PINION_JSON_NUMBER);
        }
    }
}

/* --- strings --- */

/* Eight bytes are looked at together: each value must be seen at each place, whatever surrounds it. */
static void judges_every_byte_at_every_place_of_a_string(void **unused)
{
    char text[27];
    for (unsigned byte = 0; byte < 256; byte++) {
        bool plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
        for (size_t at = 1; at < sizeof text - 1; at++) {
            memset(text, at % 2 ? ' ' : '#', sizeof text);
            text[0] = text[sizeof text - 1] = '"';
            text[at] = (char)byte;
            assert_int_equal(is_json(pinion__slice(text, sizeof text)), plain);
        }
    }
}

static void finds_the_end_of_strings_of_every_length(void **unused)
{
    char text[64];
    struct pinion_json_value value;
    for (size_t len = 0; len <= 40; len++) {
        memset(text, 'x', sizeof text);
        text[0] = text[len + 1] = '"';
        assert_int_equal(scan(pinion__slice(text, len + 2), &value), 0);
        assert_int_equal(value.text.len, len + 2);
        assert_int_equal(scan(pinion__slice(text, len + 1), &value), PINION_EPROTO);
    }
}

/* --- numbers --- */

/* 2^1024 - 2^970, halfway between the greatest double and the next power, without its last digit, a 2. */
#define LIMIT_START                                                                                          \
    "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096" \
    "330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730" \
    "270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497" \
    "79"

static void refuses_numbers_beyond_the_doubles(void **unused)
{
    static const struct pinion_slice numbers[] = {
        LITERAL("1E400"),
        LITERAL("-1e309"),
        LITERAL("1.7976931348623159e308"),
        LITERAL("0.00017976931348623159e312"),
        LITERAL("17976931348623159000e289"),
        LITERAL(LIMIT_START "2.0"),
        LITERAL(LIMIT_START "2e0"),
        LITERAL(LIMIT_START "2e-0"),
        LITERAL("-" LIMIT_START "2.00000000000000000001"),
        LITERAL(LIMIT_START "9.5"),
        LITERAL(LIMIT_START "20.0"),
        LITERAL("0." LIMIT_START "2e309"),
        LITERAL("1e99999999999999999999999999999"),
        LITERAL("0.0000000000000000000000000000000000000001e99999999999999999999"),
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (is_json(numbers[i]))
            fail_msg("taken: %s", numbers[i].ptr);
    }
}

static void takes_numbers_up_to_the_greatest_double(void **unused)
{
    static const struct pinion_slice numbers[] = {
        LITERAL("1e308"),
        LITERAL("1.7976931348623157e308"),
        LITERAL("-1.7976931348623158e308"),
        LITERAL("0.0000017976931348623157e314"),
        LITERAL(LIMIT_START "1.9999999999999999"),
        LITERAL(LIMIT_START "1e0"),
        LITERAL("0." LIMIT_START "1e309"),
        LITERAL(LIMIT_START "2"),
        LITERAL("9" LIMIT_START "2"),
        LITERAL("9" LIMIT_START "2e-5"),
        LITERAL("0e99999999999999999999999999999"),
        LITERAL("-0.000e400"),
        LITERAL("1e-99999999999999999999999999999"),
        LITERAL("4.9e-324"),
        LITERAL("1e-400"),
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (!is_json(numbers[i]))
            fail_msg("refused: %s", numbers[i].ptr);
    }
}

static void agrees_with_strtod_near_the_limit(void **unused)
{
    uint64_t random = 1;
    int refused = 0;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned digits = (unsigned)(random >> 40) % 2000;
        int zeros = (int)(random >> 33) % 4;
        int len = snprintf(text, sizeof text, "%.*s0.17976931348623%03u%llue%d", i % 2, "-", digits,
                           (unsigned long long)(random >> 8), 309 - zeros / 3);
        bool infinite = isinf(strtod(text, NULL));
        refused += infinite;
        assert_int_equal(is_json(pinion__slice(text, (size_t)len)), !infinite);
    }
    assert_in_range(refused, 1000, 19000);
}

/* --- nesting --- */

/* depth openers, then the middle, then the closers. */
static struct pinion_slice nested(char *out, size_t depth, const char *open, const char *middle, char close)
{
    char *end = out;
    for (size_t i = 0; i < depth; i++)
        end = stpcpy(end, open);
    end = stpcpy(end, middle);
    memset(end, close, depth);
    return pinion__slice(out, (size_t)(end - out) + depth);
}

static void allows_128_levels_and_no_more(void **unused)
{
    char text[4096];
    struct pinion_json_value value;
    const char *name = "a";
    bool found;

    assert_true(is_json(nested(text, 128, "[", "", ']')));
    assert_false(is_json(nested(text, 129, "[", "", ']')));
    assert_true(is_json(nested(text, 128, "[", "1", ']')));
    assert_true(is_json(nested(text, 127, "{\"a\":", "{}", '}')));
    assert_false(is_json(nested(text, 128, "{\"a\":", "{}", '}')));
    assert_true(is_json(nested(text, 127, "[1,", "{}", ']')));
    assert_false(is_json(nested(text, 128, "[1,", "{}", ']')));

    assert_int_equal(pinion__json_scan_array(nested(text, 128, "[", "", ']'), PINION_JSON_DEPTH, &value, 1),
                     0);
    assert_int_equal(pinion__json_scan_array(nested(text, 129, "[", "", ']'), PINION_JSON_DEPTH, &value, 1),
                     PINION_EPROTO);
    assert_int_equal(pinion__json_scan_object(nested(text, 128, "{\"a\":", "1", '}'), PINION_JSON_DEPTH,
                                              &name, &value, &found, 1),
                     0);
    assert_int_equal(pinion__json_scan_object(nested(text, 129, "{\"a\":", "1", '}'), PINION_JSON_DEPTH,
                                              &name, &value, &found, 1),
                     PINION_EPROTO);
}

static void closes_each_container_with_its_own_bracket(void **unused)
{
    assert_true(is_json(LITERAL("[{\"a\":[{\"b\":[]}]},{}]")));
    assert_false(is_json(LITERAL("[{\"a\":[{\"b\":[}]]},{}]")));
    assert_false(is_json(LITERAL("[{\"a\":[1}]")));
    assert_false(is_json(LITERAL("{\"a\":[1}]")));
}

static void refuses_a_flood_of_openers(void **unused)
{
    enum { FLOOD = 100000 };
    char *text = malloc(FLOOD);
    assert_non_null(text);
    memset(text, '[', FLOOD);
    struct pinion_json_value value;
    assert_int_equal(pinion__json_scan(pinion__slice(text, FLOOD), &value), PINION_EPROTO);
    free(text);
}

/* --- arrays --- */

static void finds_the_elements_of_an_array(void **unused)
{
    struct pinion_json_value e[5];
    struct pinion_slice text = LITERAL(" [ \"1\" ,null,\"r\\u006fom\", [1, 2] ,{\"a\":[true]} , 6, [ ] ] \n");
    assert_int_equal(pinion__json_scan_array(text, PINION_JSON_DEPTH, e, 5), 0);

    static const struct valid_case expected[] = {
        { LITERAL("\"1\""), PINION_JSON_STRING, false, false },
        { LITERAL("null"), PINION_JSON_NULL, false, false },
        { LITERAL("\"r\\u006fom\""), PINION_JSON_STRING, true, false },
        { LITERAL("[1, 2]"), PINION_JSON_ARRAY, false, true },
        { LITERAL("{\"a\":[true]}"), PINION_JSON_OBJECT, false, false },
    };
    for (size_t i = 0; i < COUNT(expected); i++)
        check_value(&e[i], &expected[i]);
}

static void refuses_too_few_elements_and_what_is_no_array(void **unused)
{
    struct pinion_json_value e[2];
    static const struct pinion_slice texts[] = {
        LITERAL("[]"),          LITERAL("[ ]"),  LITERAL("[1]"), LITERAL("[[1,2,3]]"), LITERAL("{\"a\":1}"),
        LITERAL("\"[1,2,3]\""), LITERAL("null"), LITERAL("1"),   LITERAL(""),          LITERAL("[1,2}"),
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(pinion__json_scan_array(texts[i], PINION_JSON_DEPTH, e, 2), PINION_EPROTO);
    assert_int_equal(pinion__json_scan_array(LITERAL("[1,2]"), PINION_JSON_DEPTH, e, 2), 0);
    assert_int_equal(pinion__json_scan_array(LITERAL("[]"), PINION_JSON_DEPTH, e, 0), 0);
}

static void checks_the_elements_it_does_not_give(void **unused)
{
    struct pinion_json_value e[1];
    assert_int_equal(pinion__json_scan_array(LITERAL("[1,tru]"), PINION_JSON_DEPTH, e, 1), PINION_EPROTO);
    assert_int_equal(pinion__json_scan_array(LITERAL("[1,[\"\xFF\"]]"), PINION_JSON_DEPTH, e, 1),
                     PINION_EPROTO);
    assert_int_equal(pinion__json_scan_array(LITERAL("[1,2"), PINION_JSON_DEPTH, e, 1), PINION_EPROTO);
    assert_int_equal(pinion__json_scan_array(LITERAL("[1],"), PINION_JSON_DEPTH, e, 1), PINION_EPROTO);
}

/* --- objects --- */

static const char *const names[] = { "topic", "ref" };

static int scan_object(struct pinion_slice text, struct pinion_json_value values[2], bool found[2])
{
    const char *placed = guard_place(&guard, text.ptr, text.len);
    return pinion__json_scan_object(pinion__slice(placed, text.len), PINION_JSON_DEPTH, names, values, found,
                                    2);
}

static void finds_members_by_name(void **unused)
{
    struct pinion_json_value values[2];
    bool found[2];
    assert_int_equal(
        scan_object(LITERAL(" {\"x\":{\"ref\":0}, \"ref\" : [ ] ,\"topic\":\"a\\n\"} "), values, found), 0);
    assert_true(found[0] && found[1]);
    check_value(&values[0], &(struct valid_case){ LITERAL("\"a\\n\""), PINION_JSON_STRING, true, false });
    check_value(&values[1], &(struct valid_case){ LITERAL("[ ]"), PINION_JSON_ARRAY, false, true });
}

static void tells_which_members_there_are(void **unused)
{
    struct pinion_json_value values[2];
    bool found[2] = { true, true };
    assert_int_equal(scan_object(LITERAL("{}"), values, found), 0);
    assert_false(found[0] || found[1]);
    assert_int_equal(
        scan_object(LITERAL("{\"ref\":null,\"topi\":1,\"topics\":2,\"\":3,\"Topic\":4}"), values, found), 0);
    assert_false(found[0]);
    assert_true(found[1]);
}

static void compares_names_after_unescaping(void **unused)
{
    struct pinion_json_value values[2];
    bool found[2];
    assert_int_equal(scan_object(LITERAL("{\"t\\u006Fpic\":1,\"re\\u0066\\u0000\":2}"), values, found), 0);
    assert_true(found[0]);
    assert_false(found[1]);

    char text[200] = "{\"\\n";
    memset(text + 4, 'x', 100);
    strcpy(text + 104, "\":1,\"ref\":2}");
    assert_int_equal(scan_object(pinion__slice_str(text), values, found), 0);
    assert_false(found[0]);
    assert_true(found[1]);
}

static void takes_the_first_of_equal_names(void **unused)
{
    struct pinion_json_value values[2];
    bool found[2];
    assert_int_equal(scan_object(LITERAL("{\"ref\":1,\"topic\":2,\"r\\u0065f\":3}"), values, found), 0);
    assert_true(pinion__slice_is(values[1].text, "1"));
}

static void refuses_what_is_no_object(void **unused)
{
    struct pinion_json_value values[2];
    bool found[2];
    static const struct pinion_slice texts[] = {
        LITERAL("[]"),
        LITERAL("null"),
        LITERAL("\"{}\""),
        LITERAL(""),
        LITERAL("{} {}"),
        LITERAL("{"),
        LITERAL("{\"topic\":1,}"),
        LITERAL("{\"topic\" 1}"),
        LITERAL("{topic:1}"),
        LITERAL("{\"topic\":1]"),
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(scan_object(texts[i], values, found), PINION_EPROTO);
}

static int set_up(void **unused)
{
    guard = guard_new(8192);
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
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(refuses_it_as_an_element_and_as_a_member),
        cmocka_unit_test(takes_json_and_tells_what_it_is),
        cmocka_unit_test(refuses_every_beginning_of_a_text),
        cmocka_unit_test(judges_every_byte_at_every_place_of_a_string),
        cmocka_unit_test(finds_the_end_of_strings_of_every_length),
        cmocka_unit_test(refuses_numbers_beyond_the_doubles),
        cmocka_unit_test(takes_numbers_up_to_the_greatest_double),
        cmocka_unit_test(agrees_with_strtod_near_the_limit),
        cmocka_unit_test(allows_128_levels_and_no_more),
        cmocka_unit_test(closes_each_container_with_its_own_bracket),
        cmocka_unit_test(refuses_a_flood_of_openers),
        cmocka_unit_test(finds_the_elements_of_an_array),
        cmocka_unit_test(refuses_too_few_elements_and_what_is_no_array),
        cmocka_unit_test(checks_the_elements_it_does_not_give),
        cmocka_unit_test(finds_members_by_name),
        cmocka_unit_test(tells_which_members_there_are),
        cmocka_unit_test(compares_names_after_unescaping),
        cmocka_unit_test(takes_the_first_of_equal_names),
        cmocka_unit_test(refuses_what_is_no_object),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
