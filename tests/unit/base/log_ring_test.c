/* The ring of lines: order, whole lines, room, and where lines are missing. */
#include "base/log_ring.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_log_ring ring;
static char out[4096];

static int setup(void **state)
{
    memset(&ring, 0, sizeof ring);
    return 0;
}

static bool put(const char *line)
{
    return pinion__log_ring_put(&ring, line, strlen(line));
}

static const char *take(size_t size)
{
    size_t len = pinion__log_ring_peek(&ring, out, size);
    pinion__log_ring_drop(&ring, len);
    out[len] = '\0';
    return out;
}

/* Lines of 1,024 bytes, each with its number. */
static void make(char line[1025], unsigned number)
{
    memset(line, '.', 1023);
    snprintf(line, 1024, "%08u", number);
    line[8] = ' ';
    line[1023] = '\n';
    line[1024] = '\0';
}

static unsigned fill(unsigned first)
{
    char line[1025];
    make(line, first);
    while (put(line))
        make(line, ++first);
    return first;
}

static unsigned number_taken(void)
{
    unsigned number = 0;
    assert_int_equal(sscanf(take(1024), "%u", &number), 1);
    return number;
}

static void an_empty_one_gives_nothing(void **state)
{
    assert_true(pinion__log_ring_idle(&ring));
    assert_string_equal(take(100), "");
    assert_int_equal(pinion__log_ring_missed(&ring), 0);
}

static void whole_lines_come_in_order(void **state)
{
    assert_true(put("one\n") && put("two\n") && put("three\n"));
    assert_false(pinion__log_ring_idle(&ring));
    assert_string_equal(take(9), "one\ntwo\n");
    assert_string_equal(take(100), "three\n");
    assert_true(pinion__log_ring_idle(&ring));
}

static void what_was_looked_at_stays_until_it_is_dropped(void **state)
{
    assert_true(put("one\n"));
    assert_int_equal(pinion__log_ring_peek(&ring, out, 100), 4);
    assert_string_equal(take(100), "one\n");
}

static void lines_pass_over_the_end_of_the_ring(void **state)
{
    char line[1000], expected[1000];
    for (unsigned i = 0; i < 4 * PINION_LOG_RING / 700; i++) {
        snprintf(line, sizeof line, "%u%0690u\n", i, i);
        strcpy(expected, line);
        assert_true(put(line));
        assert_string_equal(take(sizeof out - 1), expected);
    }
}

static void it_takes_no_more_than_there_is_room_for(void **state)
{
    assert_int_equal(fill(0), PINION_LOG_RING / 1024);
    assert_false(put("x\n"));
    assert_int_equal(number_taken(), 0);
    assert_true(put("x\n"));
}

static void what_is_missing_is_told_of_at_its_place(void **state)
{
    unsigned count = fill(0); /* one that found no room */
    assert_false(put("no room\n"));
    assert_int_equal(pinion__log_ring_missed(&ring), 0); /* not yet: others come before */
    assert_int_equal(number_taken(), 0);
    assert_true(put("afterwards\n"));
    for (unsigned i = 1; i < count; i++) {
        assert_int_equal(pinion__log_ring_missed(&ring), 0);
        assert_int_equal(number_taken(), i);
    }
    assert_string_equal(take(sizeof out - 1), ""); /* nothing beyond the place until it is told of */
    assert_false(pinion__log_ring_idle(&ring));
    assert_int_equal(pinion__log_ring_missed(&ring), 2);
    assert_int_equal(pinion__log_ring_missed(&ring), 0);
    assert_string_equal(take(sizeof out - 1), "afterwards\n");
}

static void what_is_missing_at_the_end_is_told_of_too(void **state)
{
    unsigned count = fill(0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(number_taken(), i);
    assert_false(pinion__log_ring_idle(&ring));
    assert_int_equal(pinion__log_ring_missed(&ring), 1);
    assert_true(pinion__log_ring_idle(&ring));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_one_gives_nothing, setup),
        cmocka_unit_test_setup(whole_lines_come_in_order, setup),
        cmocka_unit_test_setup(what_was_looked_at_stays_until_it_is_dropped, setup),
        cmocka_unit_test_setup(lines_pass_over_the_end_of_the_ring, setup),
        cmocka_unit_test_setup(it_takes_no_more_than_there_is_room_for, setup),
        cmocka_unit_test_setup(what_is_missing_is_told_of_at_its_place, setup),
        cmocka_unit_test_setup(what_is_missing_at_the_end_is_told_of_too, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
