/* Frames with a number in them, and patterns that read it again: for every cut, and for every byte that is
 * wrong. */
#include "helpers/guard.h"
#include "text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct frame_piece piece_of(const char *text, size_t from, size_t len)
{
    return (struct frame_piece){
        .opcode = OPCODE_TEXT,
        .bytes = (const uint8_t *)text + from,
        .len = len,
        .offset = from,
        .total = strlen(text),
    };
}

static bool matches(const struct pattern *pattern, const char *text, size_t cut, uint64_t *number)
{
    struct frame_piece first = piece_of(text, 0, cut), second = piece_of(text, cut, strlen(text) - cut);
    if (cut == 0)
        return pattern_matches(pattern, &second, number);
    if (cut == strlen(text))
        return pattern_matches(pattern, &first, number);
    return pattern_matches(pattern, &first, number) && pattern_matches(pattern, &second, number);
}

static void check_number(struct pattern pattern, const char *text, uint64_t expected)
{
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        uint64_t number = 77;
        assert_true(matches(&pattern, text, cut, &number));
        assert_int_equal(number, expected);
    }
    text_release(&pattern.text);
}

static void a_number_is_read_wherever_it_is_cut(void **state)
{
    check_number((struct pattern){ .text = text_format("[\"%s\",\"" NUMBER "\"]", "a") },
                 "[\"a\",\"0000012345\"]", 12345);
    check_number((struct pattern){ .text = text_format(NUMBER) }, "9876543210", 9876543210u);
    check_number((struct pattern){ .text = text_format(NUMBER "x") }, "0000000001x", 1);
    check_number((struct pattern){ .text = text_format("x" NUMBER) }, "x0000000000", 0);
    check_number((struct pattern){ .text = text_format("no number") }, "no number", 77);
}

static void every_wrong_byte_is_seen(void **state)
{
    static const char right[] = "{\"n\":\"0000000017\",\"pad\":\"abc\"}";
    char wrong[sizeof right];
    struct pattern pattern = { .text = text_format("{\"n\":\"" NUMBER "\",\"pad\":\"abc\"}") };
    for (size_t at = 0; at < strlen(right); at++) {
        strcpy(wrong, right);
        wrong[at] = '~';
        for (size_t cut = 0; cut <= strlen(right); cut++) {
            uint64_t number;
            assert_false(matches(&pattern, wrong, cut, &number));
        }
    }
    text_release(&pattern.text);
}

static void length_and_opcode_must_be_right(void **state)
{
    struct pattern pattern = { .text = text_format("abc") };
    uint64_t number;
    struct frame_piece binary = piece_of("abc", 0, 3);
    binary.opcode = OPCODE_BINARY;
    assert_false(pattern_matches(&pattern, &binary, &number));
    assert_false(matches(&pattern, "ab", 1, &number));
    assert_false(matches(&pattern, "abcd", 1, &number));
    assert_false(matches(&pattern, "abcd", 3, &number));
    text_release(&pattern.text);
}

static void an_open_pattern_minds_its_start_alone(void **state)
{
    struct pattern pattern = { .text = text_format("0{\"sid\":"), .open = true };
    static const char good[] = "0{\"sid\":\"x\",\"upgrades\":[]}", bad[] = "0{\"six\":\"x\",\"upgrades\":[]}";
    uint64_t number;
    for (size_t cut = 0; cut <= strlen(good); cut++) {
        assert_true(matches(&pattern, good, cut, &number));
        assert_false(matches(&pattern, bad, cut, &number));
    }
    assert_false(matches(&pattern, "0{\"sid\"", 2, &number));
    text_release(&pattern.text);
}

/* Read a client's frame as a server does. */
static void check_frame(size_t len, uint64_t number, size_t head)
{
    static char expected[70000];
    static uint8_t out[70020];
    memset(expected, 'p', len);
    memcpy(expected + 5, NUMBER, NUMBER_DIGITS);
    expected[len] = '\0';
    struct frame frame = frame_new(OPCODE_TEXT, text_format("%s", expected));
    assert_int_equal(frame.len, head + 4 + len);
    frame_write(&frame, number, out);
    char digits[NUMBER_DIGITS + 1];
    snprintf(digits, sizeof digits, "%010llu", (unsigned long long)number);
    memcpy(expected + 5, digits, NUMBER_DIGITS);
    assert_int_equal(out[0], 0x81);
    assert_int_equal(out[1], 0x80 | (head == 2 ? len : head == 4 ? 126 : 127));
    for (size_t i = 0; i < len; i++)
        assert_int_equal(out[head + 4 + i] ^ out[head + (i & 3)], expected[i]);
    frame_release(&frame);
}

static void frames_are_masked_and_carry_the_number(void **state)
{
    check_frame(20, 0, 2);
    check_frame(125, 9999999999u, 2);
    check_frame(126, 1234567890, 4);
    check_frame(65535, 42, 4);
    check_frame(65536, 7, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_read_wherever_it_is_cut),
        cmocka_unit_test(every_wrong_byte_is_seen),
        cmocka_unit_test(length_and_opcode_must_be_right),
        cmocka_unit_test(an_open_pattern_minds_its_start_alone),
        cmocka_unit_test(frames_are_masked_and_carry_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
