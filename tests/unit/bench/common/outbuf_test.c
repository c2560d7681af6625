/* The two buffers: order, and that what is being sent stays where it is. */
#include "helpers/random.h"
#include "outbuf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20000

static void what_is_being_sent_does_not_move(void **state)
{
    struct outbuf out = { 0 };
    const uint8_t *bytes;
    size_t len;
    outbuf_append(&out, "first", 5);
    assert_true(outbuf_next(&out, &bytes, &len));
    for (int i = 0; i < 1000; i++)
        outbuf_append(&out, "more", 4);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "first", 5);
    const uint8_t *again;
    assert_true(outbuf_next(&out, &again, &len));
    assert_ptr_equal(again, bytes);
    outbuf_sent(&out, 3);
    assert_true(outbuf_next(&out, &bytes, &len));
    assert_int_equal(len, 2);
    assert_memory_equal(bytes, "st", 2);
    outbuf_sent(&out, 2);
    assert_true(outbuf_next(&out, &bytes, &len));
    assert_int_equal(len, 4000);
    outbuf_release(&out);
}

/* Numbers go in and come out in order, whatever lots they leave in. */
static void bytes_leave_in_order(void **state)
{
    struct outbuf out = { 0 };
    struct random_source random = { 3 };
    uint8_t in = 0, expected = 0;
    const uint8_t *bytes;
    size_t len;
    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t i = random_below(&random, 20); i > 0; i--)
            *outbuf_extend(&out, 1) = in++;
        if (!outbuf_next(&out, &bytes, &len))
            continue;
        size_t sent = random_below(&random, len + 1);
        for (size_t i = 0; i < sent; i++)
            assert_int_equal(bytes[i], expected++);
        outbuf_sent(&out, sent);
    }
    assert_int_equal(outbuf_empty(&out), in == expected);
    outbuf_release(&out);
}

static void an_empty_one_holds_nothing(void **state)
{
    struct outbuf out = { 0 };
    const uint8_t *bytes;
    size_t len;
    assert_true(outbuf_empty(&out));
    assert_false(outbuf_next(&out, &bytes, &len));
    outbuf_append(&out, "x", 1);
    assert_false(outbuf_empty(&out));
    assert_true(outbuf_next(&out, &bytes, &len));
    assert_false(outbuf_empty(&out));
    outbuf_sent(&out, 1);
    assert_true(outbuf_empty(&out));
    outbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_being_sent_does_not_move),
        cmocka_unit_test(bytes_leave_in_order),
        cmocka_unit_test(an_empty_one_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
