/* Frames that wait for others, over the built-in transports and on each I/O engine. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include "helpers/longpoll_tcp.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <semaphore.h>

#define DELAY  300 /* ms */
#define ROUNDS 30  /* of which each would take a DELAY if it waited */
#define SOON   (ROUNDS * DELAY / 1000.0 / 2)
#define MUCH   (17 * 1024) /* does not wait */

static pinion_socket *latest; /* that pushed */

static pinion_result push(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, "pushed", NULL));
    latest = pinion_channel_socket(channel);
    return pinion_noreply();
}

static pinion_result push_much(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    static char text[MUCH + 1];
    memset(text, 'x', MUCH);
    ok(pinion_push(channel, "much", pinion_json("{s:s}", "text", text)));
    return pinion_noreply();
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "push", push }, { "much", push_much },
                                                                     { "echo", echo }) };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "r", &room }) };

static void serve_delayed(uint32_t delay_ms, bool flush_replies)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(
        &endpoint,
        &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io, .close_timeout_ms = 100 }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &socket_def,
                              &(pinion_socket_options){ .longpoll = true,
                                                        .flush_delay_ms = delay_ms,
                                                        .flush_replies = flush_replies }));
    ok(pinion_endpoint_start(endpoint));
}

static void serve(bool flush_replies)
{
    serve_delayed(DELAY, flush_replies);
}

static void say(int fd, const char *event)
{
    char text[100];
    snprintf(text, sizeof text, "[\"1\",\"1\",\"r\",\"%s\",{}]", event);
    assert_true(tcp_say_text(fd, text));
}

/* The next frame has this in it. */
static void hear(int fd, int opcode, const char *part)
{
    static char text[2 * MUCH];
    assert_int_equal(tcp_hear_frame(fd, text, sizeof text), 0x80 | opcode);
    assert_non_null(strstr(text, part));
}

static int joined(void)
{
    int fd = websocket();
    say(fd, "phx_join");
    hear(fd, 1, "phx_reply");
    return fd;
}

static unsigned segments(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return info.tcpi_data_segs_in;
}

/* The client waits between two: without a delay, each would leave alone. */
static void frames_wait_and_leave_together(void **state)
{
    serve(false);
    int fd = joined();
    unsigned before = segments(fd);
    double begin = seconds_now();
    for (int i = 0; i < 5; i++) {
        say(fd, "push");
        usleep(2000);
    }
    for (int i = 0; i < 5; i++)
        hear(fd, 1, "pushed");
    assert_true(seconds_now() - begin > (DELAY - 20) / 1000.0);
    assert_in_range(segments(fd) - before, 1, 3); /* more than one, where this machine is busy */
    close(fd);
}

/* ---- what waits counts ---- */

struct question {
    sem_t answered;
    size_t queued;
};

static void look(void *data)
{
    struct question *question = data;
    question->queued = latest ? pinion_socket_queued(latest) : 0;
    sem_post(&question->answered);
}

/* In a turn of the loop that sends nothing. */
static size_t queued(void)
{
    struct question question;
    sem_init(&question.answered, 0, 0);
    ok(pinion_endpoint_post(endpoint, 0, look, &question));
    sem_wait(&question.answered);
    return question.queued;
}

static void what_waits_is_queued_until_it_leaves(void **state)
{
    serve_delayed(1000, false);
    latest = NULL;
    int fd = joined();
    say(fd, "push");
    size_t waiting;
    while ((waiting = queued()) == 0)
        ; /* it has not come yet */
    assert_in_range(waiting, 100, 300);
    hear(fd, 1, "pushed");
    assert_int_equal(queued(), 0);
    close(fd);
}

static void much_does_not_wait(void **state)
{
    serve(false);
    int fd = joined();
    double begin = seconds_now();
    for (int i = 0; i < ROUNDS; i++) {
        say(fd, "push");
        say(fd, "much");
        hear(fd, 1, "pushed");
        hear(fd, 1, "much");
    }
    assert_true(seconds_now() - begin < SOON);
    close(fd);
}

static void a_reply_need_not_wait(void **state)
{
    serve(true);
    int fd = joined();
    double begin = seconds_now();
    for (int i = 0; i < ROUNDS; i++) {
        say(fd, "push");
        say(fd, "echo");
        hear(fd, 1, "pushed");
        hear(fd, 1, "phx_reply");
    }
    assert_true(seconds_now() - begin < SOON);
    close(fd);
}

static void a_pong_takes_along_what_waits(void **state)
{
    serve(false);
    int fd = joined();
    double begin = seconds_now();
    for (int i = 0; i < ROUNDS; i++) {
        say(fd, "push");
        assert_true(tcp_say_frame(fd, 9, "hi", 2));
        hear(fd, 1, "pushed");
        hear(fd, 10, "hi");
    }
    assert_true(seconds_now() - begin < SOON);
    close(fd);
}

static void what_waits_leaves_before_a_close(void **state)
{
    static const char normal[] = { 3, (char)232 };
    serve(false);
    int fd = joined();
    say(fd, "push");
    assert_true(tcp_say_frame(fd, 8, normal, sizeof normal));
    hear(fd, 1, "pushed");
    hear(fd, 8, "");
    close(fd);
}

/* Once another client has its pong, the server has handled what was sent before. */
static void what_waits_leaves_before_the_endpoint_ends(void **state)
{
    static char text[200];
    int first;
    serve(false);
    int fd = joined(), other = joined();
    say(fd, "push");
    assert_true(tcp_say_frame(other, 9, "hi", 2));
    hear(other, 10, "hi");
    pinion_endpoint_stop(endpoint);
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    assert_int_equal(stats.sockets, 0);
    hear(fd, 1, "pushed");
    while ((first = tcp_hear_frame(fd, text, sizeof text)) == 0x81)
        ; /* the end of the channel */
    assert_int_equal(first, 0x88);
    close(fd);
    close(other);
}

static void a_poll_is_answered_with_all_that_came(void **state)
{
    char token[500], body[2000];
    serve(false);
    int posts = connected_fd(), polls = connected_fd();
    begin_session(posts, token);
    ask(posts, "POST", token, "[\"1\",\"1\",\"r\",\"phx_join\",{}]");
    assert_int_equal(take_answer(posts, body, sizeof body), 200);
    ask(polls, "GET", token, "");
    assert_int_equal(take_answer(polls, body, sizeof body), 200);
    ask(polls, "GET", token, "");
    double begin = seconds_now();
    for (int i = 0; i < 3; i++) {
        ask(posts, "POST", token, "[\"1\",\"1\",\"r\",\"push\",{}]");
        assert_int_equal(take_answer(posts, body, sizeof body), 200);
    }
    assert_int_equal(take_answer(polls, body, sizeof body), 200);
    assert_true(seconds_now() - begin > (DELAY - 20) / 1000.0);
    const char *at = body;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "pushed");
        assert_non_null(at);
        at++;
    }
    close(posts);
    close(polls);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_wait_and_leave_together),
        TEST(what_waits_is_queued_until_it_leaves),
        TEST(much_does_not_wait),
        TEST(a_reply_need_not_wait),
        TEST(a_pong_takes_along_what_waits),
        TEST(what_waits_leaves_before_a_close),
        TEST(what_waits_leaves_before_the_endpoint_ends),
        TEST(a_poll_is_answered_with_all_that_came),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
