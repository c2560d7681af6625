/* Bodies of long polling's POSTs, always up to a guard page, and the JSON of its answers. */
#include "base/frame.h"
#include "helpers/guard.h"
#include "proto/longpoll_codec.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct guard guard;

static struct pinion_longpoll_batch batch_of(const char *body, size_t len, bool ndjson)
{
    struct pinion_longpoll_batch batch;
    pinion__longpoll_batch_init(&batch, (char *)guard_place(&guard, body, len), len, ndjson);
    return batch;
}

struct expected {
    int opcode;
    const char *bytes;
    size_t len;
};

static void expect(const char *body, bool ndjson, const struct expected *frames, size_t count)
{
    struct pinion_longpoll_batch batch = batch_of(body, strlen(body), ndjson);
    struct pinion_slice frame;
    int opcode;
    assert_int_equal(pinion__longpoll_batch_check(&batch, 100), 0);
    for (size_t i = 0; i < count; i++) {
        assert_false(pinion__longpoll_batch_empty(&batch));
        assert_true(pinion__longpoll_next(&batch, &opcode, &frame));
        assert_int_equal(opcode, frames[i].opcode);
        assert_int_equal(frame.len, frames[i].len);
        assert_memory_equal(frame.ptr, frames[i].bytes, frame.len);
    }
    assert_true(pinion__longpoll_batch_empty(&batch));
    assert_false(pinion__longpoll_next(&batch, &opcode, &frame));
    assert_false(pinion__longpoll_next(&batch, &opcode, &frame));
}

#define TEXT(s)                                                                                              \
    {                                                                                                        \
        PINION_OPCODE_TEXT, s, sizeof(s) - 1                                                                 \
    }
#define BINARY(s)                                                                                            \
    {                                                                                                        \
        PINION_OPCODE_BINARY, s, sizeof(s) - 1                                                               \
    }
#define EXPECT(body, ndjson, ...)                                                                            \
    expect(body, ndjson, (const struct expected[]){ __VA_ARGS__ },                                           \
           sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

/* As of a buffer that was never used: there is no address to count from. */
static void nothing_at_all_is_no_line(void **state)
{
    struct pinion_longpoll_batch batch;
    pinion__longpoll_batch_init(&batch, NULL, 0, true);
    assert_non_null(batch.at);
    assert_ptr_equal(batch.at, batch.end);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 100), 0);
    assert_true(pinion__longpoll_batch_empty(&batch));
}

static void the_next_one_has_a_length(void **state)
{
    struct pinion_longpoll_batch batch = batch_of("\n[1]\nAAAA\n", strlen("\n[1]\nAAAA\n"), true);
    struct pinion_slice frame;
    int opcode;
    assert_int_equal(pinion__longpoll_batch_next_length(&batch), 3);
    assert_true(pinion__longpoll_next(&batch, &opcode, &frame));
    assert_int_equal(pinion__longpoll_batch_next_length(&batch), 4); /* as it was sent */
    assert_true(pinion__longpoll_next(&batch, &opcode, &frame));
    assert_int_equal(pinion__longpoll_batch_next_length(&batch), 0);
    batch = batch_of("[1]\n", strlen("[1]\n"), false);
    assert_int_equal(pinion__longpoll_batch_next_length(&batch), 4);
}

static void a_line_is_a_frame(void **state)
{
    EXPECT("[1]", true, TEXT("[1]"));
    EXPECT("[1]\n", true, TEXT("[1]"));
    EXPECT("[1]\n[2]\r\n[3]", true, TEXT("[1]"), TEXT("[2]"), TEXT("[3]"));
    EXPECT("[1]\n[2]\n\n", true, TEXT("[1]"), TEXT("[2]"));
    EXPECT("\n\r\n[1]\n\n[2]", true, TEXT("[1]"), TEXT("[2]"));
    EXPECT("\n\n\n\n\n\n\n\n\n\r\n[1]\n\n\n\n\n\n\n\n[2]\n\n\n\n\n\n\n\n\n", true, TEXT("[1]"), TEXT("[2]"));
}

static void a_line_that_begins_otherwise_is_base64(void **state)
{
    EXPECT("AAEC\n", true, BINARY("\x00\x01\x02"));
    EXPECT("AAE=\n[1]\nAA==", true, BINARY("\x00\x01"), TEXT("[1]"), BINARY("\x00"));
    EXPECT("+/+/", true, BINARY("\xfb\xff\xbf"));
}

static void another_content_type_is_one_frame(void **state)
{
    EXPECT("[1]\n[2]", false, TEXT("[1]\n[2]"));
    EXPECT("{\"topic\":1}", false, TEXT("{\"topic\":1}"));
    EXPECT("", false, TEXT(""));
}

static void an_empty_body_of_lines_holds_none(void **state)
{
    expect("", true, NULL, 0);
    expect("\n", true, NULL, 0);
    expect("\r\n\n", true, NULL, 0);
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "AAE",
        "AA=",
        "A===",
        "====",
        "AA=A",
        "AAE=AAE=",
        "AA-_",
        "AA E",
        "AAEC AAE",
        "[1]\nx\n[2]",
        " [1]",
        "AAE=\n\xff\xff\xff\xff",
        "[1]\n\r",
        "\r\r\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct pinion_longpoll_batch batch = batch_of(bodies[i], strlen(bodies[i]), true);
        if (pinion__longpoll_batch_check(&batch, 100) != PINION_EINVAL)
            fail_msg("taken: %s", bodies[i]);
    }
}

static void it_is_known_when_there_are_too_many(void **state)
{
    struct pinion_longpoll_batch batch = batch_of("[]\n\nAA==\n[]\n", 12, true);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 3), 0);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 2), PINION_ETOOBIG);
    batch = batch_of("[]\nno", 5, true);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 1), PINION_EINVAL);
    batch = batch_of("[]\n[]", 5, false);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 1), 0);
}

/* Checking a body must not change what is taken from it. */
static void checking_takes_nothing(void **state)
{
    struct pinion_longpoll_batch batch = batch_of("AAEC\n[1]", 8, true);
    struct pinion_slice frame;
    int opcode;
    assert_int_equal(pinion__longpoll_batch_check(&batch, 100), 0);
    assert_int_equal(pinion__longpoll_batch_check(&batch, 100), 0);
    assert_true(pinion__longpoll_next(&batch, &opcode, &frame));
    assert_int_equal(frame.len, 3);
}

/* ---- answers ---- */

static void expect_text(struct pinion_buf *out, const char *text)
{
    assert_int_equal(out->len, strlen(text));
    assert_memory_equal(out->data, text, out->len);
    pinion__buf_release(out);
}

static void answers_are_compact_json(void **state)
{
    struct pinion_buf out;
    pinion__buf_init(&out, SIZE_MAX);
    assert_int_equal(pinion__longpoll_put_status(&out, 410), 0);
    expect_text(&out, "{\"status\":410}");

    assert_int_equal(pinion__longpoll_put_start(&out), 0);
    assert_int_equal(pinion__longpoll_put_end(&out, 204, "tok"), 0);
    expect_text(&out, "{\"messages\":[],\"status\":204,\"token\":\"tok\"}");

    assert_int_equal(pinion__longpoll_put_start(&out), 0);
    assert_int_equal(pinion__longpoll_put_message(&out, pinion__slice_str("\"[1]\"")), 0);
    assert_int_equal(pinion__longpoll_put_message(&out, pinion__slice_str("\"[2]\"")), 0);
    assert_int_equal(pinion__longpoll_put_end(&out, 200, "tok"), 0);
    expect_text(&out, "{\"messages\":[\"[1]\",\"[2]\"],\"status\":200,\"token\":\"tok\"}");
}

static void an_answer_has_a_cap(void **state)
{
    struct pinion_buf out;
    pinion__buf_init(&out, 8);
    assert_int_equal(pinion__longpoll_put_status(&out, 200), PINION_ETOOBIG);
    assert_int_equal(out.len, 0);
    pinion__buf_release(&out);
}

static int setup(void **state)
{
    guard = guard_new(32 * 1024);
    return 0;
}

static int teardown(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_all_is_no_line),
        cmocka_unit_test(the_next_one_has_a_length),
        cmocka_unit_test(a_line_is_a_frame),
        cmocka_unit_test(a_line_that_begins_otherwise_is_base64),
        cmocka_unit_test(another_content_type_is_one_frame),
        cmocka_unit_test(an_empty_body_of_lines_holds_none),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(it_is_known_when_there_are_too_many),
        cmocka_unit_test(checking_takes_nothing),
        cmocka_unit_test(answers_are_compact_json),
        cmocka_unit_test(an_answer_has_a_cap),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
