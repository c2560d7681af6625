/* Listening sockets spread over loops. */
#include "endpoint/listeners.h"
#include "helpers/tcp.h"
#include "process/bind.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX 8

static struct pinion_endpoint_loop loops[MAX];
static struct pinion_endpoint server;
static int fds[MAX];
static uint16_t ports[MAX];

static void open_sockets(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pinion__bind("127.0.0.1", 0, &fds[i], 1, &ports[i]), 0);
}

static void spread_over(unsigned loop_count)
{
    memset(loops, 0, sizeof loops);
    server.loops = loops;
    server.loop_count = loop_count;
}

/* 0, or why it was refused. */
static int connecting(uint16_t port)
{
    int fd = tcp_connect(port);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void counts(unsigned sockets, unsigned loop_count, const unsigned *expected)
{
    int before = descriptors();
    open_sockets(sockets);
    spread_over(loop_count);
    assert_int_equal(pinion__listeners_spread(&server, NULL, fds, sockets, false), 0);
    assert_int_equal(descriptors(), before + (int)(sockets > loop_count ? sockets : loop_count));
    for (unsigned i = 0; i < loop_count; i++)
        assert_int_equal(loops[i].listening_count, expected[i]);
    for (unsigned i = 0; i < sockets; i++)
        assert_int_equal(connecting(ports[i]), 0);
    for (unsigned i = 0; i < loop_count; i++)
        pinion__listeners_close(&loops[i]);
    for (unsigned i = 0; i < sockets; i++)
        assert_int_equal(connecting(ports[i]), ECONNREFUSED);
    assert_int_equal(descriptors(), before);
}

static void every_loop_gets_at_least_one(void **state)
{
    counts(3, 3, (const unsigned[]){ 1, 1, 1 });
    counts(1, 4, (const unsigned[]){ 1, 1, 1, 1 });
    counts(2, 3, (const unsigned[]){ 1, 1, 1 });
    counts(3, 1, (const unsigned[]){ 3 });
    counts(5, 2, (const unsigned[]){ 3, 2 });
}

static void without_descriptors_all_are_closed(void **state)
{
    struct rlimit limit, none;
    int before = descriptors();
    open_sockets(1);
    spread_over(3);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)fds[0] + 2; /* room for one copy of the two */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = pinion__listeners_spread(&server, NULL, fds, 1, false);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(rc, PINION_EIO);
    assert_int_equal(descriptors(), before);
}

static void closing_twice_is_harmless(void **state)
{
    spread_over(1);
    pinion__listeners_close(&loops[0]);
    open_sockets(1);
    assert_int_equal(pinion__listeners_spread(&server, NULL, fds, 1, false), 0);
    pinion__listeners_close(&loops[0]);
    pinion__listeners_close(&loops[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loop_gets_at_least_one),
        cmocka_unit_test(without_descriptors_all_are_closed),
        cmocka_unit_test(closing_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
