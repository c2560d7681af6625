/* What pinion_supervise refuses, before it starts anything. What it does else is for tests/integration. */
#include "process/bind.h"
#include <pinion/supervise.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *const arguments[] = { "program", NULL };

static int clear_environment(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return 0;
}

static void is_refused(pinion_supervise_options options, int code, const char *why)
{
    options.host = "127.0.0.1";
    assert_int_equal(pinion_supervise(&options, arguments), code);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("\"%s\" is not in \"%s\"", why, pinion_error_detail());
}

static void options_that_cannot_work_are_named(void **state)
{
    is_refused((pinion_supervise_options){ .max_restarts = 101 }, PINION_EINVAL, "max_restarts: 101");
    is_refused((pinion_supervise_options){ .backoff_min_ms = 10001 }, PINION_EINVAL, "backoff_min_ms: 10001");
    is_refused((pinion_supervise_options){ .backoff_max_ms = 99 }, PINION_EINVAL, "backoff_max_ms, 99");
    is_refused((pinion_supervise_options){ .listeners = 65 }, PINION_EINVAL, "listeners: 65");
}

static void a_port_that_is_taken_is_named(void **state)
{
    uint16_t port;
    int fd;
    assert_int_equal(pinion__bind("127.0.0.1", 0, &fd, 1, &port), 0);
    is_refused((pinion_supervise_options){ .port = port }, PINION_EADDRINUSE, "another program has it");
    close(fd);
}

static void a_host_that_is_none_is_named(void **state)
{
    pinion_supervise_options options = { .host = "no such host" };
    assert_int_equal(pinion_supervise(&options, arguments), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "no such host"));
}

static void sockets_that_cannot_be_used_are_named(void **state)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "many", 1);
    is_refused((pinion_supervise_options){ 0 }, PINION_EINVAL, "LISTEN_FDS: \"many\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_that_cannot_work_are_named),
        TEST(a_port_that_is_taken_is_named),
        TEST(a_host_that_is_none_is_named),
        TEST(sockets_that_cannot_be_used_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
