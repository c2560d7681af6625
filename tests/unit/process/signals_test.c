/* The first signal, the second, and one that a supervisor passes on. A child gets them, and says over a pipe
 * that it has, so that none is merged with the next. */
#include "process/signals.h"
#include <pinion/error.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t child;
static int from_child;

static void say(void *context)
{
    ssize_t written = write(*(int *)context, "s", 1);
    (void)written;
}

_Noreturn static void wait_for_signals(int out)
{
    if (pinion__signals_install(say, &out) != 0)
        _exit(99);
    say(&out);
    for (;;)
        pause();
}

/* A byte from the child: it has installed its handlers, or had a signal. */
static void heard(void)
{
    struct pollfd fd = { .fd = from_child, .events = POLLIN };
    char byte;
    assert_int_equal(poll(&fd, 1, 10000), 1);
    assert_int_equal(read(from_child, &byte, 1), 1);
}

static int setup(void **state)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    child = fork();
    if (child == 0)
        wait_for_signals(ends[1]);
    close(ends[1]);
    from_child = ends[0];
    heard();
    return child > 0 ? 0 : -1;
}

static int teardown(void **state)
{
    close(from_child);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return 0;
}

static void exits_with(int expected)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    child = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void pass_on(int number, int with)
{
    assert_int_equal(sigqueue(child, number, (union sigval){ .sival_int = with }), 0);
}

static void the_second_leaves_at_once(void **state)
{
    kill(child, SIGTERM);
    heard();
    kill(child, SIGINT);
    exits_with(128 + SIGINT);
}

static void one_that_is_passed_on_never_counts_as_the_second(void **state)
{
    for (int i = 0; i < 3; i++) {
        pass_on(SIGTERM, PINION_SIGNAL_PASSED_ON);
        heard();
    }
    kill(child, SIGTERM);
    heard();
    pass_on(SIGINT, PINION_SIGNAL_PASSED_ON);
    heard();
    kill(child, SIGTERM);
    exits_with(128 + SIGTERM);
}

static void another_value_makes_it_a_signal_like_any(void **state)
{
    pass_on(SIGTERM, 0);
    heard();
    pass_on(SIGTERM, PINION_SIGNAL_PASSED_ON + 1);
    exits_with(128 + SIGTERM);
}

/* ---- several at once, in a process of their own each time ---- */

static atomic_int told[2];
static atomic_int told_program;

static void count(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void count_program(int number)
{
    atomic_fetch_add(&told_program, 1);
}

static void must(bool condition, int status)
{
    if (!condition)
        _exit(status);
}

static void install(int which)
{
    must(pinion__signals_install(count, &told[which]) == 0, 2);
}

static void expect_told(int first, int second, int program)
{
    raise(SIGTERM);
    must(atomic_load(&told[0]) == first, 3);
    must(atomic_load(&told[1]) == second, 4);
    must(atomic_load(&told_program) == program, 5);
}

static void use_programs_handler(void)
{
    struct sigaction action = { .sa_handler = count_program };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void both_are_told(int ends_first)
{
    use_programs_handler();
    install(0);
    install(1);
    expect_told(1, 1, 0);
    pinion__signals_remove(&told[ends_first]);
    pinion__signals_remove(&told[ends_first]); /* harmless */
    pinion__signals_remove(&told[!ends_first]);
    expect_told(1, 1, 1);
    raise(SIGINT);
    must(atomic_load(&told_program) == 2, 6);
}

static void the_first_ends_first(void)
{
    both_are_told(0);
}

static void the_last_ends_first(void)
{
    both_are_told(1);
}

static void one_goes_on(int ends_first)
{
    use_programs_handler();
    install(0);
    install(1);
    pinion__signals_remove(&told[ends_first]);
    expect_told(ends_first != 0, ends_first != 1, 0);
    pinion__signals_remove(&told[!ends_first]);
    expect_told(ends_first != 0, ends_first != 1, 1);
}

static void the_second_goes_on(void)
{
    one_goes_on(0);
}

static void the_first_goes_on(void)
{
    one_goes_on(1);
}

static void a_handler_set_meanwhile_stays(void)
{
    install(0);
    use_programs_handler();
    pinion__signals_remove(&told[0]);
    expect_told(0, 0, 1);
}

/* As a library does that has a loop of its own. */
static void ours_put_back_too_late_hands_over(void)
{
    struct sigaction saved;
    use_programs_handler();
    install(0);
    sigaction(SIGTERM, NULL, &saved);
    pinion__signals_remove(&told[0]);
    sigaction(SIGTERM, &saved, NULL);
    expect_told(0, 0, 1);
    install(0);
    pinion__signals_remove(&told[0]);
    expect_told(0, 0, 2);
}

static void only_so_many_at_once(void)
{
    static char contexts[17];
    for (int i = 0; i < 16; i++)
        must(pinion__signals_install(count, &contexts[i]) == 0, 2);
    must(pinion__signals_install(count, &contexts[16]) == PINION_EBUSY, 3);
    for (int i = 0; i < 16; i++)
        pinion__signals_remove(&contexts[i]);
}

static void in_a_process(void (*body)(void))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void of_two_both_are_told_whichever_ends_first(void **state)
{
    in_a_process(the_first_ends_first);
    in_a_process(the_last_ends_first);
}

static void of_two_one_goes_on_when_the_other_has_ended(void **state)
{
    in_a_process(the_second_goes_on);
    in_a_process(the_first_goes_on);
}

static void the_programs_handlers_are_respected(void **state)
{
    in_a_process(a_handler_set_meanwhile_stays);
    in_a_process(ours_put_back_too_late_hands_over);
}

static void there_is_a_limit(void **state)
{
    in_a_process(only_so_many_at_once);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_leaves_at_once),
        TEST(one_that_is_passed_on_never_counts_as_the_second),
        TEST(another_value_makes_it_a_signal_like_any),
        cmocka_unit_test(of_two_both_are_told_whichever_ends_first),
        cmocka_unit_test(of_two_one_goes_on_when_the_other_has_ended),
        cmocka_unit_test(the_programs_handlers_are_respected),
        cmocka_unit_test(there_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
