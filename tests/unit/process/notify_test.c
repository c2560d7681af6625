/* The notification protocol: addresses, sending, the watchdog's time, and what a message says. */
#include "helpers/failing.h"
#include "process/notify.h"
#include <pinion/supervise.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

FAILING(ssize_t, sendto,
        (int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t to_len),
        (fd, bytes, len, flags, to, to_len))

/* A datagram socket bound to this name (an abstract one behind '@'), or to one the kernel chooses. */
static int receiver(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = sizeof address.sun_family;
    if (path) {
        memcpy(address.sun_path, path, strlen(path));
        len += (socklen_t)strlen(path) + (path[0] == '/');
        if (path[0] == '@')
            address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    return fd;
}

static void received(int fd, const char *expected)
{
    char text[256] = "";
    ssize_t len = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(len >= 0);
    assert_string_equal(text, expected);
}

static void it_sends_to_a_path(void **state)
{
    char directory[] = "/tmp/pinion-notify-XXXXXX", path[64];
    struct pinion_notifier notifier;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/socket", directory);
    int fd = receiver(path);
    assert_int_equal(pinion__notifier_open(&notifier, path), 0);
    assert_int_equal(pinion__notifier_send(&notifier, "READY=1\nSTATUS=here", true), 0);
    received(fd, "READY=1\nSTATUS=here");
    close(fd);
    unlink(path);
    rmdir(directory);
    assert_int_equal(pinion__notifier_send(&notifier, "READY=1", true), PINION_EIO);
    pinion__notifier_close(&notifier);
}

static void it_sends_to_an_abstract_name(void **state)
{
    char name[64];
    struct pinion_notifier notifier;
    snprintf(name, sizeof name, "@pinion-notify-test-%d", (int)getpid());
    int fd = receiver(name);
    assert_int_equal(pinion__notifier_open(&notifier, name), 0);
    assert_int_equal(pinion__notifier_send(&notifier, "WATCHDOG=1", false), 0);
    received(fd, "WATCHDOG=1");
    pinion__notifier_close(&notifier);
    close(fd);
}

static void a_full_queue_is_no_failure_for_ever(void **state)
{
    char name[64];
    struct pinion_notifier notifier;
    int rc = 0;
    snprintf(name, sizeof name, "@pinion-notify-full-%d", (int)getpid());
    int fd = receiver(name);
    assert_int_equal(pinion__notifier_open(&notifier, name), 0);
    for (int i = 0; i < 100000 && rc == 0; i++)
        rc = pinion__notifier_send(&notifier, "STATUS=again", false);
    assert_int_equal(rc, PINION_EBUSY);
    received(fd, "STATUS=again");
    assert_int_equal(pinion__notifier_send(&notifier, "STATUS=last", true), 0);
    pinion__notifier_close(&notifier);
    close(fd);
}

/* Who says that it is ready must be heard, or it is stopped. */
static void what_cannot_be_sent_now_is_sent_again(void **state)
{
    char name[64];
    struct pinion_notifier notifier;
    snprintf(name, sizeof name, "@pinion-notify-again-%d", (int)getpid());
    int fd = receiver(name);
    assert_int_equal(pinion__notifier_open(&notifier, name), 0);
    fail_sendto = ENOBUFS;
    assert_int_equal(pinion__notifier_send(&notifier, "READY=1", true), 0);
    received(fd, "READY=1");
    fail_sendto = EINTR;
    assert_int_equal(pinion__notifier_send(&notifier, "WATCHDOG=1", false), 0);
    received(fd, "WATCHDOG=1");
    pinion__notifier_close(&notifier);
    close(fd);
}

/* Whom a process tells is read once, so that is one of its own. */
static void the_last_of_several_main_loops_says_that_it_stops(void **state)
{
    char name[64], text[64];
    snprintf(name, sizeof name, "@pinion-notify-own-%d", (int)getpid());
    int fd = receiver(name), status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("NOTIFY_SOCKET", name, 1);
        pinion__notify_ready();
        pinion__notify_ready();
        pinion__notify_stopping();
        (void)pinion_notify("STATUS=one is left");
        pinion__notify_stopping();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    received(fd, "READY=1");
    received(fd, "READY=1");
    received(fd, "STATUS=one is left");
    received(fd, "STOPPING=1");
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), -1);
    close(fd);
}

static void nobody_to_tell_is_fine(void **state)
{
    struct pinion_notifier notifier;
    assert_int_equal(pinion__notifier_open(&notifier, NULL), 0);
    assert_int_equal(pinion__notifier_send(&notifier, "READY=1", true), 0);
    pinion__notifier_close(&notifier);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = { "", "/", "@", "run/notify", "vsock:2:1234", " @x", NULL };
    struct pinion_notifier notifier;
    char longer[sizeof notifier.address.sun_path + 2];
    for (int i = 0; bad[i]; i++) {
        assert_int_equal(pinion__notifier_open(&notifier, bad[i]), PINION_EINVAL);
        assert_non_null(strstr(pinion_error_detail(), "NOTIFY_SOCKET"));
        assert_int_equal(notifier.fd, -1);
    }
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    longer[0] = '@';
    assert_int_equal(pinion__notifier_open(&notifier, longer), PINION_EINVAL);
    longer[sizeof longer - 3] = '\0'; /* one that just fits */
    assert_int_equal(pinion__notifier_open(&notifier, longer), 0);
    pinion__notifier_close(&notifier);
}

static uint64_t watchdog(const char *usec, const char *pid)
{
    uint64_t interval = 1;
    assert_int_equal(pinion__watchdog_parse(usec, pid, 42, &interval), 0);
    return interval;
}

static void the_watchdogs_time_is_for_the_process_it_names(void **state)
{
    assert_int_equal(watchdog(NULL, NULL), 0);
    assert_int_equal(watchdog(NULL, "42"), 0);
    assert_int_equal(watchdog("30000000", NULL), 30000000);
    assert_int_equal(watchdog("1", "42"), 1);
    assert_int_equal(watchdog("30000000", "43"), 0);
    assert_int_equal(watchdog("18446744073709551614", "42"), UINT64_MAX - 1);
}

static void a_time_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "0", "-1", "+1", " 1", "1s", "1.5", "18446744073709551615", "99999999999999999999", NULL
    };
    uint64_t interval = 7;
    for (int i = 0; bad[i]; i++) {
        assert_int_equal(pinion__watchdog_parse(bad[i], NULL, 42, &interval), PINION_EINVAL);
        assert_non_null(strstr(pinion_error_detail(), "WATCHDOG_USEC"));
    }
    assert_int_equal(pinion__watchdog_parse("1000", "me", 42, &interval), PINION_EINVAL);
    assert_int_equal(pinion__watchdog_parse("1000", "99999999999", 42, &interval), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "WATCHDOG_PID"));
    assert_int_equal(interval, 7);
}

static struct pinion_notification parsed(const char *text)
{
    struct pinion_notification out;
    pinion__notification_parse(&out, text, strlen(text));
    return out;
}

static void a_message_says_what_its_lines_say(void **state)
{
    struct pinion_notification said = parsed("READY=1");
    assert_true(said.ready && !said.stopping && !said.ping);
    said = parsed("STATUS=ten rooms\nWATCHDOG=1\nSTOPPING=1\n");
    assert_true(!said.ready && said.stopping && said.ping);
    assert_string_equal(said.relay, "STATUS=ten rooms\n");
    said = parsed("EXTEND_TIMEOUT_USEC=5\n\n\nSTATUS=");
    assert_string_equal(said.relay, "EXTEND_TIMEOUT_USEC=5\nSTATUS=\n");
}

static void other_lines_are_left_out(void **state)
{
    static const char *const nothing[] = { "",
                                           "\n",
                                           "READY=0",
                                           "READY=11",
                                           "ready=1",
                                           "READY",
                                           " READY=1",
                                           "MAINPID=1",
                                           "WATCHDOG=trigger",
                                           "WATCHDOG_USEC=1",
                                           "FDSTORE=1",
                                           "STATUS",
                                           "STOPPING=1 ",
                                           NULL };
    for (int i = 0; nothing[i]; i++) {
        struct pinion_notification said = parsed(nothing[i]);
        if (said.ready || said.stopping || said.ping || said.relay[0])
            fail_msg("\"%s\" was taken for something", nothing[i]);
    }
}

static void a_line_too_long_to_pass_on_is_left_out_alone(void **state)
{
    char text[4000];
    struct pinion_notification said;
    memset(text, 'x', sizeof text);
    memcpy(text, "STATUS=", 7);
    memcpy(text + 2000, "\nSTATUS=short\nREADY=1\nSTATUS=", 29);
    pinion__notification_parse(&said, text, sizeof text);
    assert_string_equal(said.relay, "STATUS=short\n");
    assert_true(said.ready);
    pinion__notification_parse(&said, "STATUS=a\0b", 10);
    assert_string_equal(said.relay, "");
}

static void the_relay_is_never_overrun(void **state)
{
    char text[4096];
    struct pinion_notification said;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "STATUS=x\n"[i % 9];
    pinion__notification_parse(&said, text, sizeof text);
    assert_true(strlen(said.relay) < sizeof said.relay);
    assert_int_equal(strlen(said.relay) % 9, 0);
    assert_true(strlen(said.relay) > sizeof said.relay - 18);
}

static void a_message_may_ask_for_time_say_an_error_or_claim_something(void **state)
{
    struct pinion_notification said = parsed("EXTEND_TIMEOUT_USEC=5000000\nERRNO=8");
    assert_int_equal(said.extend_us, 5000000);
    assert_int_equal(said.error, 8);
    assert_string_equal(said.claim, "");
    said = parsed("PINION_CLAIM=port 4000 of all addresses\nREADY=1");
    assert_string_equal(said.claim, "port 4000 of all addresses");
    assert_true(said.ready);
    said = parsed("EXTEND_TIMEOUT_USEC=soon\nERRNO=\nERRNO=-1\nERRNO=99999999999999999999999999");
    assert_int_equal(said.extend_us, 0);
    assert_int_equal(said.error, 0);
    pinion__notification_parse(&said, "ERRNO=8\0", 8);
    assert_int_equal(said.error, 0);
}

static void a_claim_that_is_too_long_is_left_out(void **state)
{
    char text[PINION_CLAIM_MAX + 32] = "PINION_CLAIM=";
    struct pinion_notification said;
    memset(text + strlen(text), 'x', PINION_CLAIM_MAX);
    said = parsed(text);
    assert_string_equal(said.claim, "");
    pinion__notification_parse(&said, "PINION_CLAIM=a\0b", 16);
    assert_string_equal(said.claim, "");
}

static const atomic_bool never;

static void without_a_supervisor_everything_can_be_claimed(void **state)
{
    assert_int_equal(pinion__notify_claim("port 1", &never), 0);
}

/* Last: the environment is read once. */
static void the_process_tells_whom_its_environment_names(void **state)
{
    char name[64];
    snprintf(name, sizeof name, "@pinion-notify-own-%d", (int)getpid());
    int fd = receiver(name);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "5000", 1);
    unsetenv("WATCHDOG_PID");
    assert_int_equal(pinion_notify(NULL), PINION_EINVAL);
    assert_int_equal(pinion_notify(""), PINION_EINVAL);
    assert_int_equal(pinion_notify("STATUS=fine"), 0);
    received(fd, "STATUS=fine");
    assert_int_equal(pinion__notify_watchdog_us(), 5000);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sends_to_a_path),
        cmocka_unit_test(it_sends_to_an_abstract_name),
        cmocka_unit_test(a_full_queue_is_no_failure_for_ever),
        cmocka_unit_test(what_cannot_be_sent_now_is_sent_again),
        cmocka_unit_test(the_last_of_several_main_loops_says_that_it_stops),
        cmocka_unit_test(nobody_to_tell_is_fine),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(the_watchdogs_time_is_for_the_process_it_names),
        cmocka_unit_test(a_time_that_is_none_is_refused),
        cmocka_unit_test(a_message_says_what_its_lines_say),
        cmocka_unit_test(other_lines_are_left_out),
        cmocka_unit_test(a_line_too_long_to_pass_on_is_left_out_alone),
        cmocka_unit_test(the_relay_is_never_overrun),
        cmocka_unit_test(a_message_may_ask_for_time_say_an_error_or_claim_something),
        cmocka_unit_test(a_claim_that_is_too_long_is_left_out),
        cmocka_unit_test(without_a_supervisor_everything_can_be_claimed),
        cmocka_unit_test(the_process_tells_whom_its_environment_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
