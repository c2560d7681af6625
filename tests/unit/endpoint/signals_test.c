/* The first signal, the second, and one that a supervisor passes on. A child gets them, and says over a pipe
 * that it has, so that none is merged with the next. */
#include "endpoint/signals.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
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
    struct pinion_signals saved;
    if (pinion__signals_install(&saved, say, &out) != 0)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_leaves_at_once),
        TEST(one_that_is_passed_on_never_counts_as_the_second),
        TEST(another_value_makes_it_a_signal_like_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
