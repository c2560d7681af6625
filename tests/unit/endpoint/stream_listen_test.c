/* Where streams (pinion/stream.h) are accepted, on each I/O engine: definitions, addresses and limits. */
#include "helpers/streams.h"
#include <dirent.h>

/* ---- definitions ---- */

static void only_received(pinion_stream *stream, void *bytes, size_t length)
{
    if (length == 0)
        pinion_stream_close(stream);
    else
        pinion_stream_timeout(stream, 0);
}

static void only_closed(pinion_stream *stream, int error)
{
    write_down(CLOSED, error, NULL, 0);
}

static const pinion_stream_def least = { .received = only_received, .closed = only_closed };

static void what_may_be_null_is_done_without(void **state)
{
    endpoint = made(NULL);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &least, NULL));
    ok(pinion_endpoint_start(endpoint));
    int fd = tcp_connect(pinion_endpoint_stream_port(endpoint, &least));
    client_says(fd, "x");
    expect_closed(0); /* as its time was over */
    client_sees_the_end(fd);
    close(fd);
}

static void definitions_have_ports_of_their_own(void **state)
{
    endpoint = made(&(pinion_endpoint_options){ .loops = 2 });
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &def, &journal));
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &least, NULL));
    assert_int_equal(pinion_endpoint_stream_port(endpoint, &def), 0);
    ok(pinion_endpoint_start(endpoint));
    uint16_t first = pinion_endpoint_stream_port(endpoint, &def),
             second = pinion_endpoint_stream_port(endpoint, &least), http = pinion_endpoint_port(endpoint);
    assert_true(first && second && http);
    assert_true(first != second && first != http && second != http);
    int fd = tcp_connect(second);
    client_says(fd, "x");
    expect_closed(0);
    close(fd);
    fd = connected_fd();
    close(fd);
    expect(FIN);
}

static void one_definition_may_have_two_addresses(void **state)
{
    endpoint = made(NULL);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.2", 0, &def, &journal));
    ok(pinion_endpoint_streams(endpoint, "127.0.0.3", 0, &def, &journal));
    ok(pinion_endpoint_start(endpoint));
    int fd = tcp_connect_to("127.0.0.2", pinion_endpoint_stream_port(endpoint, &def));
    assert_true(fd >= 0);
    expect(OPENED);
    close(fd);
}

static void mistakes_are_named(void **state)
{
    static const pinion_stream_def deaf = { .closed = on_closed }, endless = { .received = on_received };
    endpoint = made(NULL);
    assert_int_equal(pinion_endpoint_streams(endpoint, NULL, 0, &deaf, NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "received"));
    assert_int_equal(pinion_endpoint_streams(endpoint, NULL, 0, &endless, NULL), PINION_EINVAL);
    ok(pinion_endpoint_listen(endpoint));
    assert_int_equal(pinion_endpoint_streams(endpoint, NULL, 0, &def, NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "before the endpoint listens"));
    assert_int_equal(pinion_endpoint_stream_port(endpoint, &def), 0);
}

/* ---- listening ---- */

static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* An address of our own, so that no other test takes the port when it is free. */
#define OWN_HOST "127.0.0.4"

static int taken_port(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, OWN_HOST, &address.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void a_port_that_is_taken_leaves_nothing_open(void **state)
{
    uint16_t port;
    int other = taken_port(&port);
    endpoint = made(&(pinion_endpoint_options){ .loops = 2 });
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &least, NULL));
    ok(pinion_endpoint_streams(endpoint, OWN_HOST, port, &def, &journal));
    int before = open_descriptors();
    assert_int_equal(pinion_endpoint_listen(endpoint), PINION_EADDRINUSE);
    assert_non_null(strstr(pinion_error_detail(), "another program"));
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(pinion_endpoint_port(endpoint), 0);
    assert_int_equal(pinion_endpoint_stream_port(endpoint, &least), 0);
    assert_int_equal(pinion_endpoint_stream_port(endpoint, &def), 0);

    close(other); /* then it works */
    ok(pinion_endpoint_start(endpoint));
    int fd = tcp_connect_to(OWN_HOST, port);
    expect(OPENED);
    close(fd);
}

static void listening_again_is_refused_and_harms_nothing(void **state)
{
    endpoint = made(NULL);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &def, &journal));
    ok(pinion_endpoint_listen(endpoint));
    uint16_t port = pinion_endpoint_stream_port(endpoint, &def), http = pinion_endpoint_port(endpoint);
    assert_int_equal(pinion_endpoint_listen(endpoint), PINION_EINVAL);
    ok(pinion_endpoint_start(endpoint));
    assert_int_equal(pinion_endpoint_listen(endpoint), PINION_EINVAL);
    assert_int_equal(pinion_endpoint_stream_port(endpoint, &def), port);
    assert_int_equal(pinion_endpoint_port(endpoint), http);
    close(connected_fd());
}

static void nothing(pinion_stream *stream)
{
}

/* The loop turns with each look. */
static void await_connections(size_t count)
{
    pinion_stats now;
    do {
        on_loop(nothing);
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections != count);
}

static void streams_count_as_connections(void **state)
{
    pinion_stats now;
    start_with(&(pinion_endpoint_options){ .max_connections = 2 });
    int first = connected_fd(), second = tcp_connect(pinion_endpoint_port(endpoint));
    char head[1000];
    client_says(second, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(tcp_head(second, head, sizeof head), 200);
    int more = dial();
    client_sees_the_end(more);
    close(more);
    more = tcp_connect(pinion_endpoint_port(endpoint));
    client_sees_the_end(more);
    close(more);
    await_connections(2); /* those that were refused count until they are closed */
    pinion_endpoint_stats(endpoint, &now);
    assert_int_equal(now.refused, 2);

    tcp_reset(first);
    expect_closed(PINION_EIO);
    more = connected_fd(); /* one has gone, one may come */
    close(more);
    close(second);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(what_may_be_null_is_done_without),
        STREAM_TEST(definitions_have_ports_of_their_own),
        STREAM_TEST(one_definition_may_have_two_addresses),
        STREAM_TEST(mistakes_are_named),
        STREAM_TEST(a_port_that_is_taken_leaves_nothing_open),
        STREAM_TEST(listening_again_is_refused_and_harms_nothing),
        STREAM_TEST(streams_count_as_connections),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
