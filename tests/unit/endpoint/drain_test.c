/* Going down: readiness, batches, the time that is left; over real connections. */
#include "helpers/engine.h"
#include "helpers/longpoll_tcp.h"
#include "helpers/tcp.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define SOCKETS 10

static pinion_endpoint *endpoint;
static atomic_int terminated;
static int fds[SOCKETS];

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    atomic_fetch_add(&terminated, 1);
}

static const pinion_channel_def room = { .terminate = terminate };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connected_fd(void)
{
    return tcp_connect(pinion_endpoint_port(endpoint));
}

static int joined_websocket(void)
{
    uint8_t frame[2], body[200];
    int fd = tcp_websocket(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    assert_true(tcp_say_text(fd, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]"));
    assert_true(tcp_read(fd, frame, 2) && tcp_read(fd, body, frame[1]));
    return fd;
}

static void start(const pinion_endpoint_options *given)
{
    pinion_endpoint_options own = *given;
    own.host = "127.0.0.1";
    own.loops = 1;
    own.close_timeout_ms = 200;
    pinion_log_set_level(PINION_LOG_NONE);
    atomic_store(&terminated, 0);
    ok(pinion_endpoint_new(&endpoint, &own));
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                              &(pinion_socket_options){ .longpoll = true }));
    ok(pinion_endpoint_start(endpoint));
    for (int i = 0; i < SOCKETS; i++)
        fds[i] = joined_websocket();
}

static pthread_t stopper;

static void *stop(void *data)
{
    pinion_endpoint_stop(endpoint);
    return NULL;
}

static void begin_stop(void)
{
    assert_int_equal(pthread_create(&stopper, NULL, stop, NULL), 0);
}

static int end_test(void **state)
{
    for (int i = 0; i < SOCKETS; i++)
        close(fds[i]);
    pthread_join(stopper, NULL);
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    return atomic_load(&terminated) == SOCKETS ? 0 : -1;
}

static bool is_readable(int fd, int ms)
{
    struct pollfd event = { .fd = fd, .events = POLLIN };
    return poll(&event, 1, ms) == 1;
}

static void expect_1012(int fd)
{
    static const uint8_t closed[] = { 0x88, 2, 1012 >> 8, 1012 & 255 };
    uint8_t frame[4];
    assert_true(tcp_read(fd, frame, 4));
    assert_memory_equal(frame, closed, 4);
}

static int count_closing(void)
{
    int count = 0;
    for (int i = 0; i < SOCKETS; i++)
        count += is_readable(fds[i], 0);
    return count;
}

static void sockets_go_in_batches(void **state)
{
    start(&(pinion_endpoint_options){ .drain_batch = 3, .drain_interval_ms = 1000 });
    int64_t began = now_ms();
    begin_stop();
    while (count_closing() < 3)
        poll(NULL, 0, 1);
    assert_int_equal(count_closing(), 3);
    while (count_closing() < SOCKETS)
        poll(NULL, 0, 1);
    assert_true(now_ms() - began >= 3000); /* the fourth batch comes after three intervals */
    for (int i = 0; i < SOCKETS; i++)
        expect_1012(fds[i]);
}

static void those_that_are_left_work_on(void **state)
{
    start(
        &(pinion_endpoint_options){ .drain_batch = 1, .drain_interval_ms = 60000, .drain_timeout_ms = 1000 });
    begin_stop();
    while (count_closing() < 1)
        poll(NULL, 0, 1);
    int alive = 0;
    while (is_readable(fds[alive], 0))
        alive++;
    uint8_t frame[2], body[200];
    assert_true(tcp_say_text(fds[alive], "[null,\"h\",\"phoenix\",\"heartbeat\",{}]"));
    assert_true(tcp_read(fds[alive], frame, 2) && tcp_read(fds[alive], body, frame[1]));
    assert_int_equal(frame[0], 0x81);
    assert_true(memcmp(body, "[null,\"h\",", 10) == 0);
}

static void what_is_left_when_time_is_over_goes_at_once(void **state)
{
    start(
        &(pinion_endpoint_options){ .drain_batch = 1, .drain_interval_ms = 60000, .drain_timeout_ms = 300 });
    int64_t began = now_ms();
    begin_stop();
    for (int i = 0; i < SOCKETS; i++)
        expect_1012(fds[i]);
    assert_in_range(now_ms() - began, 300, 5000);
}

static int get(int fd, const char *path)
{
    char text[600];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    if (!tcp_send(fd, text, (size_t)len))
        return 0;
    int status = tcp_head(fd, text, sizeof text);
    const char *length = strstr(text, "content-length: ");
    char body[300];
    if (length)
        assert_true(tcp_read(fd, body, (size_t)atoi(length + 16)));
    return status;
}

static void readiness_goes_first(void **state)
{
    start(&(pinion_endpoint_options){ .drain_delay_ms = 400 });
    int fd = connected_fd();
    assert_int_equal(get(fd, "/readyz"), 200);
    assert_int_equal(get(fd, "/healthz"), 200);
    int64_t began = now_ms();
    begin_stop();
    int status;
    while ((status = get(fd, "/readyz")) == 200)
        poll(NULL, 0, 1);
    assert_int_equal(status, 503);
    assert_int_equal(get(fd, "/healthz"), 200);
    int late = connected_fd(); /* still accepted */
    assert_int_equal(get(late, "/readyz"), 503);
    close(late);
    assert_int_equal(count_closing(), 0);
    expect_1012(fds[0]);
    assert_true(now_ms() - began >= 400);
    int refused = connected_fd();
    assert_int_equal(refused, -1);
    close(fd);
}

static void health_may_be_off_or_taken(void **state)
{
    start(&(pinion_endpoint_options){ .no_health = true });
    int fd = connected_fd();
    assert_int_equal(get(fd, "/healthz"), 404);
    assert_int_equal(get(fd, "/readyz"), 404);
    close(fd);
    begin_stop();
}

/* A client polls again as soon as it has its answer, on a connection that it may keep. */
static void the_answer_to_a_poll_says_that_it_is_the_last(void **state)
{
    char token[500], head[2000];
    start(&(pinion_endpoint_options){ .drain_batch = SOCKETS + 1 });
    int fd = connected_fd(), other = connected_fd();
    begin_session(fd, token);
    ask(fd, "GET", token, "");
    assert_int_equal(get(other, "/healthz"), 200); /* it came later, and is answered: the poll has come too */
    begin_stop();
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    assert_non_null(strstr(head, "connection: close\r\n"));
    close(fd);
    close(other);
}

#define TEST(name) cmocka_unit_test_teardown(name, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sockets_go_in_batches),
        TEST(those_that_are_left_work_on),
        TEST(what_is_left_when_time_is_over_goes_at_once),
        TEST(readiness_goes_first),
        TEST(health_may_be_off_or_taken),
        TEST(the_answer_to_a_poll_says_that_it_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
