#include "presence/history.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pinion_presence_history history;

static int finish(void **state)
{
    pinion__presence_history_release(&history);
    assert_null(history.ring);
    return 0;
}

/* Every third operation removes something. */
static struct pinion_presence_removal removal(uint64_t i)
{
    return (struct pinion_presence_removal){ .number = 3 * i, .removed = 3 * i - 2 };
}

static void push_until(uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        pinion__presence_history_push(&history, removal(i));
}

/* It holds just the removals from `from` to `to`. */
static void check(uint64_t from, uint64_t to)
{
    assert_int_equal(history.count, to - from + 1);
    for (uint64_t i = from; i <= to; i++) {
        size_t index = i - from;
        assert_int_equal(pinion__presence_history_at(&history, index).number, removal(i).number);
        assert_int_equal(pinion__presence_history_at(&history, index).removed, removal(i).removed);
        assert_int_equal(pinion__presence_history_after(&history, removal(i).number - 1), index);
        assert_int_equal(pinion__presence_history_after(&history, removal(i).number), index + 1);
    }
}

static void all_are_there_until_it_is_full(void **state)
{
    pinion__presence_history_init(&history, 100);
    assert_null(history.ring);
    assert_int_equal(pinion__presence_history_after(&history, 0), 0);
    push_until(1, 100);
    check(1, 100);
    assert_int_equal(history.since, 0);
}

static void then_the_oldest_are_forgotten(void **state)
{
    pinion__presence_history_init(&history, 100);
    push_until(1, 101);
    check(2, 101);
    assert_int_equal(history.since, removal(1).number);
    push_until(102, 1000);
    check(901, 1000);
    assert_int_equal(history.since, removal(900).number);
    assert_true(history.capacity <= 128);
}

static void a_ring_that_grows_keeps_its_order(void **state)
{
    pinion__presence_history_init(&history, 20); /* no power of two: the head moves before it can grow */
    push_until(1, 16);
    check(1, 16);
    push_until(17, 33);
    check(14, 33);
}

static void one_is_enough(void **state)
{
    pinion__presence_history_init(&history, 1);
    push_until(1, 5);
    check(5, 5);
    assert_int_equal(history.since, removal(4).number);
}

static void zero_is_the_default(void **state)
{
    pinion__presence_history_init(&history, 0);
    push_until(1, PINION_PRESENCE_HISTORY_DEFAULT + 1);
    check(2, PINION_PRESENCE_HISTORY_DEFAULT + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(all_are_there_until_it_is_full, finish),
        cmocka_unit_test_teardown(then_the_oldest_are_forgotten, finish),
        cmocka_unit_test_teardown(a_ring_that_grows_keeps_its_order, finish),
        cmocka_unit_test_teardown(one_is_enough, finish),
        cmocka_unit_test_teardown(zero_is_the_default, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
