/* Which engine is chosen, and what is said, where the kernel refuses io_uring. Each case runs in a process of
 * its own, in which a seccomp filter refuses as a container's rules do. */
#include "base/log.h"
#include "helpers/refuse.h"
#include "io/loop.h"
#include <errno.h>
#include <pinion/endpoint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTCOME_OK = 0, OUTCOME_FAILED = 1, OUTCOME_SKIPPED = 2 };

static unsigned lines;
static char last_line[512];

static void count_lines(pinion_log_level level, const char *line, void *data)
{
    lines++;
    snprintf(last_line, sizeof last_line, "%s", line);
}

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, last_line);                           \
            fflush(stdout);                                                                                  \
            _exit(OUTCOME_FAILED);                                                                           \
        }                                                                                                    \
    } while (0)

static void expect_fallback(const char *why)
{
    const struct pinion_loop_ops *uring = pinion__loop_engine("uring");
    const char *refusal = pinion__loop_engine_refusal(uring);

    EXPECT(refusal && strstr(refusal, why));
    for (int i = 0; i < 3; i++)
        EXPECT(pinion__loop_engine(NULL) == pinion__loop_engine("uv"));
    EXPECT(lines == 1 && strstr(last_line, why) && strstr(last_line, "uv"));
    EXPECT(!pinion__loop_engine_refusal(pinion__loop_engine("uv")));
}

static void expect_forced_to_fail(const char *why)
{
    pinion_endpoint *endpoint = NULL;

    EXPECT(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .io = "uring" }) == PINION_EIO);
    EXPECT(!endpoint && strstr(pinion_error_detail(), "uring") && strstr(pinion_error_detail(), why));
    EXPECT(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .loops = 1 }) == 0);
    pinion_endpoint_free(endpoint);
}

/* Run it in a process of its own, which it leaves with an outcome. */
static void in_a_process(void (*body)(unsigned call, unsigned error, const char *why), unsigned call,
                         unsigned error, const char *why)
{
    int status;

    if (!pinion__loop_engine("uring")) {
        print_message("not in this build\n");
        skip();
    }
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        body(call, error, why);
        _exit(OUTCOME_OK);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == OUTCOME_SKIPPED) {
        print_message("no seccomp filters here, or no io_uring\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), OUTCOME_OK);
}

static void fall_back(unsigned call, unsigned error, const char *why)
{
    if (!refuse_call(call, error))
        _exit(OUTCOME_SKIPPED);
    pinion_log_set_function(count_lines, NULL);
    expect_fallback(why);
    expect_forced_to_fail(why);
}

static void in_a_process_without(unsigned call, unsigned error, const char *why)
{
    in_a_process(fall_back, call, error, why);
}

/* The engine works, and then there is no ring for a loop. */
static void fail_late(unsigned call, unsigned error, const char *why)
{
    pinion_endpoint *endpoint = NULL;

    if (pinion__loop_engine_refusal(pinion__loop_engine("uring")) || !refuse_call(call, error))
        _exit(OUTCOME_SKIPPED);
    pinion_log_set_level(PINION_LOG_NONE);
    EXPECT(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .io = "uring", .loops = 2 }) == 0);
    EXPECT(pinion_endpoint_run(endpoint) == PINION_EIO);
    EXPECT(strstr(pinion_error_detail(), why));
    pinion_endpoint_free(endpoint);
}

/* What was lacking is there again. */
static void lack_descriptors(unsigned call, unsigned error, const char *why)
{
    const struct pinion_loop_ops *uring = pinion__loop_engine("uring");
    struct rlimit before, few;

    EXPECT(getrlimit(RLIMIT_NOFILE, &before) == 0);
    few = before;
    few.rlim_cur = 4;
    EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
    const char *refusal = pinion__loop_engine_refusal(uring);
    EXPECT(refusal);
    if (!strstr(refusal, why))
        _exit(OUTCOME_SKIPPED);
    EXPECT(setrlimit(RLIMIT_NOFILE, &before) == 0);
    EXPECT(!pinion__loop_engine_refusal(uring));
}

static void io_uring_is_forbidden(void **state)
{
    in_a_process_without(__NR_io_uring_setup, EPERM, "forbidden");
}

static void there_is_no_io_uring(void **state)
{
    in_a_process_without(__NR_io_uring_setup, ENOSYS, "has no io_uring");
}

static void io_uring_is_too_old(void **state)
{
    in_a_process_without(__NR_io_uring_setup, EINVAL, "6.1");
}

static void io_uring_has_no_buffer_rings(void **state)
{
    in_a_process_without(__NR_io_uring_register, EINVAL, "io_uring");
}

static void io_uring_does_nothing(void **state)
{
    in_a_process_without(__NR_io_uring_enter, EACCES, "io_uring");
}

/* The kernel interrupts the thread that made a ring, when it takes the ring down. That shows in calls that it
 * does not restart. */
static void wait_uninterrupted(unsigned call, unsigned error, const char *why)
{
    struct timeval patience = { .tv_usec = 300000 };
    int sockets[2];
    char byte;

    (void)pinion__loop_engine_refusal(pinion__loop_engine("uring"));
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    EXPECT(setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    EXPECT(recv(sockets[0], &byte, 1, 0) < 0 && errno == EAGAIN);
}

static void asking_whether_it_works_interrupts_nobody(void **state)
{
    in_a_process(wait_uninterrupted, 0, 0, NULL);
}

static void a_ring_that_cannot_be_made_is_an_error(void **state)
{
    in_a_process(fail_late, __NR_io_uring_setup, EMFILE, "make a ring");
}

static void buffers_that_cannot_be_registered_are_an_error(void **state)
{
    in_a_process(fail_late, __NR_io_uring_register, EFAULT, "register receive buffers");
}

#ifdef PINION_HAVE_URING
static atomic_int fail_register; /* the error; 0: none */
int __real_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count);
int __wrap_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count);

int __wrap_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count)
{
    int error = fail_register;
    return error ? -error : __real_io_uring_register(fd, code, what, count);
}

static void note(pinion_endpoint *endpoint, void *data)
{
    *(bool *)data = true;
}

static void fail_to_enable(unsigned call, unsigned error, const char *why)
{
    pinion_endpoint *endpoint = NULL;
    bool told = false;
    const pinion_endpoint_options options = { .io = "uring", .loops = 2, .ready = note, .ready_data = &told };

    if (pinion__loop_engine_refusal(pinion__loop_engine("uring")))
        _exit(OUTCOME_SKIPPED);
    pinion_log_set_level(PINION_LOG_NONE);
    EXPECT(pinion_endpoint_new(&endpoint, &options) == 0);
    fail_register = (int)error;
    EXPECT(pinion_endpoint_run(endpoint) == PINION_ENOMEM);
    fail_register = 0;
    EXPECT(strstr(pinion_error_detail(), why));
    EXPECT(!told);
    pinion_endpoint_free(endpoint);
}

/* Whoever is told that a server is ready may count on it. */
static void a_ring_that_cannot_be_enabled_is_an_error_before_anybody_is_told(void **state)
{
    in_a_process(fail_to_enable, 0, ENOMEM, "cannot enable the ring");
}
#endif

static void a_lack_of_descriptors_is_no_judgement_for_ever(void **state)
{
    in_a_process(lack_descriptors, 0, 0, "ulimit -n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(io_uring_is_forbidden),
        cmocka_unit_test(there_is_no_io_uring),
        cmocka_unit_test(io_uring_is_too_old),
        cmocka_unit_test(io_uring_has_no_buffer_rings),
        cmocka_unit_test(io_uring_does_nothing),
        cmocka_unit_test(asking_whether_it_works_interrupts_nobody),
        cmocka_unit_test(a_ring_that_cannot_be_made_is_an_error),
        cmocka_unit_test(buffers_that_cannot_be_registered_are_an_error),
#ifdef PINION_HAVE_URING
        cmocka_unit_test(a_ring_that_cannot_be_enabled_is_an_error_before_anybody_is_told),
#endif
        cmocka_unit_test(a_lack_of_descriptors_is_no_judgement_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
