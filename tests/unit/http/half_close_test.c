/* Clients that end their own side (FIN) right behind what they send, on each I/O engine: that is answered,
 * and then the connection ends. Both are there when the loop looks, since it was held until then. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <netinet/tcp.h>
#include <semaphore.h>

#define LARGE    (8u * 1024 * 1024)
#define LONGPOLL "/socket/longpoll?vsn=2.0.0"

#define HANDSHAKE "GET /echo/websocket HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE "\r\n"
#define GET_PAGE  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static sem_t is_held, release_it;

/* ---- the server ---- */

static void hold(const pinion_request *request, pinion_response *response, void *data)
{
    sem_post(&is_held);
    sem_wait(&release_it);
    pinion_response_send(response, 200, "text/plain", "held", 4);
}

static pinion_result echo(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    ok(pinion_raw_push(socket, binary, bytes, length));
    return pinion_noreply();
}

static const pinion_socket_def anybody = { .connect = NULL };
static const pinion_raw_socket_def echoes = { .handle_in = echo };

static void serve(unsigned loops)
{
    const pinion_endpoint_options options = { .host = "127.0.0.1", .io = io, .loops = loops };
    const pinion_socket_options socket = { .longpoll = true, .max_message = LARGE };
    pinion_log_set_level(PINION_LOG_NONE);
    sem_init(&is_held, 0, 0);
    sem_init(&release_it, 0, 0);
    ok(pinion_endpoint_new(&endpoint, &options));
    ok(pinion_endpoint_socket(endpoint, "/socket", &anybody, &socket));
    ok(pinion_endpoint_raw_socket(endpoint, "/echo", &echoes, &socket));
    ok(pinion_endpoint_get(endpoint, "/", endpoint_page, NULL));
    ok(pinion_endpoint_get(endpoint, "/hold", hold, NULL));
    ok(pinion_endpoint_start(endpoint));
}

/* ---- the client ---- */

static int hold_the_loop(void)
{
    static const char request[] = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = connected_fd();
    assert_true(tcp_send(fd, request, sizeof request - 1));
    sem_wait(&is_held);
    return fd;
}

static void let_it_go(int fd)
{
    char head[1000];
    sem_post(&release_it);
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    close(fd);
}

static void send_with_fin(int fd, const void *bytes, size_t len)
{
    assert_true(tcp_send(fd, bytes, len));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

/* All that comes, to the FIN, terminated. Its length. */
static size_t read_all(int fd, char *bytes, size_t size)
{
    size_t all = 0;
    ssize_t got;
    while ((got = recv(fd, bytes + all, size - 1 - all, 0)) > 0)
        all += (size_t)got;
    assert_int_equal(got, 0);
    bytes[all] = '\0';
    close(fd);
    return all;
}

static int echo_fd(void)
{
    char head[1000];
    int fd = connected_fd();
    assert_true(tcp_send(fd, HANDSHAKE, sizeof HANDSHAKE - 1));
    assert_int_equal(tcp_head(fd, head, sizeof head), 101);
    return fd;
}

/* ---- */

/* Frames, masked by a mask of zeros, and what answers them. */
static const struct {
    uint8_t frame[10], answer[10];
    size_t frame_len, answer_len;
} frames[] = {
    { { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8 }, { 0x88, 2, 0x03, 0xe8 }, 8, 4 },
    { { 0x89, 0x81, 0, 0, 0, 0, 'x' }, { 0x8a, 1, 'x' }, 7, 3 },
    { { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' }, { 0x81, 2, 'h', 'i' }, 8, 4 },
};
#define FRAMES (sizeof frames / sizeof *frames)

static void frames_are_answered(void **state)
{
    char got[100];
    int fds[FRAMES];
    serve(1);
    for (size_t i = 0; i < FRAMES; i++)
        fds[i] = echo_fd();
    int held = hold_the_loop();
    for (size_t i = 0; i < FRAMES; i++)
        send_with_fin(fds[i], frames[i].frame, frames[i].frame_len);
    let_it_go(held);
    for (size_t i = 0; i < FRAMES; i++) {
        assert_int_equal(read_all(fds[i], got, sizeof got), frames[i].answer_len);
        assert_memory_equal(got, frames[i].answer, frames[i].answer_len);
    }
}

static size_t handshake_and_text(char *out, const char *before)
{
    size_t len = strlen(strcpy(out, before));
    len += strlen(strcpy(out + len, HANDSHAKE));
    memcpy(out + len, frames[2].frame, frames[2].frame_len);
    return len + frames[2].frame_len;
}

/* The answer has the 101, and ends with the echo. */
static void expect_echo(int fd)
{
    char got[2000];
    size_t len = read_all(fd, got, sizeof got);
    assert_non_null(strstr(got, "HTTP/1.1 101 "));
    assert_memory_equal(got + len - 4, frames[2].answer, 4);
}

static void a_handshake_and_a_frame_are(void **state)
{
    char text[1000];
    serve(1);
    int fd = connected_fd(), held = hold_the_loop();
    send_with_fin(fd, text, handshake_and_text(text, ""));
    let_it_go(held);
    expect_echo(fd);
}

static void a_large_message_is(void **state)
{
    static uint8_t message[14 + LARGE] = { 0x82, 0xff, 0, 0, 0, 0, LARGE >> 24, LARGE >> 16 & 255, 0, 0 };
    uint8_t head[10];
    serve(1);
    int fd = echo_fd();
    send_with_fin(fd, message, sizeof message);
    assert_true(tcp_read(fd, head, sizeof head));
    assert_true(tcp_read(fd, message + 14, LARGE));
    assert_int_equal(recv(fd, head, 1, 0), 0);
    close(fd);
}

static void requests_are(void **state)
{
    char got[2000];
    serve(1);
    int fd = connected_fd(), held = hold_the_loop();
    send_with_fin(fd, GET_PAGE GET_PAGE, sizeof GET_PAGE GET_PAGE - 1);
    let_it_go(held);
    read_all(fd, got, sizeof got);
    char *first = strstr(got, "HTTP/1.1 200 OK");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "HTTP/1.1 200 OK"));
}

static void begin_session(char out[500])
{
    char got[2000];
    int fd = connected_fd();
    send_with_fin(fd, "GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\n\r\n",
                  sizeof "GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\n\r\n" - 1);
    read_all(fd, got, sizeof got);
    const char *at = strstr(got, "\"token\":\"");
    if (!at)
        fail_msg("no session: %s", got);
    assert_int_equal(sscanf(at, "\"token\":\"%499[^\"]", out), 1);
}

/* The post's session may be on the other loop: then the handshake waits for its answer, and the FIN comes
 * first. */
static void a_handshake_behind_a_post_is(void **state)
{
    char token[500], post[1000], text[2000];
    serve(2);
    begin_session(token);
    snprintf(post, sizeof post,
             "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n%s", token,
             "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    for (int i = 0; i < 16; i++) {
        int fd = connected_fd();
        send_with_fin(fd, text, handshake_and_text(text, post));
        expect_echo(fd);
    }
}

static void post_heartbeat(const char *token)
{
    char head[1000], post[1000];
    int fd = connected_fd();
    snprintf(post, sizeof post,
             "POST " LONGPOLL
             "&token=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 35\r\n\r\n%s",
             token, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    assert_true(tcp_send(fd, post, strlen(post)));
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    read_all(fd, head, sizeof head);
}

static void poll_with_fin(const char *token, int status, const char *message)
{
    char get[1000], got[2000], words[32];
    int fd = connected_fd();
    snprintf(get, sizeof get, "GET " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\n\r\n", token);
    send_with_fin(fd, get, strlen(get));
    read_all(fd, got, sizeof got);
    snprintf(words, sizeof words, "\"status\":%d", status);
    if (!strstr(got, words) || !strstr(got, message))
        fail_msg("answered %s", got);
}

/* The session may be on the other loop, too. */
static void a_poll_is(void **state)
{
    char token[500];
    for (unsigned loops = 1; loops <= 2; loops++) {
        serve(loops);
        begin_session(token);
        for (int i = 0; i < 16; i++) {
            post_heartbeat(token);
            poll_with_fin(token, 200, "phx_reply");
            poll_with_fin(token, 204, "\"messages\":[]"); /* at once */
        }
        if (loops == 1)
            (void)stop(state);
    }
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_are_answered), TEST(a_handshake_and_a_frame_are),  TEST(a_large_message_is),
        TEST(requests_are),        TEST(a_handshake_behind_a_post_is), TEST(a_poll_is),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
