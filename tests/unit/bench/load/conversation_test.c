/* What the clients say and must hear, in both dialects, to the byte. */
#include "conversation.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAYLOAD "{\"n\":\"0000000000\",\"pad\":\"abcdefgh\"}"

static void check_said(const struct frame *frame, const char *expected)
{
    size_t len = strlen(expected);
    assert_true(len < 126 && frame->len == 6 + len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(frame->bytes[6 + i] ^ frame->bytes[2 + (i & 3)], expected[i]);
}

static void check_heard(const struct pattern *pattern, const char *expected)
{
    assert_string_equal(pattern->text.chars, expected);
}

static struct conversation converse(const char *dialect)
{
    struct conversation conversation;
    conversation_init(&conversation, dialect_find(dialect), 7, strlen(PAYLOAD));
    return conversation;
}

static void phoenix_is_spoken(void **state)
{
    struct conversation c = converse("phoenix");
    assert_int_equal(c.join.count, 1);
    check_said(&c.join.step[0].say, "[\"1\",\"1\",\"bench:7\",\"phx_join\",{}]");
    check_heard(&c.join.step[0].hear,
                "[\"1\",\"1\",\"bench:7\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    check_said(&c.bcast, "[\"1\",\"2\",\"bench:7\",\"bcast\"," PAYLOAD "]");
    check_heard(&c.delivery, "[null,null,\"bench:7\",\"msg\"," PAYLOAD "]");
    check_said(&c.echo, "[\"1\",\"3\",\"bench:7\",\"echo\"," PAYLOAD "]");
    check_heard(&c.reply,
                "[\"1\",\"3\",\"bench:7\",\"phx_reply\",{\"response\":" PAYLOAD ",\"status\":\"ok\"}]");
    assert_int_equal(c.leave.count, 2);
    check_said(&c.leave.step[0].say, "[\"1\",\"4\",\"bench:7\",\"phx_leave\",{}]");
    check_heard(&c.leave.step[0].hear,
                "[\"1\",\"4\",\"bench:7\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    assert_null(c.leave.step[1].say.bytes);
    check_heard(&c.leave.step[1].hear, "[\"1\",\"1\",\"bench:7\",\"phx_close\",{}]");
    conversation_release(&c);
}

static void socket_io_is_spoken(void **state)
{
    struct conversation c = converse("socket.io");
    assert_int_equal(c.join.count, 3);
    assert_null(c.join.step[0].say.bytes);
    check_heard(&c.join.step[0].hear, "0{\"sid\":");
    assert_true(c.join.step[0].hear.open);
    check_said(&c.join.step[1].say, "40");
    check_heard(&c.join.step[1].hear, "40{\"sid\":");
    check_said(&c.join.step[2].say, "421[\"join\",\"bench:7\"]");
    check_heard(&c.join.step[2].hear, "431[]");
    assert_false(c.join.step[2].hear.open);
    check_said(&c.bcast, "42[\"bcast\",\"bench:7\"," PAYLOAD "]");
    check_heard(&c.delivery, "42[\"msg\"," PAYLOAD "]");
    check_said(&c.echo, "423[\"echo\"," PAYLOAD "]");
    check_heard(&c.reply, "433[" PAYLOAD "]");
    check_said(&c.leave.step[0].say, "424[\"leave\",\"bench:7\"]");
    check_heard(&c.leave.step[0].hear, "434[]");
    conversation_release(&c);
}

static void payloads_are_as_long_as_asked(void **state)
{
    static const size_t sizes[] = { PAYLOAD_MIN, PAYLOAD_MIN + 1, 64, 1024, 16384 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct conversation c;
        conversation_init(&c, dialect_find("phoenix"), 0, sizes[i]);
        assert_int_equal(c.delivery.text.len, strlen("[null,null,\"bench:0\",\"msg\",]") + sizes[i]);
        assert_true(c.delivery.text.number_at != NO_NUMBER);
        assert_true(c.bcast.number_at != NO_NUMBER && c.echo.number_at != NO_NUMBER);
        conversation_release(&c);
    }
}

static void there_is_no_other_dialect(void **state)
{
    assert_null(dialect_find("esperanto"));
    assert_null(dialect_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phoenix_is_spoken),
        cmocka_unit_test(socket_io_is_spoken),
        cmocka_unit_test(payloads_are_as_long_as_asked),
        cmocka_unit_test(there_is_no_other_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
