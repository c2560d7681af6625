/* Lines that a peer causes: one a second of each kind, which says how many there were. */
#include "base/log_limit.h"
#include "base/scheduler.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t now = 5000;

static uint64_t clock_of_test(void)
{
    return now;
}

static struct {
    int count;
    pinion_log_level level;
    char line[1000];
} seen;

static void see(pinion_log_level level, const char *line, void *data)
{
    seen.count++;
    seen.level = level;
    snprintf(seen.line, sizeof seen.line, "%s", line);
}

static int start(void **state)
{
    memset(&seen, 0, sizeof seen);
    pinion__log_limit_set_clock(clock_of_test);
    pinion_log_set_function(see, NULL);
    pinion_log_set_level(PINION_LOG_INFO);
    return 0;
}

static int stop(void **state)
{
    pinion_log_set_function(NULL, NULL);
    pinion__log_limit_set_clock(NULL);
    return 0;
}

static void bad_frame_of(int client)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "a bad frame of client %d", client);
}

static void other_fault_of(int client)
{
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "another fault of client %d", client);
}

static void expect_line(int count, const char *line)
{
    assert_int_equal(seen.count, count);
    assert_string_equal(seen.line, line);
}

static void the_first_leaves_at_once(void **state)
{
    bad_frame_of(1);
    expect_line(1, "a bad frame of client 1");
    assert_true(pinion__log_limit_flush() == UINT64_MAX);
}

static void the_others_are_counted(void **state)
{
    for (int client = 1; client <= 100000; client++)
        bad_frame_of(client);
    assert_int_equal(seen.count, 1);
    now += 999;
    assert_true(pinion__log_limit_flush() == 1);
    assert_int_equal(seen.count, 1);
    now++;
    assert_true(pinion__log_limit_flush() == UINT64_MAX);
    expect_line(2, "a bad frame of client 2 (and 99998 more like it)");
}

static void a_storm_gives_one_line_a_second(void **state)
{
    for (int ms = 0; ms < 10000; ms++, now++) {
        bad_frame_of(ms);
        (void)pinion__log_limit_flush();
    }
    assert_in_range(seen.count, 10, 11);
    now += 1000;
    (void)pinion__log_limit_flush();
    assert_in_range(seen.count, 11, 12);
}

static void one_that_was_kept_leaves_without_a_count(void **state)
{
    bad_frame_of(1);
    bad_frame_of(2);
    now += 1000;
    (void)pinion__log_limit_flush();
    expect_line(2, "a bad frame of client 2");
}

static void after_a_quiet_second_a_line_leaves_at_once(void **state)
{
    bad_frame_of(1);
    now += 1000;
    bad_frame_of(2);
    expect_line(2, "a bad frame of client 2");
}

static void kinds_do_not_hold_each_other_back(void **state)
{
    bad_frame_of(1);
    other_fault_of(2);
    expect_line(2, "another fault of client 2");
    assert_int_equal(seen.level, PINION_LOG_WARNING);
    bad_frame_of(3);
    now += 600;
    other_fault_of(4);
    now += 400;
    (void)pinion__log_limit_flush(); /* both are due: each by its own first line */
    assert_int_equal(seen.count, 4);
}

static int worked_out;

static int work_out(void)
{
    return ++worked_out;
}

static void what_is_only_counted_is_not_worked_out(void **state)
{
    for (int i = 0; i < 100; i++)
        PINION_LOG_LIMITED(PINION_LOG_INFO, "%d", work_out());
    assert_int_equal(worked_out, 2);
    for (int i = 0; i < 100; i++)
        PINION_LOG_LIMITED(PINION_LOG_DEBUG, "%d", work_out());
    assert_int_equal(worked_out, 2);
}

static void at_the_end_nothing_is_held_back(void **state)
{
    bad_frame_of(1);
    bad_frame_of(2);
    bad_frame_of(3);
    pinion__log_limit_finish();
    expect_line(2, "a bad frame of client 2 (and 1 more like it)");
    pinion__log_limit_finish();
    assert_int_equal(seen.count, 2);
}

static void another_receiver_has_heard_nothing_yet(void **state)
{
    bad_frame_of(1);
    bad_frame_of(2);
    pinion_log_set_function(see, NULL);
    bad_frame_of(3);
    expect_line(2, "a bad frame of client 3");
    now += 1000;
    assert_true(pinion__log_limit_flush() == UINT64_MAX);
    assert_int_equal(seen.count, 2);
}

static void a_long_line_is_cut(void **state)
{
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 3; i++)
        PINION_LOG_LIMITED(PINION_LOG_INFO, "%s", text);
    assert_int_equal(strlen(seen.line), PINION_LOG_KEPT - 1);
    now += 1000;
    (void)pinion__log_limit_flush();
    assert_string_equal(seen.line + PINION_LOG_KEPT - 4, "... (and 1 more like it)");
}

static void a_loops_turn_writes_what_is_due(void **state)
{
    struct pinion_scheduler *scheduler;
    assert_int_equal(pinion__scheduler_new(&scheduler, 1000, NULL, NULL, NULL, NULL), 0);
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
    bad_frame_of(1);
    bad_frame_of(2);
    assert_true(pinion__scheduler_turn(scheduler) == 1000);
    now += 1000;
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
    expect_line(2, "a bad frame of client 2");
    pinion__scheduler_close(scheduler);
    pinion__scheduler_unref(scheduler);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_leaves_at_once),
        TEST(the_others_are_counted),
        TEST(a_storm_gives_one_line_a_second),
        TEST(one_that_was_kept_leaves_without_a_count),
        TEST(after_a_quiet_second_a_line_leaves_at_once),
        TEST(kinds_do_not_hold_each_other_back),
        TEST(what_is_only_counted_is_not_worked_out),
        TEST(at_the_end_nothing_is_held_back),
        TEST(another_receiver_has_heard_nothing_yet),
        TEST(a_long_line_is_cut),
        TEST(a_loops_turn_writes_what_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
