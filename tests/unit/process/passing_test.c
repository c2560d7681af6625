/* Descriptors that are passed with messages. */
#include "process/passing.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];

static int begin(void **state)
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int end(void **state)
{
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void a_descriptor_comes_with_its_message(void **state)
{
    int pipe_ends[2], passed;
    char text[8], byte = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(pinion__pass(ends[0], "read", 4, pipe_ends[0]), 4);
    assert_int_equal(pinion__pass(ends[0], "none", 4, -1), 4);
    close(pipe_ends[0]);
    assert_int_equal(pinion__receive_passed(ends[1], text, sizeof text, &passed), 4);
    assert_memory_equal(text, "read", 4);
    assert_true(fcntl(passed, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    assert_int_equal(read(passed, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(passed);
    close(pipe_ends[1]);
    assert_int_equal(pinion__receive_passed(ends[1], text, sizeof text, &passed), 4);
    assert_memory_equal(text, "none", 4);
    assert_int_equal(passed, -1);
}

static void a_message_that_does_not_fit_says_its_length(void **state)
{
    char text[4];
    int passed;
    assert_int_equal(pinion__pass(ends[0], "too long", 8, -1), 8);
    assert_int_equal(pinion__receive_passed(ends[1], text, sizeof text, &passed), 8);
    assert_int_equal(passed, -1);
}

static void neither_waits(void **state)
{
    char text[4];
    int passed = 7;
    assert_int_equal(pinion__receive_passed(ends[1], text, sizeof text, &passed), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(passed, -1);
    while (pinion__pass(ends[0], "x", 1, -1) == 1)
        continue;
    assert_int_equal(errno, EAGAIN);
    close(ends[1]);
    assert_int_equal(pinion__pass(ends[0], "x", 1, -1), -1);
    ends[1] = dup(ends[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_descriptor_comes_with_its_message),
        TEST(a_message_that_does_not_fit_says_its_length),
        TEST(neither_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
