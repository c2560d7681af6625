/* The buffer against a plain array, and its cap. */
#include "base/buf.h"
#include "helpers/random.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void refuses_what_exceeds_the_cap_and_changes_nothing(void **state)
{
    struct pinion_buf buf;

    pinion__buf_init(&buf, 10);
    assert_int_equal(pinion__buf_append(&buf, "0123456789a", 11), PINION_ETOOBIG);
    assert_null(buf.data);
    assert_int_equal(pinion__buf_append(&buf, "01234567", 8), 0);
    assert_int_equal(pinion__buf_append_str(&buf, "abc"), PINION_ETOOBIG);
    assert_int_equal(pinion__buf_reserve(&buf, SIZE_MAX), PINION_ETOOBIG);
    assert_int_equal(buf.len, 8);
    assert_memory_equal(buf.data, "01234567", 8);
    assert_true(buf.cap <= 10);
    assert_int_equal(pinion__buf_append_str(&buf, "89"), 0);
    assert_int_equal(pinion__buf_append_char(&buf, 'x'), PINION_ETOOBIG);
    assert_memory_equal(buf.data, "0123456789", 10);
    pinion__buf_release(&buf);
}

static void a_cap_of_zero_takes_nothing(void **state)
{
    struct pinion_buf buf;

    pinion__buf_init(&buf, 0);
    assert_int_equal(pinion__buf_append_char(&buf, 'x'), PINION_ETOOBIG);
    assert_int_equal(pinion__buf_append(&buf, "", 0), 0);
    assert_null(buf.data);
    pinion__buf_release(&buf);
}

static void allocates_nothing_until_used_and_nothing_after_release(void **state)
{
    struct pinion_buf buf;

    pinion__buf_init(&buf, 1000);
    assert_null(buf.data);
    assert_int_equal(pinion__buf_append(&buf, NULL, 0), 0);
    pinion__buf_consume(&buf, 0);
    assert_null(buf.data);
    assert_int_equal(pinion__buf_append_str(&buf, "abc"), 0);
    pinion__buf_release(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.cap, 0);
    assert_int_equal(buf.max, 1000);
    assert_int_equal(pinion__buf_append_str(&buf, "again"), 0);
    assert_memory_equal(buf.data, "again", 5);
    pinion__buf_release(&buf);
}

static void reserved_room_needs_no_further_allocation(void **state)
{
    struct pinion_buf buf;

    pinion__buf_init(&buf, 5000);
    assert_int_equal(pinion__buf_reserve(&buf, 3000), 0);
    const char *data = buf.data;
    for (int i = 0; i < 3000; i++)
        assert_int_equal(pinion__buf_append_char(&buf, 'x'), 0);
    assert_ptr_equal(buf.data, data);
    pinion__buf_release(&buf);
}

static void bytes_appended_one_by_one_move_seldom(void **state)
{
    struct pinion_buf buf;
    int moves = 0;

    pinion__buf_init(&buf, 100000);
    for (int i = 0; i < 100000; i++) {
        size_t capacity = buf.cap;
        assert_int_equal(pinion__buf_append_char(&buf, 'x'), 0);
        moves += buf.cap != capacity;
    }
    assert_true(moves < 20);
    pinion__buf_release(&buf);
}

static void holds_what_a_plain_array_holds(void **state)
{
    enum { MAX = 500 };
    struct random_source source = { 1 };
    struct pinion_buf buf;
    char model[MAX];
    char bytes[MAX];
    size_t length = 0;

    pinion__buf_init(&buf, MAX);
    for (int step = 0; step < 20000; step++) {
        size_t n = random_below(&source, step % 7 ? 40 : MAX);
        if (random_below(&source, 2)) {
            memset(bytes, (int)random_below(&source, 256), n);
            int rc = pinion__buf_append(&buf, bytes, n);
            assert_int_equal(rc, length + n <= MAX ? 0 : PINION_ETOOBIG);
            if (!rc) {
                memcpy(model + length, bytes, n);
                length += n;
            }
        } else {
            n = n < length ? n : length;
            pinion__buf_consume(&buf, n);
            memmove(model, model + n, length - n);
            length -= n;
        }
        assert_int_equal(buf.len, length);
        assert_true(buf.len <= buf.cap && buf.cap <= buf.max);
        if (length)
            assert_memory_equal(buf.data, model, length);
    }
    pinion__buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_exceeds_the_cap_and_changes_nothing),
        cmocka_unit_test(a_cap_of_zero_takes_nothing),
        cmocka_unit_test(allocates_nothing_until_used_and_nothing_after_release),
        cmocka_unit_test(reserved_room_needs_no_further_allocation),
        cmocka_unit_test(bytes_appended_one_by_one_move_seldom),
        cmocka_unit_test(holds_what_a_plain_array_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
