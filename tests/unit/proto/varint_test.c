#include "proto/varint.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/random.h"
#include "helpers/slices.h"

static struct guard guard;

static int create_guard(void **state)
{
    guard = guard_new(64);
    return 0;
}

static int free_guard(void **state)
{
    guard_free(&guard);
    return 0;
}

static struct pinion_slice placed(const char *bytes, size_t len)
{
    return pinion__slice(guard_place(&guard, bytes, len), len);
}

static void check(uint64_t value, struct pinion_slice expected)
{
    struct pinion_buf out;
    uint64_t again = ~value;
    pinion__buf_init(&out, PINION_VARINT_MAX);
    assert_int_equal(pinion__varint_append(&out, value), 0);
    assert_int_equal(out.len, pinion__varint_len(value));
    if (expected.ptr)
        assert_true(pinion__slice_eq(pinion__slice(out.data, out.len), expected));

    struct pinion_slice in = placed(out.data, out.len);
    assert_int_equal(pinion__varint_read(&in, &again), 0);
    assert_true(again == value);
    assert_int_equal(in.len, 0);
    for (size_t len = 0; len < out.len; len++) {
        in = placed(out.data, len);
        assert_int_equal(pinion__varint_read(&in, &again), PINION_EPROTO);
        assert_int_equal(in.len, len);
        assert_true(again == value);
    }
    pinion__buf_release(&out);
}

static void known_numbers(void **state)
{
    check(0, LITERAL("\0"));
    check(1, LITERAL("\x01"));
    check(127, LITERAL("\x7f"));
    check(128, LITERAL("\x80\x01"));
    check(300, LITERAL("\xac\x02"));
    check(16383, LITERAL("\xff\x7f"));
    check(16384, LITERAL("\x80\x80\x01"));
    check(UINT64_MAX, LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    check(UINT64_C(1) << 63, LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"));
}

static void numbers_of_every_length(void **state)
{
    struct random_source source = { 3 };
    for (int i = 0; i < 2000; i++)
        check(random_next(&source) >> random_below(&source, 64), (struct pinion_slice){ 0 });
}

static void check_refused(struct pinion_slice bytes)
{
    struct pinion_slice in = placed(bytes.ptr, bytes.len);
    uint64_t value = 42;
    assert_int_equal(pinion__varint_read(&in, &value), PINION_EPROTO);
    assert_int_equal(in.len, bytes.len);
    assert_true(value == 42);
}

static void what_is_longer_than_need_be_is_refused(void **state)
{
    check_refused(LITERAL("\x80\0"));
    check_refused(LITERAL("\xff\0"));
    check_refused(LITERAL("\x80\x80\x80\0"));
}

static void what_is_beyond_64_bits_is_refused(void **state)
{
    check_refused(LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    check_refused(LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03"));
    check_refused(LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\0"));
    check_refused(LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"));
}

static void what_follows_stays(void **state)
{
    struct pinion_slice in = LITERAL("\x80\x01\x05z");
    uint64_t value = 0;
    assert_int_equal(pinion__varint_read(&in, &value), 0);
    assert_int_equal(value, 128);
    assert_int_equal(pinion__varint_read(&in, &value), 0);
    assert_int_equal(value, 5);
    assert_slice(in, "z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers),
        cmocka_unit_test(numbers_of_every_length),
        cmocka_unit_test(what_is_longer_than_need_be_is_refused),
        cmocka_unit_test(what_is_beyond_64_bits_is_refused),
        cmocka_unit_test(what_follows_stays),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
