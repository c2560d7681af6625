/* Messages that come again, overtaken ones, and nodes that come back. */
#include "pubsub/senders.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct pinion_senders senders;

static int begin(void **state)
{
    pinion__senders_init(&senders);
    return 0;
}

static int finish(void **state)
{
    pinion__senders_release(&senders);
    return 0;
}

static bool is_new(const char *node, uint64_t life, uint64_t sequence)
{
    return pinion__senders_note(&senders, pinion__slice_str(node), life, sequence);
}

static void what_comes_again_is_not_new(void **state)
{
    assert_true(is_new("a", 1, 1));
    assert_false(is_new("a", 1, 1));
    assert_true(is_new("a", 1, 2));
    assert_false(is_new("a", 1, 1));
    assert_false(is_new("a", 1, 2));
    assert_true(is_new("b", 1, 1)); /* another node */
}

static void it_may_be_overtaken(void **state)
{
    assert_true(is_new("a", 1, 500));
    assert_true(is_new("a", 1, 3));
    assert_false(is_new("a", 1, 3));
    assert_true(is_new("a", 1, 499));
    assert_false(is_new("a", 1, 500));
}

static void but_not_by_more_than_the_window(void **state)
{
    assert_true(is_new("a", 1, 1));
    assert_true(is_new("a", 1, 1 + PINION_SENDER_WINDOW));
    assert_false(is_new("a", 1, 1));
    assert_true(is_new("a", 1, 2));
    assert_true(is_new("a", 1, UINT64_MAX));
    assert_false(is_new("a", 1, UINT64_MAX - PINION_SENDER_WINDOW));
    assert_true(is_new("a", 1, UINT64_MAX - PINION_SENDER_WINDOW + 1));
}

/* Against a plain list of what came. */
static void a_long_run_in_a_jumble(void **state)
{
    static bool came[20000];
    uint64_t dice = 1;
    for (unsigned i = 0; i < 60000; i++) {
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint64_t sequence = 1 + i / 4 + (dice >> 40) % 500; /* overtaken by 1,000 at most */
        assert_int_equal(is_new("a", 1, sequence), !came[sequence]);
        came[sequence] = true;
    }
}

static void a_new_life_counts_anew(void **state)
{
    assert_true(is_new("a", 1, 7));
    assert_true(is_new("a", 2, 1));
    assert_true(is_new("a", 2, 7));
    assert_false(is_new("a", 2, 7));
    assert_false(is_new("a", 1, 7)); /* a late one of the life before */
}

static void the_most_recent_are_kept(void **state)
{
    char name[16];
    assert_true(is_new("first", 1, 1));
    assert_true(is_new("second", 1, 1));
    for (unsigned i = 0; i < PINION_SENDERS_MAX - 2; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_true(is_new(name, 1, 1));
    }
    assert_false(is_new("first", 1, 1)); /* heard just now */
    assert_true(is_new("one more", 1, 1));
    assert_int_equal(senders.map.count, PINION_SENDERS_MAX);
    assert_false(is_new("first", 1, 1));
    assert_false(is_new("n0", 1, 1));
    assert_true(is_new("second", 1, 1)); /* this one had to go */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_again_is_not_new, begin, finish),
        cmocka_unit_test_setup_teardown(it_may_be_overtaken, begin, finish),
        cmocka_unit_test_setup_teardown(but_not_by_more_than_the_window, begin, finish),
        cmocka_unit_test_setup_teardown(a_long_run_in_a_jumble, begin, finish),
        cmocka_unit_test_setup_teardown(a_new_life_counts_anew, begin, finish),
        cmocka_unit_test_setup_teardown(the_most_recent_are_kept, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
