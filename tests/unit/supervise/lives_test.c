/* What the supervisor decides, told what happened and what time it is. */
#include "supervise/lives.h"
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

#define PID  77
#define NEXT 78

static struct pinion_lives s;
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
    s.start_timeout_ms = 3000;
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
    assert_true(s.over);
    assert_int_equal(s.exit_status, exit_status);
    assert_int_equal(pinion__lives_due(&s), UINT64_MAX);
}

static void starts(uint64_t now)
{
    assert_int_equal(s.child.state, PINION_LIFE_STARTING);
    assert_int_equal(s.child.pid, 0);
    acts(pinion__lives_started(&s, false, PID, now), 0);
}

static unsigned start_failed(uint64_t now)
{
    snprintf(s.end, sizeof s.end, "cannot start a child (Out of memory)");
    return pinion__lives_start_failed(&s, false, now);
}

static void begin(uint64_t now)
{
    acts(pinion__lives_begin(&s), PINION_ACT_START);
    starts(now);
}

static void begin_and_get_ready(uint64_t now)
{
    begin(now);
    acts(pinion__lives_ready(&s, PID, now), PINION_ACT_TELL_READY);
}

/* ---- crashes ---- */

static void a_crash_is_named_and_the_next_starts_at_once(void **state)
{
    begin_and_get_ready(1000);
    acts(pinion__lives_ended(&s, PID, dumped_by(SIGSEGV), 2000), PINION_ACT_START);
    said("child 77 was killed by signal 11 (Segmentation fault), core dumped; starting it again");
    starts(2000);
    acts(pinion__lives_ready(&s, PID, 2100), 0); /* that was told before */
    assert_int_equal(s.child.state, PINION_LIFE_READY);
}

static void the_second_waits_and_then_starts(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__lives_ended(&s, PID, exited(3), 20), 0);
    said("child 77 exited with status 3; starting it again in 100 ms");
    assert_int_equal(s.child.state, PINION_LIFE_WAITING);
    assert_int_equal(s.child.due, 120);
    acts(pinion__lives_tick(&s, 119), 0);
    acts(pinion__lives_tick(&s, 120), PINION_ACT_START);
    starts(120);
}

static void one_too_many_ends_it_with_the_last_childs_status(void **state)
{
    begin_and_get_ready(0);
    for (int i = 0; i < 3; i++) {
        if (pinion__lives_ended(&s, PID, killed_by(SIGABRT), 1000 * i) == 0)
            acts(pinion__lives_tick(&s, s.child.due), PINION_ACT_START);
        starts(1000 * i);
        acts(pinion__lives_ready(&s, PID, 1000 * i), 0);
    }
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 3000), 0);
    said("killed by signal 11 (Segmentation fault); giving up after 3 restarts within 60000 ms");
    is_over(128 + SIGSEGV);
}

static void a_first_child_that_exits_before_it_is_ready_is_not_started_again(void **state)
{
    begin(0);
    acts(pinion__lives_ended(&s, PID, exited(2), 10), 0);
    said("child 77 exited with status 2 before it was ready, and is not started again");
    is_over(2);
}

static void one_that_is_killed_before_it_is_ready_is(void **state)
{
    begin(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
}

static void one_that_exits_before_it_is_ready_is_too_when_another_was(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__lives_ended(&s, PID, exited(1), 20), 0);
    assert_int_equal(s.child.state, PINION_LIFE_WAITING);
}

static void status_0_ends_it(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_stopping(&s, PID, 5), 0);
    acts(pinion__lives_ended(&s, PID, exited(0), 10), 0);
    is_over(0);
}

static void a_start_that_fails_is_tried_again_within_the_limit(void **state)
{
    acts(pinion__lives_begin(&s), PINION_ACT_START);
    acts(start_failed(0), PINION_ACT_START);
    acts(start_failed(0), 0);
    acts(pinion__lives_tick(&s, 100), PINION_ACT_START);
    acts(start_failed(100), 0);
    acts(pinion__lives_tick(&s, 300), PINION_ACT_START);
    acts(start_failed(300), 0);
    said("cannot start a child (Out of memory); giving up");
    is_over(1);
}

/* ---- the watchdog ---- */

static void one_that_does_not_ping_is_aborted_and_started_again(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_tick(&s, 1999), 0);
    acts(pinion__lives_ping(&s, PID, 1999), 0);
    acts(pinion__lives_tick(&s, 3998), 0);
    acts(pinion__lives_tick(&s, 3999), PINION_ACT_ABORT);
    said("child 77 has given no sign of life for 2000 ms: aborting it");
    acts(pinion__lives_ping(&s, PID, 4000), 0); /* too late */
    acts(pinion__lives_ended(&s, PID, dumped_by(SIGABRT), 4100), PINION_ACT_START);
}

static void one_that_does_not_even_abort_is_killed(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_tick(&s, 2000), PINION_ACT_ABORT);
    acts(pinion__lives_tick(&s, 6999), 0);
    acts(pinion__lives_tick(&s, 7000), PINION_ACT_KILL);
    acts(pinion__lives_tick(&s, 60000), 0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 60001), PINION_ACT_START);
}

static void it_is_watched_only_while_it_is_ready(void **state)
{
    s.start_timeout_ms = 0;
    begin(0);
    acts(pinion__lives_tick(&s, 1000000), 0);
    acts(pinion__lives_ready(&s, PID, 1000000), PINION_ACT_TELL_READY);
    acts(pinion__lives_stopping(&s, PID, 1000001), 0);
    acts(pinion__lives_tick(&s, 1005000), 0);
    acts(pinion__lives_tick(&s, 1005001), PINION_ACT_KILL); /* the time to stop is what counts now */
}

static void none_is_watched_without_a_watchdog(void **state)
{
    s.watchdog_ms = 0;
    begin_and_get_ready(0);
    assert_int_equal(pinion__lives_due(&s), UINT64_MAX);
}

static void a_supervisor_that_was_stopped_itself_gives_the_child_its_time_again(void **state)
{
    begin_and_get_ready(0);
    pinion__lives_slept(&s, 1900);
    acts(pinion__lives_tick(&s, 3899), 0);
    acts(pinion__lives_tick(&s, 3900), PINION_ACT_ABORT);
    pinion__lives_slept(&s, 3950);
    acts(pinion__lives_tick(&s, 8900), PINION_ACT_KILL); /* what was begun goes on */
}

/* ---- starting takes too long ---- */

static void one_that_is_not_ready_in_time_is_aborted_and_started_again(void **state)
{
    begin(0);
    acts(pinion__lives_tick(&s, 2999), 0);
    acts(pinion__lives_tick(&s, 3000), PINION_ACT_ABORT);
    said("child 77 was not ready within 3000 ms: aborting it");
    assert_int_equal(s.late_starts, 1);
    acts(pinion__lives_tick(&s, 8000), PINION_ACT_KILL);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 8001), PINION_ACT_START);
    said("starting it again");
    starts(8001);
    assert_int_equal(s.child.due, 11001);
}

static void it_may_ask_for_more_time(void **state)
{
    begin(0);
    acts(pinion__lives_extend(&s, PID, 9000, 1000), 0);
    acts(pinion__lives_extend(&s, PID, 1000, 1000), 0); /* which takes nothing away */
    acts(pinion__lives_extend(&s, PID, UINT64_MAX, 1000), 0);
    acts(pinion__lives_tick(&s, 9999), 0);
    acts(pinion__lives_tick(&s, 10000), PINION_ACT_ABORT);
}

static void one_that_pings_works_though_it_never_says_that_it_is_ready(void **state)
{
    begin(0);
    for (uint64_t now = 1000; now < 20000; now += 1000) {
        acts(pinion__lives_ping(&s, PID, now), 0);
        acts(pinion__lives_tick(&s, now), 0);
    }
    acts(pinion__lives_tick(&s, 22000), PINION_ACT_ABORT);
}

static void without_a_limit_it_has_any_time(void **state)
{
    s.start_timeout_ms = 0;
    begin(0);
    acts(pinion__lives_ping(&s, PID, 5), 0);
    assert_int_equal(pinion__lives_due(&s), UINT64_MAX);
}

static void one_that_follows_one_that_was_ready_is_tried_again_for_ever(void **state)
{
    uint64_t now = 10, waits[] = { 100, 200, 400, 800, 1000, 1000, 1000, 1000 };
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), now), PINION_ACT_START);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        starts(now);
        acts(pinion__lives_ended(&s, PID, i % 2 ? exited(1) : killed_by(SIGABRT), ++now), 0);
        said("; starting it again in ");
        assert_int_equal(s.child.due, now + waits[i]);
        now = s.child.due;
        acts(pinion__lives_tick(&s, now), PINION_ACT_START);
    }
    assert_int_equal(s.failed_starts, 8);
    starts(now);
    acts(pinion__lives_ready(&s, PID, now), 0);
}

static void and_so_is_one_for_which_there_is_no_process(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 0), PINION_ACT_START);
    for (int i = 0; i < 10; i++) {
        acts(start_failed(0), 0);
        said("cannot start a child (Out of memory); starting it again in");
        acts(pinion__lives_tick(&s, s.child.due), PINION_ACT_START);
    }
}

static void one_that_could_not_be_executed_says_why(void **state)
{
    begin(0);
    pinion__lives_not_executed(&s, PID, 8);
    acts(pinion__lives_ended(&s, PID, exited(127), 10), 0);
    said("child 77 could not be executed (Exec format error) before it was ready, and is not started again");
    is_over(127);
}

/* ---- stopping ---- */

static void it_stops_gracefully(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_stop(&s, SIGTERM, 10), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    assert_int_equal(s.child.stop_signal, SIGTERM);
    acts(pinion__lives_stopping(&s, PID, 11), 0);
    acts(pinion__lives_ended(&s, PID, exited(0), 20), 0);
    is_over(0);
}

static void a_second_signal_kills_and_says_so_in_the_status(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_stop(&s, SIGTERM, 10), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    acts(pinion__lives_stop(&s, SIGINT, 20), PINION_ACT_KILL);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 30), 0);
    is_over(128 + SIGINT);
}

static void one_that_does_not_stop_in_time_is_killed(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__lives_stop(&s, SIGTERM, 10);
    acts(pinion__lives_tick(&s, 5009), 0);
    acts(pinion__lives_tick(&s, 5010), PINION_ACT_KILL);
    said("child 77 did not stop in time");
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 5011), 0);
    is_over(128 + SIGKILL);
}

static void one_without_a_handler_yet_has_stopped_as_it_was_asked(void **state)
{
    begin(0);
    (void)pinion__lives_stop(&s, SIGTERM, 10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGTERM), 11), 0);
    is_over(0);
}

/* One endpoint of the program has ended, and it runs another. */
static void a_child_that_stops_by_itself_may_be_ready_again(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_stopping(&s, PID, 10), 0);
    acts(pinion__lives_ready(&s, PID, 20), 0);
    assert_int_equal(s.child.state, PINION_LIFE_READY);
    acts(pinion__lives_ping(&s, PID, 6000), 0);
    acts(pinion__lives_tick(&s, 6000), 0); /* it was to be killed by then */
    acts(pinion__lives_stop(&s, SIGTERM, 6001), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    acts(pinion__lives_ready(&s, PID, 6002), 0);
    assert_int_equal(s.child.state, PINION_LIFE_STOPPING); /* it was asked to */
}

static void a_crash_while_stopping_is_no_reason_to_start(void **state)
{
    begin_and_get_ready(0);
    (void)pinion__lives_stop(&s, SIGTERM, 10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), 0);
    said("killed by signal 11");
    is_over(128 + SIGSEGV);
}

static void while_it_waits_a_signal_ends_it(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), 0);
    acts(pinion__lives_stop(&s, SIGINT, 30), PINION_ACT_TELL_STOPPING);
    is_over(0);
}

static void a_signal_while_aborting_starts_none_afterwards(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_tick(&s, 2000), PINION_ACT_ABORT);
    acts(pinion__lives_stop(&s, SIGTERM, 2001), PINION_ACT_TELL_STOPPING);
    acts(pinion__lives_tick(&s, 7000), PINION_ACT_KILL); /* still due */
    acts(pinion__lives_ended(&s, PID, dumped_by(SIGABRT), 7001), 0);
    is_over(128 + SIGABRT);
}

static void one_that_stops_by_itself_is_asked_all_the_same(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_stopping(&s, PID, 10), 0);
    acts(pinion__lives_stop(&s, SIGTERM, 20), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    assert_int_equal(s.child.due, 5020);
}

/* ---- upgrades ---- */

#define OTHER(act) PINION_ACT_OTHER(act)

/* The second child is started beside the first. */
static void upgrade(uint64_t now)
{
    acts(pinion__lives_reload(&s, now), PINION_ACT_TELL_RELOADING | OTHER(PINION_ACT_UPGRADE));
    acts(pinion__lives_started(&s, true, NEXT, now), 0);
    assert_int_equal(s.other.state, PINION_LIFE_STARTING);
}

static void no_upgrade_is_under_way(void)
{
    assert_int_equal(s.upgrade, PINION_UPGRADE_NONE);
    assert_int_equal(s.other.pid, 0);
    assert_int_equal(s.other.state, PINION_LIFE_NONE);
    assert_int_equal(s.other.due, UINT64_MAX);
}

static void the_new_one_is_ready_before_the_old_one_stops(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    assert_int_equal(s.child.state, PINION_LIFE_READY);
    acts(pinion__lives_ready(&s, NEXT, 20), PINION_ACT_KEEP | PINION_ACT_TELL_READY | OTHER(PINION_ACT_STOP));
    assert_int_equal(s.child.pid, NEXT);
    assert_int_equal(s.child.state, PINION_LIFE_READY);
    assert_int_equal(s.other.pid, PID);
    assert_int_equal(s.other.stop_signal, SIGTERM);
    acts(pinion__lives_ended(&s, PID, exited(0), 30), 0);
    said("child 77 exited with status 0; the next has taken over");
    no_upgrade_is_under_way();
    acts(pinion__lives_tick(&s, 2020), PINION_ACT_ABORT); /* it is watched like the one before */
}

static void the_old_one_has_its_time_to_stop(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ready(&s, NEXT, 20);
    acts(pinion__lives_stopping(&s, PID, 25), 0);
    (void)pinion__lives_ping(&s, NEXT, 5000);
    acts(pinion__lives_tick(&s, 5020), OTHER(PINION_ACT_KILL));
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 5021), 0);
    said("child 77 was killed by signal 9 (Killed); the next has taken over");
    no_upgrade_is_under_way();
}

static void upgrades_count_as_no_crash(void **state)
{
    begin_and_get_ready(0);
    for (uint64_t i = 1; i < 10; i++) {
        upgrade(i);
        (void)pinion__lives_ready(&s, NEXT, i);
        acts(pinion__lives_ended(&s, PID, exited(0), i), 0);
        s.child.pid = PID;
    }
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    assert_int_equal(s.upgrades, 9);
    assert_int_equal(s.failed_upgrades, 0);
}

static void a_new_one_that_fails_leaves_the_old_one_alone(void **state)
{
    int ends[] = { exited(3), exited(0), exited(127), killed_by(SIGSEGV), dumped_by(SIGABRT) };
    begin_and_get_ready(0);
    for (unsigned i = 0; i < 5; i++) {
        upgrade(10);
        acts(pinion__lives_ended(&s, NEXT, ends[i], 20),
             PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_TELL_READY);
        no_upgrade_is_under_way();
        assert_int_equal(s.child.pid, PID);
        assert_int_equal(s.child.state, PINION_LIFE_READY);
        assert_int_equal(s.failed_upgrades, i + 1);
    }
    said("the upgrade failed (5 of 5 so far): child 78 was killed by signal 6 (Aborted), core dumped; the "
         "old program keeps running");
    acts(pinion__lives_tick(&s, 1999), 0);
    upgrade(1999);
    acts(pinion__lives_ready(&s, NEXT, 1999),
         PINION_ACT_KEEP | PINION_ACT_TELL_READY | OTHER(PINION_ACT_STOP));
}

static void one_that_cannot_be_executed_or_opened_is_named(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    pinion__lives_not_executed(&s, NEXT, 13);
    (void)pinion__lives_ended(&s, NEXT, exited(127), 20);
    said("failed (1 of 1 so far): child 78 could not be executed (Permission denied); the old program");
    acts(pinion__lives_reload(&s, 30), PINION_ACT_TELL_RELOADING | OTHER(PINION_ACT_UPGRADE));
    snprintf(s.end, sizeof s.end, "/bin/server cannot be opened (No such file or directory)");
    acts(pinion__lives_start_failed(&s, true, 30),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_TELL_READY);
    said("failed (2 of 2 so far): /bin/server cannot be opened (No such file or directory); the old program");
    no_upgrade_is_under_way();
}

static void one_that_hangs_is_aborted_though_it_pings(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ping(&s, PID, 2999);
    (void)pinion__lives_ping(&s, NEXT, 2999);
    acts(pinion__lives_tick(&s, 3009), 0);
    acts(pinion__lives_tick(&s, 3010), OTHER(PINION_ACT_ABORT));
    said("child 78 was not ready within 3000 ms: aborting it");
    acts(pinion__lives_ready(&s, NEXT, 3011), 0); /* too late */
    (void)pinion__lives_ended(&s, NEXT, dumped_by(SIGABRT), 3012);
    no_upgrade_is_under_way();
    assert_int_equal(s.late_starts, 1);
}

static void a_reload_in_an_upgrade_follows_it(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_reload(&s, 11), 0);
    acts(pinion__lives_reload(&s, 12), 0); /* once, however many there were */
    said("an upgrade follows");
    acts(pinion__lives_ready(&s, NEXT, 20), PINION_ACT_KEEP | PINION_ACT_TELL_READY | OTHER(PINION_ACT_STOP));
    acts(pinion__lives_reload(&s, 21), 0);
    acts(pinion__lives_ended(&s, PID, exited(0), 30), PINION_ACT_TELL_RELOADING | OTHER(PINION_ACT_UPGRADE));
    acts(pinion__lives_started(&s, true, PID, 30), 0);
    (void)pinion__lives_ready(&s, PID, 40);
    acts(pinion__lives_ended(&s, NEXT, exited(0), 50), 0);
    no_upgrade_is_under_way();
    assert_int_equal(s.upgrades, 2);
}

static void also_one_that_fails(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_reload(&s, 11), 0);
    acts(pinion__lives_ended(&s, NEXT, exited(1), 20), PINION_ACT_TELL_FAILED | PINION_ACT_DROP |
                                                           PINION_ACT_TELL_READY | PINION_ACT_TELL_RELOADING |
                                                           OTHER(PINION_ACT_UPGRADE));
}

static void a_reload_before_the_first_is_ready_waits_for_it(void **state)
{
    begin(0);
    acts(pinion__lives_reload(&s, 10), 0);
    acts(pinion__lives_ready(&s, PID, 20),
         PINION_ACT_TELL_READY | PINION_ACT_TELL_RELOADING | OTHER(PINION_ACT_UPGRADE));
}

static void a_signal_in_an_upgrade_stops_both(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_stop(&s, SIGTERM, 20),
         PINION_ACT_TELL_STOPPING | PINION_ACT_STOP | OTHER(PINION_ACT_STOP));
    acts(pinion__lives_reload(&s, 21), 0);
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGTERM), 30), 0);
    assert_false(s.over);
    acts(pinion__lives_ended(&s, PID, exited(0), 40), 0);
    is_over(0);
}

static void the_status_is_that_of_the_one_that_served(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_stop(&s, SIGTERM, 20);
    acts(pinion__lives_ended(&s, PID, exited(4), 30), 0);
    acts(pinion__lives_ended(&s, NEXT, exited(5), 40), 0);
    is_over(4);
}

static void a_second_signal_in_an_upgrade_kills_both(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_stop(&s, SIGTERM, 20);
    acts(pinion__lives_stop(&s, SIGTERM, 21), PINION_ACT_KILL | OTHER(PINION_ACT_KILL));
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 30), 0);
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGKILL), 30), 0);
    is_over(128 + SIGTERM);
}

static void a_signal_while_the_old_one_retires_waits_for_both(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ready(&s, NEXT, 20);
    acts(pinion__lives_stop(&s, SIGTERM, 30), PINION_ACT_TELL_STOPPING | PINION_ACT_STOP);
    acts(pinion__lives_ended(&s, NEXT, exited(0), 40), 0);
    assert_false(s.over);
    acts(pinion__lives_tick(&s, 5020), OTHER(PINION_ACT_KILL));
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 5030), 0);
    is_over(0);
}

static void an_old_one_that_crashes_in_an_upgrade_is_started_again(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), PINION_ACT_START);
    said("child 77 was killed by signal 11 (Segmentation fault); starting it again");
    acts(pinion__lives_started(&s, false, PID + 10, 20), 0);
    acts(pinion__lives_ready(&s, NEXT, 30), /* which comes first */
         PINION_ACT_KEEP | PINION_ACT_TELL_READY | OTHER(PINION_ACT_STOP));
    assert_int_equal(s.child.pid, NEXT);
    acts(pinion__lives_ready(&s, PID + 10, 31), 0);
    acts(pinion__lives_ended(&s, PID + 10, killed_by(SIGTERM), 40), 0);
    no_upgrade_is_under_way();
}

static void and_serves_on_when_the_new_one_fails(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20);
    starts(20);
    acts(pinion__lives_ended(&s, NEXT, exited(3), 30), PINION_ACT_TELL_FAILED | PINION_ACT_DROP);
    no_upgrade_is_under_way();
    acts(pinion__lives_ready(&s, PID, 40), PINION_ACT_TELL_READY);
}

static void a_new_one_that_is_ready_while_the_old_one_waits_ends_the_wait(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20);
    starts(20);
    acts(pinion__lives_ended(&s, PID, exited(1), 21), 0);
    assert_int_equal(s.child.state, PINION_LIFE_WAITING);
    acts(pinion__lives_ready(&s, NEXT, 30), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
    no_upgrade_is_under_way();
    assert_int_equal(s.child.pid, NEXT);
    acts(pinion__lives_tick(&s, 500), 0);
}

static void an_old_one_that_stops_by_itself_makes_room(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_ended(&s, PID, exited(0), 20), 0);
    said("child 77 exited with status 0; the next takes over");
    assert_int_equal(s.child.pid, NEXT);
    acts(pinion__lives_ready(&s, NEXT, 30), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
    no_upgrade_is_under_way();
}

static void a_new_one_that_crashes_while_the_old_one_retires_is_started_again(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_ready(&s, NEXT, 20);
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGSEGV), 21), PINION_ACT_START);
    acts(pinion__lives_started(&s, false, NEXT + 1, 21), 0);
    acts(pinion__lives_ended(&s, PID, exited(0), 30), 0); /* which is not the end of it all */
    no_upgrade_is_under_way();
    acts(pinion__lives_ready(&s, NEXT + 1, 40), 0);
}

static void one_that_crashes_too_often_gives_way_to_the_program_before(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_ready(&s, NEXT, 20), PINION_ACT_KEEP | PINION_ACT_TELL_READY | OTHER(PINION_ACT_STOP));
    s.can_go_back = true;
    (void)pinion__lives_ended(&s, PID, exited(0), 20);
    s.child.pid = PID;
    for (int i = 0; i < 3; i++) {
        if (pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 100) == 0)
            acts(pinion__lives_tick(&s, s.child.due), PINION_ACT_START);
        starts(100);
        (void)pinion__lives_ready(&s, PID, 100);
    }
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 200), PINION_ACT_GO_BACK | PINION_ACT_START);
    said("after 3 restarts within 60000 ms going back to the program before the upgrade");
    starts(200);
    (void)pinion__lives_ready(&s, PID, 210);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 220), PINION_ACT_START); /* anew */
}

static void not_to_one_before_a_program_that_has_proven_itself(void **state)
{
    begin_and_get_ready(0);
    s.can_go_back = true;
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 60000), PINION_ACT_START);
    assert_false(s.can_go_back);
}

static void a_reload_ends_the_wait(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), 0);
    acts(pinion__lives_reload(&s, 30), PINION_ACT_TELL_RELOADING | PINION_ACT_UPGRADE);
    starts(30);
    acts(pinion__lives_ready(&s, PID, 40), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
}

static void and_what_it_starts_may_fail_too(void **state)
{
    begin_and_get_ready(0);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 10), PINION_ACT_START);
    starts(10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), 0);
    (void)pinion__lives_reload(&s, 30);
    starts(30);
    acts(pinion__lives_ended(&s, PID, exited(3), 40),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_START);
    said("going back to the program that was ready last");
}

/* ---- what only one can have ---- */

static void it_is_granted_where_nobody_has_it(void **state)
{
    begin(0);
    acts(pinion__lives_claims(&s, PID, "port 1", false, 0), PINION_ACT_LET_IN);
    (void)pinion__lives_ready(&s, PID, 10);
    upgrade(10);
    acts(pinion__lives_claims(&s, NEXT, "port 2", false, 20), OTHER(PINION_ACT_LET_IN));
    assert_int_equal(s.child.state, PINION_LIFE_READY);
}

static void where_the_old_one_has_it_that_one_stops_first(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_claims(&s, NEXT, "the node's name a", true, 20), PINION_ACT_STOP);
    said("child 78 can go on when child 77 has ended: only one can have the node's name a");
    (void)pinion__lives_tick(&s, 3010); /* its time to start stands still */
    assert_int_equal(s.other.state, PINION_LIFE_BEHIND);
    acts(pinion__lives_ended(&s, PID, exited(0), 4000), PINION_ACT_LET_IN);
    said("child 77 exited with status 0; the next takes over");
    assert_int_equal(s.child.pid, NEXT);
    assert_int_equal(s.child.due, 7000);
    acts(pinion__lives_ready(&s, NEXT, 4010), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
    no_upgrade_is_under_way();
}

static void and_comes_back_when_the_new_one_fails_then(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_claims(&s, NEXT, "port 1", true, 20);
    (void)pinion__lives_ended(&s, PID, exited(0), 30);
    acts(pinion__lives_ended(&s, NEXT, exited(1), 40),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_START);
    said("the upgrade failed (1 of 1 so far): child 78 exited with status 1; going back to the program that");
    no_upgrade_is_under_way();
    starts(40);
    acts(pinion__lives_ready(&s, PID, 50), PINION_ACT_TELL_READY);
}

static void or_when_it_fails_before(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_claims(&s, NEXT, "port 1", true, 20);
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGKILL), 25), PINION_ACT_TELL_FAILED | PINION_ACT_DROP);
    acts(pinion__lives_ended(&s, PID, exited(0), 30), PINION_ACT_START);
    no_upgrade_is_under_way();
}

static void a_reload_asked_for_meanwhile_comes_instead(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_claims(&s, NEXT, "port 1", true, 20);
    acts(pinion__lives_reload(&s, 21), 0);
    (void)pinion__lives_ended(&s, PID, exited(0), 30);
    acts(pinion__lives_ended(&s, NEXT, exited(1), 40),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_UPGRADE);
    starts(40);
    acts(pinion__lives_ready(&s, PID, 50), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
}

static void a_crash_of_the_old_one_makes_room_as_well(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_claims(&s, NEXT, "port 1", true, 20);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 30), PINION_ACT_LET_IN);
}

static void one_that_is_started_again_waits_for_a_new_one_that_has_it(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGSEGV), 20), PINION_ACT_START);
    starts(20);
    acts(pinion__lives_claims(&s, PID, "port 1", true, 30), 0);
    acts(pinion__lives_tick(&s, 3010), OTHER(PINION_ACT_ABORT));
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGABRT), 3020),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_LET_IN);
    acts(pinion__lives_ready(&s, PID, 3030), PINION_ACT_TELL_READY);
}

static void a_signal_ends_the_waiting_one_too(void **state)
{
    begin_and_get_ready(0);
    upgrade(10);
    (void)pinion__lives_claims(&s, NEXT, "port 1", true, 20);
    acts(pinion__lives_stop(&s, SIGTERM, 25), PINION_ACT_TELL_STOPPING | OTHER(PINION_ACT_STOP));
    acts(pinion__lives_ended(&s, NEXT, killed_by(SIGTERM), 30), 0);
    acts(pinion__lives_ended(&s, PID, exited(0), 40), 0);
    is_over(0);
}

static void two_that_must_never_be_follow_each_other(void **state)
{
    s.exclusive = true;
    begin_and_get_ready(0);
    acts(pinion__lives_reload(&s, 10), PINION_ACT_TELL_RELOADING | PINION_ACT_STOP);
    acts(pinion__lives_ended(&s, PID, exited(0), 20), PINION_ACT_UPGRADE);
    said("child 77 exited with status 0; starting the next");
    starts(20);
    acts(pinion__lives_ready(&s, PID, 30), PINION_ACT_KEEP | PINION_ACT_TELL_READY);
    (void)pinion__lives_reload(&s, 40);
    acts(pinion__lives_tick(&s, 5040), PINION_ACT_KILL);
    acts(pinion__lives_ended(&s, PID, killed_by(SIGKILL), 5050), PINION_ACT_UPGRADE);
    starts(5050);
    acts(pinion__lives_ended(&s, PID, exited(3), 5060),
         PINION_ACT_TELL_FAILED | PINION_ACT_DROP | PINION_ACT_START);
    said("going back to the program that was ready last");
}

static void strangers_change_nothing(void **state)
{
    begin(0);
    struct pinion_lives before = s;
    acts(pinion__lives_ready(&s, 4711, 1), 0);
    acts(pinion__lives_ready(&s, 0, 1), 0); /* there is no other child */
    acts(pinion__lives_stopping(&s, 0, 1), 0);
    acts(pinion__lives_ping(&s, 0, 1), 0);
    acts(pinion__lives_extend(&s, 4711, 5, 1), 0);
    acts(pinion__lives_claims(&s, 4711, "port 1", true, 1), 0);
    acts(pinion__lives_ended(&s, 4711, exited(0), 1), 0);
    pinion__lives_not_executed(&s, 4711, 1);
    assert_memory_equal(&before, &s, sizeof s);
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
        cmocka_unit_test_setup(one_that_is_not_ready_in_time_is_aborted_and_started_again, setup),
        cmocka_unit_test_setup(it_may_ask_for_more_time, setup),
        cmocka_unit_test_setup(one_that_pings_works_though_it_never_says_that_it_is_ready, setup),
        cmocka_unit_test_setup(without_a_limit_it_has_any_time, setup),
        cmocka_unit_test_setup(one_that_follows_one_that_was_ready_is_tried_again_for_ever, setup),
        cmocka_unit_test_setup(and_so_is_one_for_which_there_is_no_process, setup),
        cmocka_unit_test_setup(one_that_could_not_be_executed_says_why, setup),
        cmocka_unit_test_setup(it_stops_gracefully, setup),
        cmocka_unit_test_setup(a_second_signal_kills_and_says_so_in_the_status, setup),
        cmocka_unit_test_setup(one_that_does_not_stop_in_time_is_killed, setup),
        cmocka_unit_test_setup(one_without_a_handler_yet_has_stopped_as_it_was_asked, setup),
        cmocka_unit_test_setup(a_child_that_stops_by_itself_may_be_ready_again, setup),
        cmocka_unit_test_setup(a_crash_while_stopping_is_no_reason_to_start, setup),
        cmocka_unit_test_setup(while_it_waits_a_signal_ends_it, setup),
        cmocka_unit_test_setup(a_signal_while_aborting_starts_none_afterwards, setup),
        cmocka_unit_test_setup(one_that_stops_by_itself_is_asked_all_the_same, setup),
        cmocka_unit_test_setup(the_new_one_is_ready_before_the_old_one_stops, setup),
        cmocka_unit_test_setup(the_old_one_has_its_time_to_stop, setup),
        cmocka_unit_test_setup(upgrades_count_as_no_crash, setup),
        cmocka_unit_test_setup(a_new_one_that_fails_leaves_the_old_one_alone, setup),
        cmocka_unit_test_setup(one_that_cannot_be_executed_or_opened_is_named, setup),
        cmocka_unit_test_setup(one_that_hangs_is_aborted_though_it_pings, setup),
        cmocka_unit_test_setup(a_reload_in_an_upgrade_follows_it, setup),
        cmocka_unit_test_setup(also_one_that_fails, setup),
        cmocka_unit_test_setup(a_reload_before_the_first_is_ready_waits_for_it, setup),
        cmocka_unit_test_setup(a_signal_in_an_upgrade_stops_both, setup),
        cmocka_unit_test_setup(the_status_is_that_of_the_one_that_served, setup),
        cmocka_unit_test_setup(a_second_signal_in_an_upgrade_kills_both, setup),
        cmocka_unit_test_setup(a_signal_while_the_old_one_retires_waits_for_both, setup),
        cmocka_unit_test_setup(an_old_one_that_crashes_in_an_upgrade_is_started_again, setup),
        cmocka_unit_test_setup(and_serves_on_when_the_new_one_fails, setup),
        cmocka_unit_test_setup(a_new_one_that_is_ready_while_the_old_one_waits_ends_the_wait, setup),
        cmocka_unit_test_setup(an_old_one_that_stops_by_itself_makes_room, setup),
        cmocka_unit_test_setup(a_new_one_that_crashes_while_the_old_one_retires_is_started_again, setup),
        cmocka_unit_test_setup(one_that_crashes_too_often_gives_way_to_the_program_before, setup),
        cmocka_unit_test_setup(not_to_one_before_a_program_that_has_proven_itself, setup),
        cmocka_unit_test_setup(a_reload_ends_the_wait, setup),
        cmocka_unit_test_setup(and_what_it_starts_may_fail_too, setup),
        cmocka_unit_test_setup(it_is_granted_where_nobody_has_it, setup),
        cmocka_unit_test_setup(where_the_old_one_has_it_that_one_stops_first, setup),
        cmocka_unit_test_setup(and_comes_back_when_the_new_one_fails_then, setup),
        cmocka_unit_test_setup(or_when_it_fails_before, setup),
        cmocka_unit_test_setup(a_reload_asked_for_meanwhile_comes_instead, setup),
        cmocka_unit_test_setup(a_crash_of_the_old_one_makes_room_as_well, setup),
        cmocka_unit_test_setup(one_that_is_started_again_waits_for_a_new_one_that_has_it, setup),
        cmocka_unit_test_setup(a_signal_ends_the_waiting_one_too, setup),
        cmocka_unit_test_setup(two_that_must_never_be_follow_each_other, setup),
        cmocka_unit_test_setup(strangers_change_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
