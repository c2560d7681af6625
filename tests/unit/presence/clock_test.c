/* The clock against an array of flags. */
#include "helpers/random.h"
#include "presence/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 300 };

static struct pinion_presence_clock clock;
static bool known[NUMBERS + 2]; /* by number, from 1 */

static void add(uint64_t first, uint64_t last)
{
    assert_int_equal(pinion__presence_clock_add(&clock, first, last), 0);
    for (uint64_t number = first; number <= last && number <= NUMBERS; number++)
        known[number] = true;
}

/* The flags as a base and ranges: what the clock must be. */
static void check_form(void)
{
    uint64_t number = 1;
    size_t count = 0;
    while (known[number])
        number++;
    assert_int_equal(clock.base, number - 1);
    for (; number <= NUMBERS; number++) {
        if (known[number] && !known[number - 1])
            assert_int_equal(clock.ranges[count].first, number);
        if (known[number] && !known[number + 1])
            assert_int_equal(clock.ranges[count++].last, number);
    }
    assert_int_equal(clock.count, count);
    assert_true(clock.count <= clock.capacity);
    assert_int_equal(clock.ranges == NULL, count == 0);
}

static bool all_known(uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        if (!known[number])
            return false;
    }
    return true;
}

static void check_answers(struct random_source *source)
{
    for (uint64_t number = 1; number <= NUMBERS; number++)
        assert_int_equal(pinion__presence_clock_has(&clock, number), known[number]);
    for (int i = 0; i < 20; i++) {
        uint64_t first = 1 + random_below(source, NUMBERS);
        uint64_t last = first + random_below(source, 8) - 1;
        last = last > NUMBERS ? NUMBERS : last;
        assert_int_equal(pinion__presence_clock_has_all(&clock, first, last), all_known(first, last));
    }
}

static int begin(void **state)
{
    memset(known, 0, sizeof known);
    known[0] = true; /* so that base is where the flags from 0 on end */
    clock = (struct pinion_presence_clock){ 0 };
    return 0;
}

static int finish(void **state)
{
    pinion__presence_clock_release(&clock);
    assert_null(clock.ranges);
    assert_int_equal(clock.base, 0);
    return 0;
}

static void it_knows_what_an_array_of_flags_would(void **state)
{
    struct random_source source = { 17 };
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 60; i++) {
            uint64_t first = 1 + random_below(&source, NUMBERS);
            uint64_t last = first + random_below(&source, 1 + random_below(&source, 12));
            add(first, last > NUMBERS ? NUMBERS : last);
            check_form();
        }
        check_answers(&source);
        finish(NULL);
        begin(NULL);
    }
}

static void what_comes_in_order_takes_no_memory(void **state)
{
    for (uint64_t number = 1; number <= NUMBERS; number++)
        add(number, number);
    assert_null(clock.ranges);
    assert_int_equal(clock.base, NUMBERS);
}

static void a_gap_that_is_filled_frees_its_memory(void **state)
{
    add(10, 20);
    add(30, 40);
    assert_int_equal(clock.count, 2);
    add(1, 29);
    check_form();
    assert_int_equal(clock.base, 40);
    assert_null(clock.ranges);
}

static void neighbours_become_one(void **state)
{
    add(10, 10);
    add(12, 12);
    add(11, 11);
    check_form();
    assert_int_equal(clock.count, 1);
    add(9, 9);
    add(13, 20);
    check_form();
    assert_int_equal(clock.count, 1);
}

static void an_empty_range_is_no_news(void **state)
{
    add(5, 4);
    assert_int_equal(clock.count, 0);
    assert_true(pinion__presence_clock_has_all(&clock, 5, 4));
    assert_false(pinion__presence_clock_has(&clock, 5));
}

static void the_largest_numbers(void **state)
{
    const uint64_t max = PINION_PRESENCE_CLOCK_MAX;
    add(max, max);
    assert_true(pinion__presence_clock_has(&clock, max));
    assert_false(pinion__presence_clock_has(&clock, max - 1));
    assert_int_equal(pinion__presence_clock_add(&clock, 1, max), 0);
    assert_true(clock.base == max);
    assert_null(clock.ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_in_order_takes_no_memory, begin, finish),
        cmocka_unit_test_setup_teardown(a_gap_that_is_filled_frees_its_memory, begin, finish),
        cmocka_unit_test_setup_teardown(neighbours_become_one, begin, finish),
        cmocka_unit_test_setup_teardown(an_empty_range_is_no_news, begin, finish),
        cmocka_unit_test_setup_teardown(the_largest_numbers, begin, finish),
        cmocka_unit_test_setup_teardown(it_knows_what_an_array_of_flags_would, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
