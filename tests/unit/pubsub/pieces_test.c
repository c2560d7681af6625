/* Messages in pieces: whole, in a jumble of senders, incomplete, too many and too old. */
#include "pubsub/pieces.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_pieces pieces;
static size_t lost;
static uint64_t now;

static int begin(void **state)
{
    lost = 0;
    now = 1000;
    pinion__pieces_init(&pieces, 10000);
    return 0;
}

static int finish(void **state)
{
    (void)pinion__pieces_release(&pieces);
    assert_int_equal(pieces.bytes, 0);
    return 0;
}

/* True: it completes `whole`. */
static bool take(uint64_t life, uint64_t number, uint64_t offset, const char *text, uint64_t total,
                 const char *whole)
{
    char *got = NULL;
    const struct pinion_piece piece = { life, number, offset, total, { text, strlen(text) } };
    bool complete = pinion__pieces_take(&pieces, &piece, now, &got, &lost);
    if (complete)
        assert_memory_equal(got, whole, strlen(whole));
    free(got);
    return complete;
}

static void in_one_or_in_many(void **state)
{
    assert_true(take(1, 1, 0, "abc", 3, "abc"));
    assert_false(take(1, 2, 0, "ab", 5, NULL));
    assert_false(take(1, 2, 2, "cd", 5, NULL));
    assert_true(take(1, 2, 4, "e", 5, "abcde"));
    assert_int_equal(lost, 0);
    assert_int_equal(pieces.bytes, 0);
}

static void of_several_at_once(void **state)
{
    assert_false(take(1, 1, 0, "ab", 3, NULL));
    assert_false(take(2, 1, 0, "xy", 3, NULL));
    assert_false(take(1, 2, 0, "12", 3, NULL));
    assert_true(take(2, 1, 2, "z", 3, "xyz"));
    assert_true(take(1, 2, 2, "3", 3, "123"));
    assert_true(take(1, 1, 2, "c", 3, "abc"));
    assert_int_equal(lost, 0);
}

static void what_began_before_is_not_for_this_node(void **state)
{
    assert_false(take(1, 1, 2, "cd", 6, NULL));
    assert_false(take(1, 1, 4, "ef", 6, NULL));
    assert_int_equal(lost, 0);
    assert_int_equal(pieces.bytes, 0);
}

static void a_gap_loses_the_message(void **state)
{
    assert_false(take(1, 1, 0, "ab", 6, NULL));
    assert_false(take(1, 1, 4, "ef", 6, NULL));
    assert_int_equal(lost, 1);
    assert_false(take(1, 2, 0, "ab", 6, NULL));
    assert_false(take(1, 2, 2, "cd", 7, NULL)); /* another length than it had */
    assert_int_equal(lost, 2);
    assert_int_equal(pieces.bytes, 0);
}

static void there_is_a_bound(void **state)
{
    assert_false(take(1, 1, 0, "a", 9000, NULL));
    assert_false(take(2, 1, 0, "a", 2000, NULL)); /* no room */
    assert_false(take(3, 1, 0, "a", UINT64_MAX, NULL));
    assert_int_equal(lost, 2);
    for (uint64_t i = 0; i < 10000; i++)
        assert_false(take(4, i, 0, "a", 2, NULL));
    assert_true(lost > 9900); /* small ones count for what they take */
    assert_true(pieces.bytes <= 10000);
}

static void and_a_time(void **state)
{
    assert_false(take(1, 1, 0, "a", 3, NULL));
    now += PINION_PIECES_PATIENCE_MS - 1;
    assert_false(take(2, 1, 0, "x", 3, NULL));
    assert_int_equal(lost, 0);
    now++;
    assert_false(take(2, 1, 1, "y", 3, NULL));
    assert_int_equal(lost, 1);
    assert_false(take(1, 1, 1, "b", 3, NULL)); /* it comes too late */
    assert_true(take(2, 1, 2, "z", 3, "xyz"));
    assert_int_equal(pinion__pieces_expire(&pieces, UINT64_MAX), 0);
    assert_false(take(3, 1, 0, "a", 3, NULL));
    assert_int_equal(pinion__pieces_release(&pieces), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_one_or_in_many, begin, finish),
        cmocka_unit_test_setup_teardown(of_several_at_once, begin, finish),
        cmocka_unit_test_setup_teardown(what_began_before_is_not_for_this_node, begin, finish),
        cmocka_unit_test_setup_teardown(a_gap_loses_the_message, begin, finish),
        cmocka_unit_test_setup_teardown(there_is_a_bound, begin, finish),
        cmocka_unit_test_setup_teardown(and_a_time, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
