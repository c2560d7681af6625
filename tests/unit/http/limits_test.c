/* Limits of requests: of their heads, of long polling, and of the time that things may take. Each at the
 * limit and one past it. */
#include "helpers/endpoint.h"

/* Of 200 ms: a loop counts whole milliseconds, and from when its turn began. */
#define AT_LEAST 0.19

#define LONGPOLL "/socket/longpoll?vsn=2.0.0"

struct answer {
    int status;
    char body[2000];
};

static struct answer answer(int fd)
{
    char head[2000];
    struct answer answer = { .status = tcp_head(fd, head, sizeof head) };
    const char *length = strstr(head, "content-length: ");
    size_t len = length ? strtoul(length + strlen("content-length: "), NULL, 10) : 0;
    assert_true(len < sizeof answer.body);
    assert_true(tcp_read(fd, answer.body, len));
    return answer;
}

static struct answer request(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
static struct answer request(int fd, const char *format, ...)
{
    char text[4000];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_true(len > 0 && (size_t)len < sizeof text);
    assert_true(tcp_send(fd, text, (size_t)len));
    return answer(fd);
}

/* ---- heads ---- */

/* GET / with a head of so many bytes. */
static int head_of(size_t size)
{
    static const char before[] = "GET / HTTP/1.1\r\nHost: x\r\nX: ", after[] = "\r\n\r\n";
    int fd = connected_fd();
    int fill = (int)(size - (sizeof before - 1) - (sizeof after - 1));
    int status = request(fd, "%s%0*d%s", before, fill, 0, after).status;
    close(fd);
    return status;
}

static void size_of_a_head(void **state)
{
    start(&(pinion_endpoint_options){ .max_head = 1000 }, NULL);
    assert_int_equal(head_of(1000), 200);
    assert_int_equal(head_of(1001), 431);
}

static void time_for_a_head(void **state)
{
    static const char part[] = "GET / HTTP/1.1\r\nHost:";
    start(&(pinion_endpoint_options){ .head_timeout_ms = 200 }, NULL);
    int prompt = connected_fd(), slow = connected_fd();
    double since = seconds_now();
    assert_true(tcp_send(slow, part, sizeof part - 1));
    assert_int_equal(request(prompt, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    assert_int_equal(answer(slow).status, 408);
    assert_true(seconds_now() - since >= AT_LEAST);
    close(prompt);
    close(slow);
}

/* From its first byte, on a connection that is kept: the time in which nothing came is another. */
static void time_for_a_later_head(void **state)
{
    static const char part[] = "GET / HTTP/1.1\r\nHost:";
    start(&(pinion_endpoint_options){ .head_timeout_ms = 200, .keep_alive_ms = 20000 }, NULL);
    int fd = connected_fd();
    assert_int_equal(request(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
    assert_int_equal(request(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    assert_true(tcp_send(fd, part, 5));
    double since = seconds_now();
    nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    (void)tcp_send(fd, part + 5, sizeof part - 1 - 5); /* which begins nothing anew */
    assert_int_equal(answer(fd).status, 408);
    double took = seconds_now() - since;
    if (took < AT_LEAST - 0.01 || took > 10)
        fail_msg("it took %g seconds", took);
    close(fd);
}

static void time_between_requests(void **state)
{
    char byte;
    start(&(pinion_endpoint_options){ .keep_alive_ms = 200 }, NULL);
    int fd = connected_fd();
    assert_int_equal(request(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    double since = seconds_now();
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    double took = seconds_now() - since;
    if (took < AT_LEAST - 0.01 || took > 4)
        fail_msg("it took %g seconds", took);
    close(fd);
}

static void time_for_the_closing_handshake(void **state)
{
    static const uint8_t undecodable[] = { 0x81, 0x81, 0, 0, 0, 0, 'x' };
    uint8_t frame[4], byte;
    start(&(pinion_endpoint_options){ .close_timeout_ms = 200 }, NULL);
    int fd = websocket();
    double since = seconds_now();
    assert_true(tcp_send(fd, undecodable, sizeof undecodable));
    assert_true(tcp_read(fd, frame, sizeof frame));
    assert_int_equal(frame[0], 0x88);
    while (recv(fd, &byte, 1, 0) > 0) /* the reason; we do not answer */
        ;
    double took = seconds_now() - since;
    if (took < AT_LEAST || took > 4)
        fail_msg("it took %g seconds", took);
    close(fd);
}

/* ---- long polling ---- */

static struct answer poll_session(int fd, const char *token)
{
    return request(fd, "GET " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\n\r\n", token);
}

/* The status within the answer, which is what a client looks at; 0 when there is none. */
static int inner_status(const struct answer *answer)
{
    const char *at = strstr(answer->body, "\"status\":");
    return at ? atoi(at + strlen("\"status\":")) : 0;
}

static void begin_session(int fd, char token[500])
{
    struct answer first = poll_session(fd, "");
    const char *at = strstr(first.body, "\"token\":\"");
    assert_int_equal(inner_status(&first), 410);
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%499[^\"]", token), 1);
}

static int post(int fd, const char *token, const char *body)
{
    struct answer got = request(fd,
                                "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\n"
                                "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n%s",
                                token, strlen(body), body);
    return got.status == 200 ? inner_status(&got) : got.status;
}

static void body_of_a_post(void **state)
{
    char token[500], body[200];
    start(NULL, &(pinion_socket_options){ .longpoll = true, .longpoll_max_body = 100 });
    int fd = connected_fd();
    begin_session(fd, token);
    for (int size = 100; size <= 101; size++) {
        int fill = size - (int)strlen("[null,\"1\",\"phoenix\",\"heartbeat\",{\"x\":\"\"}]");
        snprintf(body, sizeof body, "[null,\"1\",\"phoenix\",\"heartbeat\",{\"x\":\"%0*d\"}]", fill, 0);
        assert_int_equal(strlen(body), size);
        assert_int_equal(post(fd, token, body), size == 100 ? 200 : 400);
        close(fd); /* what is too big ends its connection */
        fd = connected_fd();
    }
    assert_non_null(strstr(poll_session(fd, token).body, "phx_reply"));
    close(fd);
}

/* All of them, or none: the client hears of it. */
static void frames_of_a_post(void **state)
{
    static const char two[] = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]\n"
                              "[null,\"2\",\"phoenix\",\"heartbeat\",{}]\n";
    char token[500], three[200];
    snprintf(three, sizeof three, "[null,\"0\",\"phoenix\",\"heartbeat\",{}]\n%s", two);
    start(NULL, &(pinion_socket_options){ .longpoll = true, .longpoll_max_batch = 2 });
    int fd = connected_fd();
    begin_session(fd, token);
    assert_int_equal(post(fd, token, three), 400);
    assert_int_equal(post(fd, token, two), 200);
    struct answer got = poll_session(fd, token);
    assert_null(strstr(got.body, "[null,\\\"0\\\""));
    assert_non_null(strstr(got.body, "[null,\\\"1\\\""));
    assert_non_null(strstr(got.body, "[null,\\\"2\\\""));
    close(fd);
}

/* One more than may be: of those that were never polled the oldest one goes. */
static void sessions_of_a_process(void **state)
{
    char first[500], second[500], third[500];
    static const char heartbeat[] = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
    start(&(pinion_endpoint_options){ .max_longpoll_sessions = 2 },
          &(pinion_socket_options){ .longpoll = true });
    int fd = connected_fd();
    begin_session(fd, first);
    begin_session(fd, second);
    assert_int_equal(post(fd, first, heartbeat), 200);
    begin_session(fd, third);
    assert_int_equal(post(fd, first, heartbeat), 410);
    assert_int_equal(post(fd, second, heartbeat), 200);
    assert_int_equal(post(fd, third, heartbeat), 200);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(size_of_a_head),
        TEST(time_for_a_head),
        TEST(time_for_a_later_head),
        TEST(time_between_requests),
        TEST(time_for_the_closing_handshake),
        TEST(body_of_a_post),
        TEST(frames_of_a_post),
        TEST(sessions_of_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
