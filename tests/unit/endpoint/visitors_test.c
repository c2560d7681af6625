/* Connections of one address, over real ones: 127.0.0.1, 127.0.0.2 … are addresses of their own. */
#include "endpoint/visitors.h"
#include "helpers/capture.h"
#include "helpers/endpoint.h"
#include "io/peer.h"

static int come(const char *from)
{
    int fd = tcp_open(&(struct tcp_options){ .from = from, .port = pinion_endpoint_port(endpoint) });
    assert_true(fd >= 0);
    return fd;
}

static bool is_served(int fd)
{
    char head[1000], body[2];
    return tcp_say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") && tcp_head(fd, head, sizeof head) == 200 &&
           tcp_read(fd, body, sizeof body);
}

static void served(const char *from, int *fd)
{
    *fd = come(from);
    assert_true(is_served(*fd));
}

static void refused(const char *from)
{
    int fd = come(from);
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

static uint64_t refused_so_far(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats.refused;
}

/* The server hears of an end after the client made it. */
static void served_in_the_end(const char *from, int *fd)
{
    while (*fd = come(from), !is_served(*fd))
        close(*fd);
}

static void one_address_leaves_room_for_others(unsigned loops)
{
    int fds[3], other;
    start(&(pinion_endpoint_options){ .loops = loops, .max_connections_per_address = 3 }, NULL);
    for (int i = 0; i < 3; i++)
        served("127.0.0.1", &fds[i]);
    refused("127.0.0.1");
    refused("127.0.0.1");
    assert_int_equal(refused_so_far(), 2);
    served("127.0.0.2", &other);
    assert_true(is_served(fds[0]));

    close(fds[1]);
    served_in_the_end("127.0.0.1", &fds[1]);
    tcp_reset(fds[2]);
    served_in_the_end("127.0.0.1", &fds[2]);
    refused("127.0.0.1");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(other);
}

static void with_one_loop(void **state)
{
    one_address_leaves_room_for_others(1);
}

static void on_all_loops_together(void **state)
{
    one_address_leaves_room_for_others(4);
}

static void the_log_says_who(void **state)
{
    static const char expected[] = "a connection is refused: 127.0.0.3 has 1 open already "
                                   "(max_connections_per_address)";
    struct capture capture = { .reader = -1 };
    char said[4096];
    int fd;
    start(&(pinion_endpoint_options){ .loops = 1, .max_connections_per_address = 1 }, NULL);
    served("127.0.0.3", &fd);
    assert_int_equal(capture_begin(&capture), 0);
    pinion_log_set_level(PINION_LOG_WARNING);
    refused("127.0.0.3");
    stop(NULL);
    capture_end(&capture, said, sizeof said);
    close(fd);
    if (!strstr(said, expected))
        fail_msg("it said: %s", said);
}

static void a_trusted_proxy_is_not_counted(void **state)
{
    int fds[4];
    start(&(pinion_endpoint_options){ .max_connections_per_address = 1, .trusted_proxies = "127.0.0.8/31" },
          NULL);
    served("127.0.0.8", &fds[0]);
    served("127.0.0.8", &fds[1]);
    served("127.0.0.9", &fds[2]);
    served("127.0.0.10", &fds[3]);
    refused("127.0.0.10");
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void nobody_is_counted_by_default(void **state)
{
    int fds[100];
    start(NULL, NULL);
    for (int i = 0; i < 100; i++)
        served("127.0.0.1", &fds[i]);
    for (int i = 0; i < 100; i++)
        close(fds[i]);
}

static void sockets_and_files_count_alike(void **state)
{
    start(&(pinion_endpoint_options){ .loops = 1, .max_connections_per_address = 1 }, NULL);
    int fd = websocket();
    refused("127.0.0.1");
    close(fd);
    served_in_the_end("127.0.0.1", &fd);
    close(fd);
}

static void expect_network(const char *address, const char *network)
{
    uint8_t got[16], expected[16];
    assert_true(pinion__address_read(pinion__slice_str(address), got));
    assert_true(pinion__address_read(pinion__slice_str(network), expected));
    pinion__peer_network(got);
    assert_memory_equal(got, expected, sizeof got);
}

static void of_ipv6_the_64_counts(void **state)
{
    expect_network("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    expect_network("::1", "::");
    expect_network("192.0.2.7", "192.0.2.7");
    expect_network("::ffff:192.0.2.7", "192.0.2.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_one_loop),
        TEST(on_all_loops_together),
        TEST(the_log_says_who),
        TEST(a_trusted_proxy_is_not_counted),
        TEST(nobody_is_counted_by_default),
        TEST(sockets_and_files_count_alike),
        cmocka_unit_test(of_ipv6_the_64_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
