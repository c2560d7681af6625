/* Hearing children, and nobody else. */
#include "helpers/failing.h"
#include "supervise/hearing.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

FAILING(int, getsockname, (int fd, struct sockaddr *address, socklen_t *len), (fd, address, len))
FAILING(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))

static struct pinion_ear ear;
static pid_t knows; /* whom the ear knows */
static int heard;
static char last[64];

static bool known(void *context, pid_t sender)
{
    return sender == knows;
}

static void hear(void *context, pid_t sender, const char *text, size_t len)
{
    assert_int_equal(sender, knows);
    snprintf(last, sizeof last, "%.*s", (int)len, text);
    heard++;
}

static const struct pinion_hearer hearer = { .known = known, .hear = hear };

static int setup(void **state)
{
    heard = 0;
    knows = getpid();
    return pinion__ear_open(&ear);
}

static int teardown(void **state)
{
    pinion__ear_close(&ear);
    return 0;
}

static int say(const char *text, size_t len)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path + 1, ear.name + 1, strlen(ear.name) - 1);
    ssize_t sent = sendto(fd, text, len, MSG_DONTWAIT, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(ear.name)));
    close(fd);
    return sent == (ssize_t)len ? 0 : -1;
}

static void a_child_is_heard(void **state)
{
    assert_int_equal(ear.name[0], '@');
    assert_int_equal(say("READY=1", 7), 0);
    pinion__ear_listen(&ear, &hearer, 1000);
    assert_int_equal(heard, 1);
    assert_string_equal(last, "READY=1");
    assert_int_equal(pinion__ear_fd(&ear, 1000), ear.fd);
    assert_int_equal(pinion__ear_due(&ear, 1000), UINT64_MAX);
}

static void a_stranger_is_not_and_has_the_ear_closed_for_a_while(void **state)
{
    knows = 1;
    assert_int_equal(say("READY=1", 7), 0);
    pinion__ear_listen(&ear, &hearer, 1000);
    assert_int_equal(heard, 0);
    assert_int_equal(pinion__ear_fd(&ear, 1000 + PINION_HEAR_REST_MS - 1), -1);
    assert_int_equal(pinion__ear_due(&ear, 1000), 1000 + PINION_HEAR_REST_MS);
    knows = getpid();
    assert_int_equal(say("READY=1", 7), 0);
    pinion__ear_listen(&ear, &hearer, 1001);
    assert_int_equal(heard, 0);
    pinion__ear_listen(&ear, &hearer, 1000 + PINION_HEAR_REST_MS);
    assert_int_equal(heard, 1);
}

static void not_too_much_is_heard_at_once(void **state)
{
    int said = 0;
    while (said < 2 * PINION_HEAR_AT_ONCE && say("WATCHDOG=1", 10) == 0)
        said++;
    assert_true(said > 0);
    pinion__ear_listen(&ear, &hearer, 1000);
    int most = said < PINION_HEAR_AT_ONCE ? said : PINION_HEAR_AT_ONCE;
    assert_int_equal(heard, most);
}

static void what_is_too_long_is_ignored(void **state)
{
    static char text[PINION_MESSAGE_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_int_equal(say(text, sizeof text), 0);
    pinion__ear_listen(&ear, &hearer, 1000);
    assert_int_equal(heard, 0);
}

static void a_channel_gives_message_by_message(void **state)
{
    static char text[PINION_MESSAGE_MAX], longer[PINION_MESSAGE_MAX + 1];
    int ends[2], passed;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(pinion__hear_channel(ends[0], text, &passed), 0);
    assert_int_equal(send(ends[1], "one", 3, 0), 3);
    assert_int_equal(send(ends[1], longer, sizeof longer, 0), sizeof longer);
    assert_int_equal(send(ends[1], "two", 3, 0), 3);
    assert_int_equal(pinion__hear_channel(ends[0], text, &passed), 3);
    assert_memory_equal(text, "one", 3);
    assert_int_equal(pinion__hear_channel(ends[0], text, &passed), 3); /* the long one is left out */
    assert_memory_equal(text, "two", 3);
    close(ends[1]);
    assert_int_equal(pinion__hear_channel(ends[0], text, &passed), -1);
    close(ends[0]);
}

static void one_without_a_name_is_an_error(void **state)
{
    struct pinion_ear nameless;
    fail_getsockname = ENOBUFS;
    assert_int_equal(pinion__ear_open(&nameless), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "cannot name the notification socket"));
    pinion__ear_close(&nameless);
}

/* A channel that is taken for closed would be closed, and its child never be ready. */
static void a_channel_without_memory_is_not_closed(void **state)
{
    static const int passing[] = { EINTR, ENOMEM, ENOBUFS };
    char text[PINION_MESSAGE_MAX];
    int ends[2], passed;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(send(ends[1], "one", 3, 0), 3);
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        fail_recvmsg = passing[i];
        assert_int_equal(pinion__hear_channel(ends[0], text, &passed), 0);
    }
    assert_int_equal(pinion__hear_channel(ends[0], text, &passed), 3);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_is_heard),
        TEST(a_stranger_is_not_and_has_the_ear_closed_for_a_while),
        TEST(not_too_much_is_heard_at_once),
        TEST(what_is_too_long_is_ignored),
        TEST(a_channel_gives_message_by_message),
        cmocka_unit_test(one_without_a_name_is_an_error),
        cmocka_unit_test(a_channel_without_memory_is_not_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
