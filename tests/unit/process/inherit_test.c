/* Sockets that are passed to a process: the variables, what is no such socket, and who takes which. */
#include "helpers/failing.h"
#include "process/bind.h"
#include "process/inherit.h"
#include <fcntl.h>
#include <pinion/error.h>
#include <pinion/log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

FAILING(int, getsockname, (int fd, struct sockaddr *address, socklen_t *len), (fd, address, len))
FAILING(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len),
        (fd, level, name, value, len))

#define FIRST 40 /* descriptors from here on are free in this process */

static struct pinion_inherited inherited;

static void set_variables(const char *fds, const char *names)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", fds, 1);
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
}

static int setup(void **state)
{
    memset(&inherited, 0, sizeof inherited);
    return 0;
}

static int teardown(void **state)
{
    pinion__inherited_release(&inherited);
    for (int fd = FIRST; fd < FIRST + 8; fd++)
        close(fd);
    return 0;
}

/* Put a socket at the place with this index; keeps it blocking and open across exec, as they are passed. */
static void place(int index, int fd)
{
    assert_true(fd >= 0 && fd < FIRST);
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
    assert_int_equal(dup2(fd, FIRST + index), FIRST + index);
    close(fd);
}

static uint16_t place_tcp(int index, const char *host)
{
    uint16_t port = 0;
    int fd;
    assert_int_equal(pinion__bind(host, 0, &fd, 1, &port), 0);
    place(index, fd);
    return port;
}

static void place_unix(int index)
{
    struct sockaddr_un any = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any.sun_family), 0);
    assert_int_equal(listen(fd, 5), 0);
    place(index, fd);
}

static void read_all(const char *count)
{
    set_variables(count, NULL);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, atoi(count));
}

static void variables_are_unset(void)
{
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
}

static void is_refused(const char *fds, const char *why)
{
    set_variables(fds, NULL);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), PINION_EINVAL);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("\"%s\" is not in \"%s\"", why, pinion_error_detail());
    assert_int_equal(inherited.count, 0);
    variables_are_unset();
}

/* ---- reading ---- */

static void sockets_are_made_ours(void **state)
{
    place_tcp(0, "127.0.0.1");
    place_unix(1);
    set_variables("2", "web:admin");
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, 2);
    assert_string_equal(inherited.names, "web:admin");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(inherited.fds[i], FIRST + i);
        assert_int_equal(fcntl(FIRST + i, F_GETFD), FD_CLOEXEC);
        assert_true(fcntl(FIRST + i, F_GETFL) & O_NONBLOCK);
    }
    variables_are_unset();
}

static void those_of_another_process_are_not(void **state)
{
    place_tcp(0, "127.0.0.1");
    set_variables("1", NULL);
    setenv("LISTEN_PID", "1", 1);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, 0);
    assert_int_equal(fcntl(FIRST, F_GETFD), 0); /* not touched */
    variables_are_unset();
}

static void without_the_variables_there_are_none(void **state)
{
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, 0);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, 0);
    variables_are_unset();
    set_variables("0", NULL);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), 0);
    assert_int_equal(inherited.count, 0);
}

static void numbers_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "one", "257", "99999999999999999999", NULL
    };
    for (int i = 0; bad[i]; i++) {
        is_refused(bad[i], "LISTEN_FDS");
        setenv("LISTEN_PID", bad[i][0] == '2' ? "x" : bad[i], 1);
        setenv("LISTEN_FDS", "1", 1);
        assert_int_equal(pinion__inherited_read(&inherited, FIRST), PINION_EINVAL);
        assert_non_null(strstr(pinion_error_detail(), "LISTEN_PID"));
    }
}

static void what_is_no_listening_socket_is_refused(void **state)
{
    int pair[2], ends[2];
    place_tcp(0, "127.0.0.1");
    is_refused("2", "descriptor 41 is not open");

    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    place(1, ends[0]);
    is_refused("2", "descriptor 41 is not a socket");

    place(1, socket(AF_INET, SOCK_DGRAM, 0));
    is_refused("2", "descriptor 41 is not a stream socket");

    place(1, socket(AF_INET, SOCK_STREAM, 0));
    is_refused("2", "descriptor 41 does not listen");

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    close(pair[1]);
    place(1, pair[0]);
    is_refused("2", "Accept=no");
    assert_true(fcntl(FIRST, F_GETFD) >= 0); /* nothing was closed */
    assert_true(fcntl(FIRST + 1, F_GETFD) >= 0);
}

static void and_what_the_kernel_tells_nothing_of(void **state)
{
    place_tcp(0, "127.0.0.1");
    fail_getsockopt = ENOBUFS;
    set_variables("1", NULL);
    assert_int_equal(pinion__inherited_read(&inherited, FIRST), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "cannot ask what descriptor 40 is"));
}

/* ---- taking ---- */

static unsigned take(const char *host, uint16_t port, int *fds)
{
    unsigned count = 99;
    assert_int_equal(pinion__inherited_take(&inherited, host, port, fds, &count), 0);
    return count;
}

static void an_endpoint_of_any_port_takes_all(void **state)
{
    int fds[PINION_INHERITED_MAX];
    place_tcp(0, "127.0.0.1");
    place_unix(1);
    place_tcp(2, NULL);
    read_all("3");
    assert_int_equal(take(NULL, 0, fds), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fds[i], FIRST + i);
    assert_int_equal(take(NULL, 0, fds), 0); /* once */
}

static void while_the_kernel_tells_nothing_none_is_taken(void **state)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count;
    place_tcp(0, "127.0.0.1");
    read_all("1");
    fail_getsockname = ENOBUFS;
    assert_int_equal(pinion__inherited_take(&inherited, NULL, 0, fds, &count), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "cannot ask what descriptor 40 is"));
    assert_int_equal(take(NULL, 0, fds), 1);
}

static void each_port_goes_to_its_endpoint(void **state)
{
    int fds[PINION_INHERITED_MAX];
    uint16_t one = place_tcp(0, "127.0.0.1");
    uint16_t other = place_tcp(1, "127.0.0.1");
    read_all("2");
    assert_int_equal(take(NULL, other, fds), 1);
    assert_int_equal(fds[0], FIRST + 1);
    assert_int_equal(take("127.0.0.1", one, fds), 1);
    assert_int_equal(fds[0], FIRST);
}

static void a_unix_domain_socket_fits_any(void **state)
{
    int fds[PINION_INHERITED_MAX];
    place_unix(0);
    read_all("1");
    assert_int_equal(take("127.0.0.1", 4000, fds), 1);
}

static void the_host_counts(void **state)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count = 7;
    uint16_t port = place_tcp(0, "127.0.0.1");
    char expected[64];
    read_all("1");
    inherited.names = strdup("chat.socket");
    assert_int_equal(pinion__inherited_take(&inherited, "127.0.0.2", port, fds, &count), PINION_EINVAL);
    snprintf(expected, sizeof expected, "there is 127.0.0.1:%u (chat.socket)", port);
    assert_non_null(strstr(pinion_error_detail(), expected));
    assert_int_equal(pinion__inherited_take(&inherited, "no such host", port, fds, &count), PINION_EINVAL);
    assert_int_equal(count, 7);
    assert_int_equal(take("localhost", port, fds), 1); /* any of its addresses */
}

static void while_none_is_taken_an_endpoint_that_none_fits_is_refused(void **state)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count;
    uint16_t port = place_tcp(0, "127.0.0.1");
    uint16_t wrong = port == 4000 ? 4001 : 4000;
    read_all("1");
    assert_int_equal(pinion__inherited_take(&inherited, NULL, wrong, fds, &count), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "for any address, port 400"));
    assert_int_equal(take(NULL, port, fds), 1);
    assert_int_equal(take(NULL, wrong, fds), 0); /* it opens its own */
}

static void what_was_given_back_can_be_taken_again(void **state)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count;
    uint16_t port = place_tcp(0, "127.0.0.1");
    place_tcp(1, "127.0.0.1");
    read_all("2");
    assert_int_equal(pinion__inherited_take(&inherited, NULL, port, fds, &count), 0);
    assert_int_equal(count, 1);
    assert_true(pinion__inherited_give_back(&inherited, fds[0]));
    assert_false(pinion__inherited_give_back(&inherited, fds[0])); /* no more than were passed */
    /* None is taken, so one that none fits is refused. */
    assert_int_equal(pinion__inherited_take(&inherited, "127.0.0.2", 0, fds, &count), PINION_EINVAL);
    assert_int_equal(pinion__inherited_take(&inherited, NULL, 0, fds, &count), 0);
    assert_int_equal(count, 2);
    assert_true(pinion__inherited_give_back(&inherited, fds[1]));
    assert_true(pinion__inherited_give_back(&inherited, fds[0]));
}

static void where_none_were_passed_there_is_nothing_to_fit(void **state)
{
    int fds[PINION_INHERITED_MAX];
    assert_int_equal(take("no such host", 4000, fds), 0);
}

static char warning[512];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    snprintf(warning, sizeof warning, "%s", line);
}

static void one_that_nobody_takes_is_named(void **state)
{
    int fds[PINION_INHERITED_MAX];
    char expected[64];
    uint16_t one = place_tcp(0, "127.0.0.1");
    uint16_t other = place_tcp(1, "127.0.0.1");
    read_all("2");
    inherited.names = strdup("web:admin");
    pinion_log_set_function(keep_line, NULL);
    pinion__inherited_warn(&inherited); /* perhaps somebody will */
    assert_string_equal(warning, "");
    assert_int_equal(take(NULL, one, fds), 1);
    pinion__inherited_warn(&inherited);
    snprintf(expected, sizeof expected, "no endpoint accepts from: 127.0.0.1:%u (admin)", other);
    assert_non_null(strstr(warning, expected));
    warning[0] = '\0';
    assert_int_equal(take(NULL, other, fds), 1);
    pinion__inherited_warn(&inherited);
    assert_string_equal(warning, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sockets_are_made_ours),
        TEST(those_of_another_process_are_not),
        TEST(without_the_variables_there_are_none),
        TEST(numbers_that_are_none_are_refused),
        TEST(what_is_no_listening_socket_is_refused),
        TEST(and_what_the_kernel_tells_nothing_of),
        TEST(an_endpoint_of_any_port_takes_all),
        TEST(while_the_kernel_tells_nothing_none_is_taken),
        TEST(each_port_goes_to_its_endpoint),
        TEST(a_unix_domain_socket_fits_any),
        TEST(the_host_counts),
        TEST(while_none_is_taken_an_endpoint_that_none_fits_is_refused),
        TEST(what_was_given_back_can_be_taken_again),
        TEST(where_none_were_passed_there_is_nothing_to_fit),
        TEST(one_that_nobody_takes_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
