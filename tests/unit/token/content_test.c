#include "token/content.h"
#include "token/term.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

#define NOW  INT64_C(1700000000000) /* milliseconds */
#define DAY  (INT64_C(86400) * 1000)
#define ROOM (1 << 20)

/* NOW, as an Erlang integer. */
#define NOW_TERM "n\6\0\0\x68\xE5\xCF\x8B\1"

static struct guard guard;
static struct pinion_buf content;

/* Consumes data. */
static int write_data(pinion_payload *data, int64_t signed_at_ms, int64_t max_age_s)
{
    content.len = 0;
    int rc = pinion__token_content_write(&content, data, signed_at_ms, max_age_s);
    pinion_payload_unref(data);
    return rc;
}

static struct pinion_slice written(void)
{
    return pinion__slice(content.data, content.len);
}

static int read_as(struct pinion_slice bytes, struct pinion_token_reading reading, pinion_payload **data)
{
    char *placed = guard_place(&guard, bytes.ptr, bytes.len);
    return pinion__token_content_read(pinion__slice(placed, bytes.len), &reading, data);
}

/* How it turns out at this time. */
static int read_at(struct pinion_slice bytes, int64_t now_ms, int64_t max_age_s)
{
    pinion_payload *data = NULL;
    int rc = read_as(bytes, (struct pinion_token_reading){ .now_ms = now_ms, .max_age_s = max_age_s }, &data);
    assert_int_equal(data != NULL, rc == 0);
    pinion_payload_unref(data);
    return rc;
}

/* Consumes data. */
static void check_data(pinion_payload *data, pinion_payload_type kind, struct pinion_slice expected)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(data, &len);
    assert_int_equal(pinion_payload_kind(data), kind);
    assert_true(pinion__slice_eq(pinion__slice(bytes, len), expected));
    pinion_payload_unref(data);
}

static void check_content(struct pinion_slice bytes, pinion_payload_type kind, struct pinion_slice expected)
{
    pinion_payload *data = NULL;
    if (read_as(bytes, (struct pinion_token_reading){ .now_ms = NOW }, &data) != 0)
        fail_msg("%s", pinion_error_detail());
    check_data(data, kind, expected);
}

/* ---- writing ---- */

static void content_is_a_tuple_of_three(void **state)
{
    assert_int_equal(write_data(pinion_json("i", 7), NOW, 86400), 0);
    assert_slice(written(), "\x83h\3a\7" NOW_TERM "b\0\1\x51\x80");
    assert_int_equal(write_data(NULL, NOW, PINION_AGE_INFINITY), 0);
    assert_slice(written(), "\x83h\3t\0\0\0\0" NOW_TERM "w\x08infinity");
    assert_int_equal(write_data(pinion_payload_binary("\xFF\0", 2), NOW, 60), 0);
    assert_slice(written(), "\x83h\3m\0\0\0\2\xFF\0" NOW_TERM "a\x3C");
    assert_int_equal(write_data(pinion_payload_binary(NULL, 0), NOW, 60), 0);
    assert_slice(written(), "\x83h\3m\0\0\0\0" NOW_TERM "a\x3C");
}

static void what_cannot_be_written_is_refused(void **state)
{
    static const char large[] = "{\"id\":7,\"large\":9223372036854775808}";
    static const char nul[] = "{\"\\u0000\":1}";
    assert_int_equal(write_data(pinion_json("?"), NOW, 60), PINION_EPAYLOAD);
    assert_int_equal(write_data(pinion_payload_text(nul, strlen(nul)), NOW, 60), PINION_EPAYLOAD);
    assert_int_equal(write_data(pinion_payload_text(large, strlen(large)), NOW, 60), PINION_EPAYLOAD);
    assert_string_equal(pinion_error_detail(), "the token's data contains an integer beyond 64 bits");
}

static void data_nests_as_deep_as_payloads(void **state)
{
    char text[2 * (PINION_TERM_DEPTH + 1)];
    memset(text, '[', PINION_TERM_DEPTH);
    memset(text + PINION_TERM_DEPTH, ']', PINION_TERM_DEPTH);
    pinion_payload *deepest = pinion_payload_text(text, 2 * PINION_TERM_DEPTH);
    assert_int_equal(write_data(deepest, NOW, 60), 0);
    check_content(written(), PINION_PAYLOAD_JSON, pinion__slice(text, 2 * PINION_TERM_DEPTH));

    json_t *deeper = json_array();
    for (int i = 0; i < PINION_TERM_DEPTH; i++)
        deeper = json_pack("[o]", deeper);
    assert_int_equal(write_data(pinion_payload_json(deeper), NOW, 60), PINION_ETOOBIG);
}

/* ---- reading ---- */

static void data_of_every_kind_comes_back(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "7",
        "-1.5",
        "\"\"",
        "\"user 7\"",
        "\"nul\\u0000\"",
        "[]",
        "[1,2]",
        "{}",
        "{\"id\":9223372036854775807,\"roles\":[\"admin\"]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pinion_slice text = pinion__slice_str(texts[i]);
        assert_int_equal(write_data(pinion_payload_text(text.ptr, text.len), NOW, 60), 0);
        check_content(written(), PINION_PAYLOAD_JSON, text);
    }
}

static void bytes_that_are_no_text_come_as_bytes(void **state)
{
    assert_int_equal(write_data(pinion_payload_binary("\xFF\0", 2), NOW, 60), 0);
    check_content(written(), PINION_PAYLOAD_BINARY, LITERAL("\xFF\0"));
    assert_int_equal(write_data(pinion_payload_binary("text", 4), NOW, 60), 0);
    check_content(written(), PINION_PAYLOAD_JSON, LITERAL("\"text\""));
}

static void bytes_that_are_wanted_come_as_bytes(void **state)
{
    static const struct pinion_token_reading binary = { .now_ms = NOW, .binary = true };
    pinion_payload *data = NULL;
    assert_int_equal(write_data(pinion_payload_binary("text", 4), NOW, 60), 0);
    assert_int_equal(read_as(written(), binary, &data), 0);
    check_data(data, PINION_PAYLOAD_BINARY, LITERAL("text"));
    assert_int_equal(write_data(pinion_payload_binary(NULL, 0), NOW, 60), 0);
    assert_int_equal(read_as(written(), binary, &data), 0);
    check_data(data, PINION_PAYLOAD_BINARY, LITERAL(""));
    assert_int_equal(write_data(pinion_json("[s]", "text"), NOW, 60), 0);
    assert_int_equal(read_as(written(), binary, &data), 0);
    check_data(data, PINION_PAYLOAD_JSON, LITERAL("[\"text\"]"));
}

static void earlier_forms_are_read(void **state)
{
    check_content(LITERAL("\x83h\2a\7" NOW_TERM), PINION_PAYLOAD_JSON, LITERAL("7"));
    check_content(LITERAL("\x83i\0\0\0\2a\7" NOW_TERM), PINION_PAYLOAD_JSON, LITERAL("7"));
    check_content(LITERAL("\x83t\0\0\0\2"
                          "d\0\4dataa\7"
                          "d\0\6signed" NOW_TERM),
                  PINION_PAYLOAD_JSON, LITERAL("7"));
    check_content(LITERAL("\x83t\0\0\0\3w\6signed" NOW_TERM "w\4morejw\4datam\0\0\0\1\xFF"),
                  PINION_PAYLOAD_BINARY, LITERAL("\xFF"));
}

static void other_terms_are_no_content(void **state)
{
    static const struct pinion_slice refused[] = {
        LITERAL(""),
        LITERAL("\x83"),
        LITERAL("\x83j"),
        LITERAL("\x83h\0"),
        LITERAL("\x83h\1a\7"),
        LITERAL("\x83h\4a\7" NOW_TERM "a\1a\1"),
        LITERAL("\x83l\0\0\0\3a\7" NOW_TERM "a\1j"),
        LITERAL("\x83h\3a\7" NOW_TERM "a\1j"),
        LITERAL("\x83h\3a\7ja\1"),
        LITERAL("\x83h\3a\7"
                "F?\xF8\0\0\0\0\0\0a\1"),
        LITERAL("\x83h\3a\7w\x08infinitya\1"),
        LITERAL("\x83h\3a\7" NOW_TERM "j"),
        LITERAL("\x83h\3a\7" NOW_TERM "w\3nil"),
        LITERAL("\x83h\3a\7" NOW_TERM "m\0\0\0\x08infinity"),
        LITERAL("\x83t\0\0\0\0"),
        LITERAL("\x83t\0\0\0\1w\4dataa\7"),
        LITERAL("\x83t\0\0\0\1w\6signed" NOW_TERM),
        LITERAL("\x83t\0\0\0\2m\0\0\0\4dataa\7w\6signed" NOW_TERM),
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(read_at(refused[i], NOW, 0), PINION_ETOKENINVALID);
}

static void data_without_a_place_is_another_matter(void **state)
{
    assert_int_equal(read_at(LITERAL("\x83h\3l\0\0\0\1m\0\0\0\1\xFFj" NOW_TERM "a\1"), NOW, 0),
                     PINION_EPAYLOAD);
    assert_string_equal(pinion_error_detail(),
                        "the token's data cannot be a payload: a binary inside is not UTF-8");
    assert_int_equal(read_at(LITERAL("\x83h\3n\x09\0\0\0\0\0\0\0\0\0\1" NOW_TERM "a\1"), NOW, 0),
                     PINION_EPAYLOAD);
}

static void a_part_of_content_is_none(void **state)
{
    assert_int_equal(write_data(pinion_json("{s:[i,s,n]}", "data", 1000, "text"), NOW, 60), 0);
    for (size_t len = 0; len < content.len; len++)
        assert_int_equal(read_at(pinion__slice(content.data, len), NOW, 0), PINION_ETOKENINVALID);
}

/* ---- age ---- */

static void a_token_is_good_up_to_its_age(void **state)
{
    assert_int_equal(write_data(NULL, NOW, 60), 0);
    assert_int_equal(read_at(written(), NOW, 0), 0);
    assert_int_equal(read_at(written(), NOW + 60000, 0), 0);
    assert_int_equal(read_at(written(), NOW + 60001, 0), PINION_ETOKENEXPIRED);
}

static void who_reads_may_set_another_age(void **state)
{
    assert_int_equal(write_data(NULL, NOW, 60), 0);
    assert_int_equal(read_at(written(), NOW + 1000, 1), 0);
    assert_int_equal(read_at(written(), NOW + 1001, 1), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(written(), NOW + DAY, 86400), 0);
    assert_int_equal(read_at(written(), NOW + DAY + 1, 86400), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(written(), INT64_MAX, PINION_AGE_INFINITY), 0);
}

/* As in Phoenix: the clock of the node that signed it may be ahead. */
static void a_token_from_the_future_is_good(void **state)
{
    assert_int_equal(write_data(NULL, NOW, 60), 0);
    assert_int_equal(read_at(written(), NOW - 1, 0), 0);
    assert_int_equal(read_at(written(), NOW - 1000, 0), 0);
    assert_int_equal(read_at(written(), 0, 86400), 0);
    assert_int_equal(read_at(written(), INT64_MIN, 1), 0);
    assert_int_equal(read_at(written(), NOW - 1, PINION_AGE_INFINITY), 0);
}

/* Times at which Elixir's integers go on and ours end. */
static void no_time_overflows(void **state)
{
    assert_int_equal(write_data(NULL, INT64_MAX, 60), 0);
    assert_int_equal(read_at(written(), NOW, 0), 0);
    assert_int_equal(read_at(written(), INT64_MAX, 0), 0);
    assert_int_equal(read_at(written(), NOW, INT64_MAX - 1), 0);
    assert_int_equal(write_data(NULL, INT64_MIN, 60), 0);
    assert_int_equal(read_at(written(), NOW, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(written(), NOW, INT64_MAX - 1), 0);
    assert_int_equal(read_at(written(), INT64_MIN, 0), 0);
}

static void a_token_may_be_good_for_ever(void **state)
{
    assert_int_equal(write_data(NULL, NOW, PINION_AGE_INFINITY), 0);
    assert_int_equal(read_at(written(), INT64_MAX, 0), 0);
    assert_int_equal(read_at(written(), NOW + 1001, 1), PINION_ETOKENEXPIRED);
}

static void earlier_forms_are_good_for_a_day(void **state)
{
    static const struct pinion_slice two = LITERAL("\x83h\2a\7" NOW_TERM);
    static const struct pinion_slice map = LITERAL("\x83t\0\0\0\2w\4dataa\7w\6signed" NOW_TERM);
    assert_int_equal(read_at(two, NOW + DAY, 0), 0);
    assert_int_equal(read_at(two, NOW + DAY + 1, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(map, NOW + DAY, 0), 0);
    assert_int_equal(read_at(map, NOW + DAY + 1, 0), PINION_ETOKENEXPIRED);
}

static void an_age_of_nothing_never_was_good(void **state)
{
    assert_int_equal(write_data(NULL, NOW, 0), 0);
    assert_int_equal(read_at(written(), NOW, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(write_data(NULL, NOW, -60), 0);
    assert_int_equal(read_at(written(), NOW, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(written(), NOW - 1, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(LITERAL("\x83h\3j" NOW_TERM "F\0\0\0\0\0\0\0\0"), NOW, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(LITERAL("\x83h\3j" NOW_TERM "F\xBF\xF0\0\0\0\0\0\0"), NOW, 0),
                     PINION_ETOKENEXPIRED);
}

/* Elixir has 0.5 for half a second; what is left of a millisecond is cut off. */
static void an_age_may_be_a_float(void **state)
{
    static const struct pinion_slice half = LITERAL("\x83h\3j" NOW_TERM "F?\xE0\0\0\0\0\0\0");
    static const struct pinion_slice tiny = LITERAL("\x83h\3j" NOW_TERM "F\x3E\xB0\0\0\0\0\0\0");
    static const struct pinion_slice huge = LITERAL("\x83h\3j" NOW_TERM "F\x7F\xEF\0\0\0\0\0\0");
    assert_int_equal(read_at(half, NOW + 500, 0), 0);
    assert_int_equal(read_at(half, NOW + 501, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(tiny, NOW, 0), 0);
    assert_int_equal(read_at(tiny, NOW + 1, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(read_at(huge, INT64_MAX, 0), 0);
}

/* Times whose sums no 64 bits hold. */
static void ages_beyond_all_time_are_good(void **state)
{
    static const int64_t ages[] = { INT64_MAX / 1000, INT64_MAX / 1000 + 1, INT64_MAX - 1 };
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        assert_int_equal(write_data(NULL, NOW, ages[i]), 0);
        assert_int_equal(read_at(written(), INT64_MAX, 0), 0);
    }
    assert_int_equal(write_data(NULL, INT64_MIN, 60), 0);
    assert_int_equal(read_at(written(), NOW, 0), PINION_ETOKENEXPIRED);
    assert_int_equal(write_data(NULL, INT64_MAX, 60), 0);
    assert_int_equal(read_at(written(), NOW, 0), 0);
    assert_int_equal(read_at(written(), INT64_MAX, 0), 0);
}

static int set_up(void **state)
{
    guard = guard_new(ROOM);
    pinion__buf_init(&content, ROOM);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    pinion__buf_release(&content);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_a_tuple_of_three),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(data_nests_as_deep_as_payloads),
        cmocka_unit_test(data_of_every_kind_comes_back),
        cmocka_unit_test(bytes_that_are_no_text_come_as_bytes),
        cmocka_unit_test(bytes_that_are_wanted_come_as_bytes),
        cmocka_unit_test(earlier_forms_are_read),
        cmocka_unit_test(other_terms_are_no_content),
        cmocka_unit_test(data_without_a_place_is_another_matter),
        cmocka_unit_test(a_part_of_content_is_none),
        cmocka_unit_test(a_token_is_good_up_to_its_age),
        cmocka_unit_test(who_reads_may_set_another_age),
        cmocka_unit_test(a_token_from_the_future_is_good),
        cmocka_unit_test(no_time_overflows),
        cmocka_unit_test(a_token_may_be_good_for_ever),
        cmocka_unit_test(earlier_forms_are_good_for_a_day),
        cmocka_unit_test(an_age_of_nothing_never_was_good),
        cmocka_unit_test(an_age_may_be_a_float),
        cmocka_unit_test(ages_beyond_all_time_are_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
