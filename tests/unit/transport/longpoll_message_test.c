/* What nodes say to each other about sessions of long polling: byte by byte, and cut anywhere. */
#include "transport/longpoll_message.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "helpers/guard.h"

#define ID     "0123456789abcdef"
#define NUMBER 0x145u /* a varint of two bytes; the asking loop is 5 */

static struct guard guard;

static const struct pinion_longpoll_request request = {
    .id = (const unsigned char *)ID,
    .kind = PINION_LONGPOLL_PUBLISH,
    .ndjson = true,
    .path = { "/socket", 7 },
    .body = { "[]\n[]", 5 },
};

static struct pinion_buf buf_new(void)
{
    struct pinion_buf out;
    pinion__buf_init(&out, 1000);
    return out;
}

/* The message, whose last byte is the last that may be read. */
static struct pinion_slice guarded(const struct pinion_buf *out, size_t len)
{
    return pinion__slice((const char *)guard_place(&guard, out->data, len), len);
}

#define expect_bytes(out, bytes)                                                                             \
    do {                                                                                                     \
        assert_int_equal((out)->len, sizeof(bytes) - 1);                                                     \
        assert_memory_equal((out)->data, bytes, sizeof(bytes) - 1);                                          \
    } while (0)

static struct pinion_longpoll_message read_head(const struct pinion_buf *out)
{
    struct pinion_longpoll_message message = { .type = 0 };
    assert_true(pinion__longpoll_message_read(guarded(out, out->len), &message));
    assert_int_equal(message.number, NUMBER);
    return message;
}

static void a_request(void **state)
{
    struct pinion_buf out = buf_new();
    struct pinion_longpoll_request got;
    assert_int_equal(pinion__longpoll_message_put_request(&out, NUMBER, 3, &request), 0);
    expect_bytes(&out, "\x01\xc5\x02\x03" ID "\x02\x01\x07/socket[]\n[]");
    struct pinion_longpoll_message message = read_head(&out);
    assert_int_equal(message.type, PINION_LONGPOLL_REQUEST);
    assert_int_equal(message.loop, 3); /* the session's */
    assert_true(pinion__longpoll_message_read_request(message.rest, &got));
    assert_memory_equal(got.id, ID, PINION_LONGPOLL_ID_LEN);
    assert_int_equal(got.kind, PINION_LONGPOLL_PUBLISH);
    assert_true(got.ndjson);
    assert_true(pinion__slice_is(got.path, "/socket"));
    assert_true(pinion__slice_is(got.body, "[]\n[]"));
    pinion__buf_release(&out);
}

static void an_answer(void **state)
{
    struct pinion_buf out = buf_new();
    struct pinion_longpoll_answer got;
    for (unsigned flags = 0; flags < 4; flags++) {
        const struct pinion_longpoll_answer answer = { .gone = flags & 1,
                                                       .refused = flags & 2,
                                                       .text = pinion__slice_str("{}") };
        assert_int_equal(pinion__longpoll_message_put_answer(&out, NUMBER, &answer), 0);
        assert_int_equal(out.data[3], flags);
        out.data[3] = 0;
        expect_bytes(&out, "\x02\xc5\x02\x00{}");
        out.data[3] = (char)(flags | 0x80); /* flags that are not known yet are passed over */
        struct pinion_longpoll_message message = read_head(&out);
        assert_int_equal(message.type, PINION_LONGPOLL_ANSWER);
        assert_int_equal(message.loop, 5); /* the one that asked */
        assert_true(pinion__longpoll_message_read_answer(message.rest, &got));
        assert_int_equal(got.gone, answer.gone);
        assert_int_equal(got.refused, answer.refused);
        assert_true(pinion__slice_is(got.text, "{}"));
        pinion__buf_release(&out);
    }
}

static void a_cancellation(void **state)
{
    struct pinion_buf out = buf_new();
    assert_int_equal(pinion__longpoll_message_put_cancel(&out, NUMBER, 3), 0);
    expect_bytes(&out, "\x03\xc5\x02\x03");
    struct pinion_longpoll_message message = read_head(&out);
    assert_int_equal(message.type, PINION_LONGPOLL_CANCEL);
    assert_int_equal(message.loop, 3);
    assert_int_equal(message.rest.len, 0);
    pinion__buf_release(&out);
}

/* Which nodes of before take as a cancellation. */
static void a_recall(void **state)
{
    struct pinion_buf out = buf_new();
    assert_int_equal(pinion__longpoll_message_put_recall(&out, NUMBER, 3), 0);
    expect_bytes(&out, "\x03\xc5\x02\x03\x01");
    struct pinion_longpoll_message message = read_head(&out);
    assert_int_equal(message.type, PINION_LONGPOLL_CANCEL);
    assert_int_equal(message.loop, 3);
    assert_true(pinion__longpoll_message_is_recall(&message));
    message.rest.len = 0;
    assert_false(pinion__longpoll_message_is_recall(&message));
    pinion__buf_release(&out);
}

/* All but the body may not be missing. */
static void what_is_cut_is_malformed(void **state)
{
    struct pinion_buf out = buf_new();
    size_t least = 4 + PINION_LONGPOLL_ID_LEN + 3 + request.path.len;
    assert_int_equal(pinion__longpoll_message_put_request(&out, NUMBER, 3, &request), 0);
    for (size_t len = 0; len <= out.len; len++) {
        struct pinion_longpoll_message message;
        struct pinion_longpoll_request got;
        bool head = pinion__longpoll_message_read(guarded(&out, len), &message);
        assert_int_equal(head, len >= 4);
        if (head)
            assert_int_equal(pinion__longpoll_message_read_request(message.rest, &got), len >= least);
    }
    pinion__buf_release(&out);

    struct pinion_longpoll_answer answer;
    assert_false(pinion__longpoll_message_read_answer(pinion__slice("", 0), &answer));
}

static void what_is_none_of_them_is_passed_over(void **state)
{
    struct pinion_longpoll_message message;
    assert_false(pinion__longpoll_message_read(pinion__slice("\x00\x01\x00", 3), &message));
    assert_false(pinion__longpoll_message_read(pinion__slice("\x04\x01\x00", 3), &message));
    assert_false(pinion__longpoll_message_read(
        pinion__slice("\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 13), &message));
}

static void a_path_that_is_too_long(void **state)
{
    struct pinion_buf out = buf_new();
    char path[257];
    memset(path, '/', sizeof path);
    struct pinion_longpoll_request longer = request;
    longer.path = pinion__slice(path, 256);
    assert_int_equal(pinion__longpoll_message_put_request(&out, NUMBER, 3, &longer), PINION_ETOOBIG);
    longer.path = pinion__slice(path, 255);
    assert_int_equal(pinion__longpoll_message_put_request(&out, NUMBER, 3, &longer), 0);
    pinion__buf_release(&out);
}

static int begin(void **state)
{
    guard = guard_new(4096);
    return 0;
}

static int finish(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request),
        cmocka_unit_test(an_answer),
        cmocka_unit_test(a_cancellation),
        cmocka_unit_test(a_recall),
        cmocka_unit_test(what_is_cut_is_malformed),
        cmocka_unit_test(what_is_none_of_them_is_passed_over),
        cmocka_unit_test(a_path_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
