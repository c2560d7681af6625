/* Whether a peer gets on, and how long it is waited for. What it has acknowledged is said by the test. */
#include "io/progress.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STALL 8000 /* so that a look comes each second */
#define LIMIT 2000 /* ... or each half of one */
#define LEAST PINION_PROGRESS_LEAST

static uint32_t acked, left;

/* In place of loop.c's. */
size_t pinion__conn_unacked(const struct pinion_conn *conn)
{
    return left;
}

uint32_t pinion__conn_acked(const struct pinion_conn *conn)
{
    return acked;
}

static void set(uint32_t now_acked, uint32_t now_left)
{
    acked = now_acked;
    left = now_left;
}

static void ack(uint32_t bytes)
{
    acked += bytes;
    left -= bytes;
}

/* ---- progress ---- */

static enum pinion_progress_seen look(struct pinion_progress *progress)
{
    return pinion__progress_look(progress, NULL, 1000, 3000);
}

static void nothing_is_left(void **state)
{
    struct pinion_progress progress = { 0 };
    set(10, 0);
    assert_int_equal(look(&progress), PINION_PROGRESS_DONE);
    assert_int_equal(look(&progress), PINION_PROGRESS_DONE);
}

static void who_takes_nothing_is_stalled(void **state)
{
    struct pinion_progress progress = { 0 };
    set(10, 100000);
    assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
    assert_int_equal(look(&progress), PINION_PROGRESS_STALLED);
}

static void enough_is_4_kib_however_many_looks_it_takes(void **state)
{
    struct pinion_progress progress = { 0 };
    set(10, 1000000);
    (void)look(&progress);
    for (int i = 0; i < 100; i++) {
        ack(LEAST / 2);
        assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
        ack(LEAST / 2);
        assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    }
    ack(LEAST - 1);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
    assert_int_equal(look(&progress), PINION_PROGRESS_STALLED);
}

static void all_that_is_left_is_enough(void **state)
{
    struct pinion_progress progress = { 0 };
    set(0, 10);
    assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    ack(10);
    left = 20; /* more was queued since */
    assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    ack(19);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
    ack(1);
    assert_int_equal(look(&progress), PINION_PROGRESS_DONE);
}

static void the_count_may_wrap(void **state)
{
    struct pinion_progress progress = { 0 };
    set(UINT32_MAX - 10, 100000);
    assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    ack(LEAST);
    assert_int_equal(look(&progress), PINION_PROGRESS_MOVES);
    assert_int_equal(look(&progress), PINION_PROGRESS_STANDS);
}

/* ---- patience ---- */

/* Milliseconds until it is over, with a peer that takes so many bytes at each look. */
static uint32_t waits(struct pinion_patience *patience, uint32_t limit, uint32_t bytes)
{
    uint32_t all = 0, next = pinion__patience_begin(patience, limit, STALL);
    while (next > 0) {
        all += next;
        ack(bytes < left ? bytes : left);
        next = pinion__patience_look(patience, NULL);
    }
    return all;
}

static void the_time_is_exact_when_nothing_is_left(void **state)
{
    static const uint32_t limits[] = { 1, 2, 3, 200, LIMIT, 75000 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct pinion_patience patience = { 0 };
        set(10, 0);
        assert_int_equal(waits(&patience, limits[i], 0), limits[i]);
        assert_true(pinion__patience_acked(&patience));
    }
}

static void it_begins_when_all_is_acknowledged(void **state)
{
    struct pinion_patience patience = { 0 };
    set(0, 100 * LEAST);
    assert_int_equal(waits(&patience, LIMIT, LEAST), 100 * (LIMIT / 4) + LIMIT);
    assert_true(pinion__patience_acked(&patience));
}

static void it_ends_for_who_does_not_get_on(void **state)
{
    struct pinion_patience patience = { 0 };
    set(0, 100 * LEAST);
    assert_int_equal(waits(&patience, LIMIT, 10), STALL + LIMIT / 4);
    assert_false(pinion__patience_acked(&patience));
    assert_int_equal(left, 100 * LEAST - 10 * (4 * STALL / LIMIT + 1));
}

static void a_long_time_is_looked_at_twice(void **state)
{
    struct pinion_patience patience = { 0 };
    set(0, 0);
    assert_int_equal(pinion__patience_begin(&patience, 75000, STALL), STALL / 8);
    assert_int_equal(pinion__patience_look(&patience, NULL), 75000 - STALL / 8);
    assert_int_equal(pinion__patience_look(&patience, NULL), 0);
}

static void without_a_time_it_ends_with_the_last_byte(void **state)
{
    struct pinion_patience patience = { 0 };
    set(0, 3 * LEAST);
    assert_int_equal(waits(&patience, 0, LEAST), 3 * (STALL / 8));
    assert_true(pinion__patience_acked(&patience));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(who_takes_nothing_is_stalled),
        cmocka_unit_test(enough_is_4_kib_however_many_looks_it_takes),
        cmocka_unit_test(all_that_is_left_is_enough),
        cmocka_unit_test(the_count_may_wrap),
        cmocka_unit_test(the_time_is_exact_when_nothing_is_left),
        cmocka_unit_test(it_begins_when_all_is_acknowledged),
        cmocka_unit_test(it_ends_for_who_does_not_get_on),
        cmocka_unit_test(a_long_time_is_looked_at_twice),
        cmocka_unit_test(without_a_time_it_ends_with_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
