/* Listening sockets: what connections inherit from them, and the port they share. */
#include "helpers/failing.h"
#include "helpers/tcp.h"
#include "process/bind.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pinion/error.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

FAILING(int, getsockname, (int fd, struct sockaddr *address, socklen_t *len), (fd, address, len))

static int dial(uint16_t port)
{
    int fd = tcp_connect(port);
    assert_true(fd >= 0);
    return fd;
}

static int accept_next(int listener)
{
    assert_int_equal(poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 10000), 1);
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void connections_do_not_wait_for_more_to_send(void **state)
{
    uint16_t port;
    int listener, on = 0;
    socklen_t len = sizeof on;

    assert_int_equal(pinion__bind("127.0.0.1", 0, &listener, 1, &port), 0);
    int client = dial(port);
    int served = accept_next(listener);
    assert_int_equal(getsockopt(served, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_true(on);
    close(served);
    close(client);
    close(listener);
}

static void several_sockets_share_a_port(void **state)
{
    uint16_t port, taken;
    int fds[3], other;

    assert_int_equal(pinion__bind("127.0.0.1", 0, fds, 3, &port), 0);
    close(dial(port));
    assert_int_equal(pinion__bind("127.0.0.1", port, &other, 1, &taken), PINION_EADDRINUSE);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* As when the one who had it was killed, and the kernel is slow to let go of its sockets. */
static void *close_later(void *fd)
{
    poll(NULL, 0, 30);
    close(*(int *)fd);
    return NULL;
}

static void a_port_that_is_about_to_be_free_is_waited_for(void **state)
{
    uint16_t port, same;
    int first, second;
    pthread_t thread;

    assert_int_equal(pinion__bind("127.0.0.1", 0, &first, 1, &port), 0);
    assert_int_equal(pthread_create(&thread, NULL, close_later, &first), 0);
    assert_int_equal(pinion__bind("127.0.0.1", port, &second, 1, &same), 0);
    pthread_join(thread, NULL);
    assert_int_equal(port, same);
    close(second);
}

/* Then nobody could be told where to connect to. */
static void a_port_that_the_kernel_does_not_tell_is_an_error(void **state)
{
    for (unsigned count = 1; count <= 2; count++) {
        uint16_t port;
        int fds[2];
        int next = dup(STDIN_FILENO);
        close(next);
        fail_getsockname = ENOBUFS;
        assert_int_equal(pinion__bind("127.0.0.1", 0, fds, count, &port), PINION_EIO);
        assert_non_null(strstr(pinion_error_detail(), "cannot listen on 127.0.0.1"));
        int same = dup(STDIN_FILENO);
        assert_int_equal(same, next); /* nothing is left open */
        close(same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_do_not_wait_for_more_to_send),
        cmocka_unit_test(several_sockets_share_a_port),
        cmocka_unit_test(a_port_that_is_about_to_be_free_is_waited_for),
        cmocka_unit_test(a_port_that_the_kernel_does_not_tell_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
