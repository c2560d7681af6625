/* Limits of an endpoint, and what keeps quiet connections: over real connections. */
#include "helpers/endpoint.h"
#include <poll.h>
#include <semaphore.h>

static int get(int fd, int headers)
{
    char head[3000] = "GET / HTTP/1.1\r\nHost: x\r\n", body[2];
    for (int i = 1; i < headers; i++)
        strcat(head, "X: y\r\n");
    strcat(head, "\r\n");
    assert_true(tcp_send(fd, head, strlen(head)));
    int status = tcp_head(fd, head, sizeof head);
    if (status == 200)
        assert_true(tcp_read(fd, body, 2));
    return status;
}

static void headers_of_a_request(void **state)
{
    start(&(pinion_endpoint_options){ .max_headers = 10 }, NULL);
    int fd = connected_fd();
    assert_int_equal(get(fd, 10), 200);
    assert_int_equal(get(fd, 11), 431);
    close(fd);
}

static void headers_by_default(void **state)
{
    start(NULL, NULL);
    int fd = connected_fd();
    assert_int_equal(get(fd, 64), 200);
    assert_int_equal(get(fd, 65), 431);
    close(fd);
}

/* With one loop the count is exact. */
static void connections(void **state)
{
    int fds[3];
    char byte;
    pinion_stats stats;
    start(&(pinion_endpoint_options){ .loops = 1, .max_connections = 3 }, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(fds[i] = connected_fd(), 1), 200);
    int more = connected_fd();
    assert_true(recv(more, &byte, 1, 0) <= 0);
    close(more);
    assert_int_equal(get(fds[0], 1), 200);
    pinion_endpoint_stats(endpoint, &stats);
    assert_int_equal(stats.refused, 1);
    /* One goes, another comes. */
    close(fds[1]);
    do {
        more = connected_fd();
        tcp_send(more, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
    } while (recv(more, &byte, 1, 0) <= 0 && close(more) == 0);
    close(more);
    close(fds[0]);
    close(fds[2]);
}

/* ---- the mailbox of a loop ---- */

static sem_t held, let_go, heard;
static char logged[400]; /* the last line */

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    snprintf(logged, sizeof logged, "%s", line);
}

static void hold_loop(void *data)
{
    sem_post(&held);
    sem_wait(&let_go);
}

static void count_up(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    ++*(unsigned *)data;
    sem_post(&heard);
}

/* A broadcast is counted with its names and its bookkeeping: of a little over 1,000 bytes, nine fit. */
static void broadcasts_waiting_for_a_loop(void **state)
{
    unsigned count = 0;
    char text[1000];
    pinion_stats stats;
    pinion_subscription *subscription = NULL;
    memset(text, '1', sizeof text);
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    sem_init(&heard, 0, 0);
    start(&(pinion_endpoint_options){ .loops = 1, .max_mailbox = 10000 }, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    pinion_log_set_function(keep_line, NULL);
    ok(pinion_endpoint_subscribe(endpoint, "topic", count_up, &count, &subscription));
    ok(pinion_endpoint_post(endpoint, 0, hold_loop, NULL));
    sem_wait(&held);
    for (int i = 0; i < 20; i++)
        assert_int_equal(
            pinion_endpoint_broadcast(endpoint, "topic", "e", pinion_payload_binary(text, sizeof text)),
            i < 9 ? 0 : PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "max_mailbox"));
    pinion_endpoint_stats(endpoint, &stats);
    assert_int_equal(stats.dropped, 11);
    assert_int_equal(stats.mailbox_full, 11);
    assert_int_equal(stats.refused_calls, 0);
    assert_non_null(
        strstr(logged, "topic topic: a broadcast of \"e\" is lost for loop 0: its mailbox is full"));
    sem_post(&let_go);
    for (int i = 0; i < 9; i++)
        sem_wait(&heard);
    pinion_endpoint_stop(endpoint);
    pinion_subscription_free(subscription, NULL);
    assert_int_equal(count, 9);
    pinion_log_set_function(NULL, NULL);
}

/* ---- what a thread sends to a channel ---- */

static pinion_ref *ref;

static pinion_result keep_ref(pinion_channel *channel, const pinion_payload *params)
{
    ref = pinion_ref_new(channel);
    sem_post(&heard);
    return pinion_noreply();
}

static pinion_result count_info(pinion_channel *channel, const pinion_info *info)
{
    sem_post(&heard);
    return pinion_noreply();
}

static const pinion_channel_def fed = { .after_join = keep_ref, .handle_info = count_info };
static const pinion_socket_def feeding = { .channels = PINION_ROUTES({ "fed", &fed }) };

static size_t destroyed;

static void destroy(void *data)
{
    destroyed++;
}

static void a_producer_is_told_that_the_loop_is_behind(void **state)
{
    char text[1000];
    pinion_stats stats;
    memset(text, '1', sizeof text);
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    sem_init(&heard, 0, 0);
    ok(pinion_endpoint_new(
        &endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .max_mailbox = 10000 }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &feeding, NULL));
    ok(pinion_endpoint_start(endpoint));
    int fd = websocket();
    assert_true(tcp_say_text(fd, "[\"1\",\"1\",\"fed\",\"phx_join\",{}]"));
    sem_wait(&heard);
    pinion_log_set_level(PINION_LOG_WARNING);
    pinion_log_set_function(keep_line, NULL);
    ok(pinion_endpoint_post(endpoint, 0, hold_loop, NULL));
    sem_wait(&held);
    unsigned sent = 0;
    while (pinion_ref_send(ref, "m", pinion_payload_binary(text, sizeof text)) == 0)
        sent++;
    assert_in_range(sent, 7, 9); /* each counts with its bookkeeping */
    assert_int_equal(pinion_ref_send(ref, "m", pinion_payload_binary(text, sizeof text)), PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "max_mailbox"));
    assert_non_null(
        strstr(logged, "channel fed: pinion_ref_send: a message is lost: the mailbox of its loop"));
    while (pinion_ref_send_data(ref, "d", NULL, destroy) == 0)
        sent++;
    assert_int_equal(destroyed, 1);
    assert_in_range(sent, 7, 40); /* data counts too, though not what it points to */
    pinion_endpoint_stats(endpoint, &stats);
    assert_int_equal(stats.mailbox_full, 3);
    assert_int_equal(stats.dropped, 0);
    sem_post(&let_go);
    for (unsigned i = 0; i < sent; i++)
        sem_wait(&heard);
    ok(pinion_ref_send(ref, "m", NULL)); /* there is room again */
    sem_wait(&heard);
    pinion_endpoint_stop(endpoint);
    pinion_ref_free(ref);
    pinion_log_set_function(NULL, NULL);
    close(fd);
}

static void options_have_limits_too(void **state)
{
    pinion_endpoint *other = NULL;
    assert_int_equal(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .max_headers = 65 }),
                     PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "max_headers"));
}

/* ---- pings ---- */

static const uint8_t ping_frame[] = { 0x89, 0 };

static void expect_ping(int fd)
{
    uint8_t frame[2];
    assert_true(tcp_read(fd, frame, 2));
    assert_memory_equal(frame, ping_frame, 2);
}

static void a_quiet_client_is_asked_and_lives_by_its_answer(void **state)
{
    static const uint8_t pong[] = { 0x8a, 0x80, 0, 0, 0, 0 };
    start(NULL, &(pinion_socket_options){ .ping_interval_ms = 50, .ping_timeout_ms = 5000 });
    int fd = websocket();
    for (int i = 0; i < 4; i++) {
        expect_ping(fd);
        assert_true(tcp_send(fd, pong, sizeof pong));
    }
    close(fd);
}

static void a_client_that_does_not_answer_is_closed(void **state)
{
    static const uint8_t closed[] = { 0x88, 2, 1002 >> 8, 1002 & 255 };
    uint8_t frame[4];
    start(NULL, &(pinion_socket_options){ .ping_interval_ms = 30, .ping_timeout_ms = 30 });
    int fd = websocket();
    expect_ping(fd);
    assert_true(tcp_read(fd, frame, 4));
    assert_memory_equal(frame, closed, 4);
    close(fd);
}

static void by_default_nobody_is_asked(void **state)
{
    start(NULL, NULL);
    int fd = websocket();
    struct pollfd event = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&event, 1, 150), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(headers_of_a_request),
        TEST(headers_by_default),
        TEST(connections),
        TEST(broadcasts_waiting_for_a_loop),
        TEST(a_producer_is_told_that_the_loop_is_behind),
        cmocka_unit_test(options_have_limits_too),
        TEST(a_quiet_client_is_asked_and_lives_by_its_answer),
        TEST(a_client_that_does_not_answer_is_closed),
        TEST(by_default_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
