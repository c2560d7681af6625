/* What the supervisor decides, told what happened and what time it is. */
#include "endpoint/supervision.h"
#include <pinion/log.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PID 77

static struct pinion_supervision s;
static char last_line[512];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    snprintf(last_line, sizeof last_line, "%s", line);
}

static int setup(void **state)
{
    memset(&s, 0, sizeof s);
    s.restarts = (struct pinion_restarts){ .min_ms = 100, .max_ms = 1000, .limit = 3, .period_ms = 60000 };
    s.stop_timeout_ms = 5000;
    s.watchdog_ms = 2000;
    last_line[0] = '\0';
    pinion_log_set_function(keep_line, NULL);
    return 0;
}

/* What waitpid would give. */
static int exited(int status)
{
    return status << 8;
}

static int killed_by(int signal)
{
    return signal;
}

static int dumped_by(int signal)
{
    return signal | 0x80;
}

static void acts(unsigned got, unsigned expected)
{
    assert_int_equal(got, expected);
}

static void said(const char *part)
{
    if (!strstr(last_line, part))
        fail_msg("\"%s\" is not in the log's last line: \"%s\"", part, last_line);
}

static void is_over(int exit_status)
{
    assert_int_equal(s.state, PINION_SUPERVISION_OVER);
    assert_int_equal(s.exit_status, exit_status);
    assert_int_equal(s.due, UINT64_MAX);
}

static void starts(uint64_t now)
{
    assert_int_equal(s.state, PINION_SUPERVISION_STARTING);
    assert_int_equal(s.pid, 0);
    acts(pinion__supervision_started(&s, PID, now), 0);
}

static void begin(uint64_t now)
{
    acts(pinion__supervision_begin(&s), PINION_ACT_START);
    starts(now);
}

static void begin_and_get_ready(uint64_t now)
{
    begin(now);
    acts(pinion__supervision_ready(&s, now), PINION_ACT_TELL_READY);
}

/* ---- crashes ---- */

static void a_crash_is_named_and_the_next_starts_at_once(void **state)
{
    begin_and_get_ready(1000);
    acts(pinion__supervision_ended(&s, dumped_by(SIGSEGV), 2000), PINION_ACT_START);
    said("child 77 was killed by signal 11 (Segmentation fault), core dumped; starting it again");
    starts(2000);
    acts(pinion__supervision_ready(&s, 2100), 0); /* that was told before */
    assert_int_equal(s.state, PINION_SUPERVISION_READY);
}

static void the_second_waits_and_then_starts(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__supervision_ended(&s, exited(3), 20), 0);
    said("child 77 exited with status 3; starting it again in 100 ms");
    assert_int_equal(s.state, PINION_SUPERVISION_WAITING);
    assert_int_equal(s.due, 120);
    acts(pinion__supervision_tick(&s, 119), 0);
    acts(pinion__supervision_tick(&s, 120), PINION_ACT_START);
    starts(120);
}

static void one_too_many_ends_it_with_the_last_childs_status(void **state)
{
    begin_and_get_ready(0);
    for (int i = 0; i < 3; i++) {
        if (pinion__supervision_ended(&s, killed_by(SIGABRT), 1000 * i) == 0)
            acts(pinion__supervision_tick(&s, s.due), PINION_ACT_START);
        starts(1000 * i);
    }
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 3000), 0);
    said("killed by signal 11 (Segmentation fault); giving up after 3 restarts within 60000 ms");
    is_over(128 + SIGSEGV);
}

static void a_first_child_that_exits_before_it_is_ready_is_not_started_again(void **state)
{
    begin(0);
    acts(pinion__supervision_ended(&s, exited(2), 10), 0);
    said("child 77 exited with status 2 before it was ready, and is not started again");
    is_over(2);
}

static void one_that_is_killed_before_it_is_ready_is(void **state)
{
    begin(0);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
}

static void one_that_exits_before_it_is_ready_is_too_when_another_was(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__supervision_ended(&s, exited(1), 20), 0);
    assert_int_equal(s.state, PINION_SUPERVISION_WAITING);
}

static void status_0_ends_it(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_stopping(&s, 5), 0);
    acts(pinion__supervision_ended(&s, exited(0), 10), 0);
    is_over(0);
}

static void a_start_that_fails_is_tried_again_within_the_limit(void **state)
{
    acts(pinion__supervision_begin(&s), PINION_ACT_START);
    acts(pinion__supervision_start_failed(&s, 0), PINION_ACT_START);
    acts(pinion__supervision_start_failed(&s, 0), 0);
    acts(pinion__supervision_tick(&s, 100), PINION_ACT_START);
    acts(pinion__supervision_start_failed(&s, 100), 0);
    acts(pinion__supervision_tick(&s, 300), PINION_ACT_START);
    acts(pinion__supervision_start_failed(&s, 300), 0);
    said("no child could be started; giving up");
    is_over(1);
}

/* ---- the watchdog ---- */

static void one_that_does_not_ping_is_aborted_and_started_again(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_tick(&s, 1999), 0);
    acts(pinion__supervision_ping(&s, 1999), 0);
    acts(pinion__supervision_tick(&s, 3998), 0);
    acts(pinion__supervision_tick(&s, 3999), PINION_ACT_ABORT);
    said("child 77 has given no sign of life for 2000 ms: aborting it");
    acts(pinion__supervision_ping(&s, 4000), 0); /* too late */
    acts(pinion__supervision_ended(&s, dumped_by(SIGABRT), 4100), PINION_ACT_START);
}

static void one_that_does_not_even_abort_is_killed(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_tick(&s, 2000), PINION_ACT_ABORT);
    acts(pinion__supervision_tick(&s, 6999), 0);
    acts(pinion__supervision_tick(&s, 7000), PINION_ACT_KILL);
    acts(pinion__supervision_tick(&s, 60000), 0);
    acts(pinion__supervision_ended(&s, killed_by(SIGKILL), 60001), PINION_ACT_START);
}

static void it_is_watched_only_while_it_is_ready(void **state)
{
    begin(0);
    acts(pinion__supervision_tick(&s, 1000000), 0);
    acts(pinion__supervision_ready(&s, 1000000), PINION_ACT_TELL_READY);
    acts(pinion__supervision_stopping(&s, 1000001), 0);
    acts(pinion__supervision_tick(&s, 1005000), 0);
    acts(pinion__supervision_tick(&s, 1005001), PINION_ACT_KILL); /* the time to stop is what counts now */
}

static void none_is_watched_without_a_watchdog(void **state)
{
    s.watchdog_ms = 0;
    begin_and_get_ready(0);
    assert_int_equal(s.due, UINT64_MAX);
}

static void a_supervisor_that_was_stopped_itself_gives_the_child_its_time_again(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_tick(&s, 100000), 0);
    acts(pinion__supervision_tick(&s, 101999), 0);
    acts(pinion__supervision_tick(&s, 102000), PINION_ACT_ABORT);
}

/* ---- stopping ---- */

static void it_stops_gracefully(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_stop(&s, SIGTERM, 10), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    assert_int_equal(s.stop_signal, SIGTERM);
    acts(pinion__supervision_stopping(&s, 11), 0);
    acts(pinion__supervision_ended(&s, exited(0), 20), 0);
    is_over(0);
}

static void a_second_signal_kills_and_says_so_in_the_status(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_stop(&s, SIGTERM, 10), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    acts(pinion__supervision_stop(&s, SIGINT, 20), PINION_ACT_KILL);
    acts(pinion__supervision_ended(&s, killed_by(SIGKILL), 30), 0);
    is_over(128 + SIGINT);
}

static void one_that_does_not_stop_in_time_is_killed(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__supervision_stop(&s, SIGTERM, 10);
    acts(pinion__supervision_tick(&s, 5009), 0);
    acts(pinion__supervision_tick(&s, 5010), PINION_ACT_KILL);
    said("child 77 did not stop in time");
    acts(pinion__supervision_ended(&s, killed_by(SIGKILL), 5011), 0);
    is_over(128 + SIGKILL);
}

static void one_without_a_handler_yet_has_stopped_as_it_was_asked(void **state)
{
    begin(0);
    (void)pinion__supervision_stop(&s, SIGTERM, 10);
    acts(pinion__supervision_ended(&s, killed_by(SIGTERM), 11), 0);
    is_over(0);
}

static void a_crash_while_stopping_is_no_reason_to_start(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__supervision_stop(&s, SIGTERM, 10);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 20), 0);
    said("killed by signal 11");
    is_over(128 + SIGSEGV);
}

static void while_it_waits_a_signal_ends_it(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 20), 0);
    acts(pinion__supervision_stop(&s, SIGINT, 30), PINION_ACT_TELL_STOPPING);
    is_over(0);
}

static void a_signal_while_aborting_starts_none_afterwards(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_tick(&s, 2000), PINION_ACT_ABORT);
    acts(pinion__supervision_stop(&s, SIGTERM, 2001), PINION_ACT_TELL_STOPPING);
    acts(pinion__supervision_tick(&s, 7000), PINION_ACT_KILL); /* still due */
    acts(pinion__supervision_ended(&s, dumped_by(SIGABRT), 7001), 0);
    is_over(128 + SIGABRT);
}

static void one_that_stops_by_itself_is_asked_all_the_same(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_stopping(&s, 10), 0);
    acts(pinion__supervision_stop(&s, SIGTERM, 20), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    assert_int_equal(s.due, 5020);
}

/* ---- reloading ---- */

static void a_reload_replaces_the_child_and_counts_as_no_crash(void **state)
{
    begin_and_get_ready(0);
    for (uint64_t i = 1; i < 10; i++) {
        acts(pinion__supervision_reload(&s, i), PINION_ACT_TELL_RELOADING | PINION_ACT_STOP);
        assert_int_equal(s.stop_signal, SIGTERM);
        acts(pinion__supervision_reload(&s, i), 0); /* it is under way */
        acts(pinion__supervision_ended(&s, exited(0), i), PINION_ACT_START);
        starts(i);
        acts(pinion__supervision_ready(&s, i), PINION_ACT_TELL_READY);
    }
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
}

static void whatever_the_old_ones_end(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__supervision_reload(&s, 10);
    acts(pinion__supervision_tick(&s, 5010), PINION_ACT_KILL);
    acts(pinion__supervision_ended(&s, killed_by(SIGKILL), 5020), PINION_ACT_START);
    said("killed by signal 9 (Killed); starting the next");
}

static void a_new_one_that_fails_is_tried_again_and_announced_when_it_works(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__supervision_reload(&s, 10);
    acts(pinion__supervision_ended(&s, exited(0), 20), PINION_ACT_START);
    starts(20);
    acts(pinion__supervision_ended(&s, exited(1), 30), PINION_ACT_START);
    starts(30);
    acts(pinion__supervision_ready(&s, 40), PINION_ACT_TELL_READY);
}

static void a_reload_ends_the_wait(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__supervision_ended(&s, killed_by(SIGSEGV), 20), 0);
    acts(pinion__supervision_reload(&s, 30), PINION_ACT_TELL_RELOADING | PINION_ACT_START);
    starts(30);
    acts(pinion__supervision_ready(&s, 40), PINION_ACT_TELL_READY);
}

static void a_stop_wins_over_a_reload(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__supervision_reload(&s, 10);
    acts(pinion__supervision_stop(&s, SIGTERM, 20), PINION_ACT_TELL_STOPPING); /* it was asked already */
    acts(pinion__supervision_reload(&s, 30), 0);
    acts(pinion__supervision_ended(&s, exited(0), 40), 0);
    is_over(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_crash_is_named_and_the_next_starts_at_once, setup),
        cmocka_unit_test_setup(the_second_waits_and_then_starts, setup),
        cmocka_unit_test_setup(one_too_many_ends_it_with_the_last_childs_status, setup),
        cmocka_unit_test_setup(a_first_child_that_exits_before_it_is_ready_is_not_started_again, setup),
        cmocka_unit_test_setup(one_that_is_killed_before_it_is_ready_is, setup),
        cmocka_unit_test_setup(one_that_exits_before_it_is_ready_is_too_when_another_was, setup),
        cmocka_unit_test_setup(status_0_ends_it, setup),
        cmocka_unit_test_setup(a_start_that_fails_is_tried_again_within_the_limit, setup),
        cmocka_unit_test_setup(one_that_does_not_ping_is_aborted_and_started_again, setup),
        cmocka_unit_test_setup(one_that_does_not_even_abort_is_killed, setup),
        cmocka_unit_test_setup(it_is_watched_only_while_it_is_ready, setup),
        cmocka_unit_test_setup(none_is_watched_without_a_watchdog, setup),
        cmocka_unit_test_setup(a_supervisor_that_was_stopped_itself_gives_the_child_its_time_again, setup),
        cmocka_unit_test_setup(it_stops_gracefully, setup),
        cmocka_unit_test_setup(a_second_signal_kills_and_says_so_in_the_status, setup),
        cmocka_unit_test_setup(one_that_does_not_stop_in_time_is_killed, setup),
        cmocka_unit_test_setup(one_without_a_handler_yet_has_stopped_as_it_was_asked, setup),
        cmocka_unit_test_setup(a_crash_while_stopping_is_no_reason_to_start, setup),
        cmocka_unit_test_setup(while_it_waits_a_signal_ends_it, setup),
        cmocka_unit_test_setup(a_signal_while_aborting_starts_none_afterwards, setup),
        cmocka_unit_test_setup(one_that_stops_by_itself_is_asked_all_the_same, setup),
        cmocka_unit_test_setup(a_reload_replaces_the_child_and_counts_as_no_crash, setup),
        cmocka_unit_test_setup(whatever_the_old_ones_end, setup),
        cmocka_unit_test_setup(a_new_one_that_fails_is_tried_again_and_announced_when_it_works, setup),
        cmocka_unit_test_setup(a_reload_ends_the_wait, setup),
        cmocka_unit_test_setup(a_stop_wins_over_a_reload, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
