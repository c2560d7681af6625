/* Clients that read what they are sent slowly, but without pause, on each I/O engine: whatever it is, they
 * get all of it. The kernel's buffers are small, as they are far away; on the loopback they would hide it
 * all. */
#include "endpoint/endpoint.h"
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <pthread.h>
#include <stdlib.h>

#define LONGPOLL "/socket/longpoll?vsn=2.0.0"
#define SHORT    100  /* ms, of what must not be over before the client has read all */
#define STALL    2000 /* ms, far longer than between two reads, on a busy machine too */

#define SMALL (16 * 1024)        /* the kernel's buffers, each side's */
#define MUCH  (1024u * 1024)     /* takes long enough for all that is SHORT */
#define MORE  (3u * 1024 * 1024) /* longer than a stall */
#define PIECE 8192               /* bytes, read at a time */
#define PACE  5                  /* ms, between two */

static char directory[] = "/tmp/pinion-slow-XXXXXX";
static char filling[MORE];

/* ---- the server ---- */

/* Of so many bytes. */
static void big_page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "application/octet-stream", filling, *(const size_t *)data);
}

static pinion_result on_big(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    static char text[MUCH + 1];
    memset(text, 'x', MUCH);
    return pinion_ok(pinion_json("{s:s}", "text", text));
}

static pinion_result say_much_and_go(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    ok(pinion_raw_push(socket, true, filling, MUCH));
    return pinion_stop(PINION_REASON_NORMAL);
}

/* More than the queue may hold. */
static pinion_result say_too_much(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    for (int i = 0; i < 4; i++)
        (void)pinion_raw_push(socket, true, filling, MUCH);
    return pinion_noreply();
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "big", on_big }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };
static const pinion_raw_socket_def talker = { .handle_in = say_much_and_go };
static const pinion_raw_socket_def chatterer = { .handle_in = say_too_much };

/* Connections get it from the sockets that listen. */
static void shrink_send_buffers(void)
{
    for (int fd = 3; fd < 1024; fd++) {
        int listens = 0;
        socklen_t len = sizeof listens;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SMALL }, sizeof(int)), 0);
    }
}

static void serve_within(uint32_t stall_ms, uint32_t keep_alive_ms)
{
    static const size_t much = MUCH, more = MORE;
    const pinion_endpoint_options options = {
        .host = "127.0.0.1", .io = io, .loops = 1, .keep_alive_ms = keep_alive_ms, .close_timeout_ms = SHORT
    };
    const pinion_socket_options socket = { .longpoll = true, .max_queue = 2 * MUCH };
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &options));
    endpoint->http_limits.stall_ms = stall_ms;
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, &socket));
    ok(pinion_endpoint_raw_socket(endpoint, "/talker", &talker, &socket));
    ok(pinion_endpoint_raw_socket(endpoint, "/chatterer", &chatterer, &socket));
    ok(pinion_endpoint_get(endpoint, "/", endpoint_page, NULL));
    ok(pinion_endpoint_get(endpoint, "/much", big_page, (void *)&much));
    ok(pinion_endpoint_get(endpoint, "/more", big_page, (void *)&more));
    ok(pinion_endpoint_static(endpoint, "/files", directory));
    ok(pinion_endpoint_listen(endpoint));
    shrink_send_buffers();
    ok(pinion_endpoint_start(endpoint));
}

static void serve(void)
{
    serve_within(STALL, SHORT);
}

/* ---- the client ---- */

static int dial(void)
{
    int fd =
        tcp_open(&(struct tcp_options){ .port = pinion_endpoint_port(endpoint), .receive_buffer = SMALL });
    assert_true(fd >= 0);
    return fd;
}

static void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

/* Up to `len` bytes, or to the end, at the client's pace. Returns how many came. */
static size_t read_slowly(int fd, size_t len)
{
    static char piece[PIECE];
    size_t all = 0;
    while (all < len) {
        ssize_t got = recv(fd, piece, len - all < PIECE ? len - all : PIECE, 0);
        if (got <= 0)
            break;
        all += (size_t)got;
        pause_ms(PACE);
    }
    return all;
}

static int get(int fd, const char *target, const char *headers, size_t *length)
{
    char text[1500];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, headers);
    assert_true(len > 0 && (size_t)len < sizeof text);
    assert_true(tcp_send(fd, text, (size_t)len));
    int status = tcp_head(fd, text, sizeof text);
    const char *at = strstr(text, "content-length: ");
    *length = at ? strtoul(at + strlen("content-length: "), NULL, 10) : 0;
    return status;
}

/* By FIN: what the kernel resets, it may have cut. */
static void expect_end(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void takes_all_of(const char *target, const char *headers, size_t size)
{
    size_t length;
    int fd = dial();
    assert_int_equal(get(fd, target, headers, &length), 200);
    assert_int_equal(length, size);
    assert_int_equal(read_slowly(fd, length), size);
    expect_end(fd); /* asked for, or as it is kept alive no longer */
    close(fd);
}

/* ---- what is read slowly ---- */

static void a_page_and_the_end(void **state)
{
    serve();
    takes_all_of("/much", "Connection: close\r\n", MUCH);
}

static void a_page_while_the_connection_is_kept(void **state)
{
    serve();
    takes_all_of("/much", "", MUCH);
}

static void a_page_that_takes_longer_than_a_stall(void **state)
{
    serve_within(800, SHORT);
    double since = seconds_now();
    takes_all_of("/more", "", MORE);
    assert_true(seconds_now() - since > 1.2);
}

static void a_file(void **state)
{
    serve();
    takes_all_of("/files/much", "Connection: close\r\n", MUCH);
    takes_all_of("/files/much", "", MUCH);
}

/* ---- what is not read ---- */

static size_t connections(void)
{
    pinion_stats now;
    pinion_endpoint_stats(endpoint, &now);
    return now.connections;
}

/* Answers to one that takes nothing are dropped in the end. */
static void is_given_up(const char *target, const char *headers)
{
    size_t length;
    double since = seconds_now();
    int fd = dial();
    assert_int_equal(get(fd, target, headers, &length), 200);
    while (connections() > 0 && seconds_now() - since < 10)
        pause_ms(5);
    assert_int_equal(connections(), 0);
    assert_true(seconds_now() - since >= 0.29);
    assert_true(read_slowly(fd, length) < length);
    close(fd);
}

static void who_does_not_read_is_given_up(void **state)
{
    serve_within(300, SHORT);
    is_given_up("/much", "Connection: close\r\n");
    is_given_up("/much", "");
    is_given_up("/files/much", "");
}

/* Less than 4 KiB in the time of a stall is no progress. */
static void a_trickle_is_not_enough(void **state)
{
    size_t length;
    serve_within(300, SHORT);
    int fd = dial();
    assert_int_equal(get(fd, "/files/much", "", &length), 200);
    double since = seconds_now();
    while (connections() > 0 && seconds_now() - since < 10) {
        char bytes[64];
        (void)recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        pause_ms(10);
    }
    assert_int_equal(connections(), 0);
    close(fd);
}

/* ---- sockets ---- */

static size_t begin_session(char token[500])
{
    char body[1000];
    size_t length;
    int fd = dial();
    assert_int_equal(get(fd, LONGPOLL, "", &length), 200);
    assert_true(length < sizeof body && tcp_read(fd, body, length));
    body[length] = '\0';
    const char *at = strstr(body, "\"token\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%499[^\"]", token), 1);
    close(fd);
    return strlen(token);
}

static void post(const char *token, const char *text)
{
    char request[1500];
    int fd = dial();
    int len = snprintf(request, sizeof request,
                       "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n%s",
                       token, strlen(text), text);
    assert_true(tcp_send(fd, request, (size_t)len));
    assert_int_equal(tcp_head(fd, request, sizeof request), 200);
    close(fd);
}

static void a_poll(void **state)
{
    char token[500], target[600];
    size_t length;
    serve();
    begin_session(token);
    post(token, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n[\"1\",\"2\",\"room:1\",\"big\",{}]");
    snprintf(target, sizeof target, LONGPOLL "&token=%s", token);
    int fd = dial();
    assert_int_equal(get(fd, target, "", &length), 200);
    assert_true(length > MUCH);
    assert_int_equal(read_slowly(fd, length), length);
    close(fd);
}

static int websocket_at(const char *target)
{
    size_t none;
    int fd = dial();
    assert_int_equal(get(fd, target, TCP_UPGRADE, &none), 101);
    return fd;
}

static const uint8_t hello[] = { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' };

static void takes_all_and_the_close_frame(int fd)
{
    uint8_t frame[10], closing[4];
    assert_true(tcp_read(fd, frame, sizeof frame));
    assert_int_equal(frame[0], 0x82);
    assert_int_equal(read_slowly(fd, MUCH), MUCH);
    assert_true(tcp_read(fd, closing, sizeof closing));
    assert_memory_equal(closing, "\x88\x02\x03\xe8", 4);
}

static void a_close_frame_behind_much(void **state)
{
    serve();
    int fd = websocket_at("/talker/websocket");
    assert_true(tcp_send(fd, hello, sizeof hello));
    takes_all_and_the_close_frame(fd);
    close(fd);
}

/* Who has ended its own side is answered all the same. */
static void much_after_a_fin(void **state)
{
    serve();
    int fd = websocket_at("/talker/websocket");
    assert_true(tcp_send(fd, hello, sizeof hello));
    shutdown(fd, SHUT_WR);
    takes_all_and_the_close_frame(fd);
    expect_end(fd);
    close(fd);
}

/* It had its time before that, so that it gets no more than a close has. */
static void who_is_closed_for_not_reading_is_gone_soon(void **state)
{
    pinion_stats now;
    serve_within(60000, SHORT);
    int fd = websocket_at("/chatterer/websocket");
    assert_true(tcp_send(fd, hello, sizeof hello));
    double since = seconds_now();
    do {
        pause_ms(5);
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections > 0 && seconds_now() - since < 20);
    assert_int_equal(now.connections, 0);
    assert_int_equal(now.slow_closed, 1);
    close(fd);
}

/* ---- going down ---- */

static void *stop_it(void *data)
{
    pinion_endpoint_stop(endpoint);
    return NULL;
}

/* All of it takes longer than a close that nobody answers (SHORT and a second). */
static void a_download_goes_on_while_the_endpoint_goes_down(void **state)
{
    pthread_t stopper;
    size_t length;
    serve();
    int fd = dial();
    assert_int_equal(get(fd, "/files/more", "", &length), 200);
    double since = seconds_now();
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, NULL), 0);
    assert_int_equal(read_slowly(fd, length), MORE);
    assert_true(seconds_now() - since > 1.3);
    expect_end(fd);
    close(fd);
    pthread_join(stopper, NULL);
    assert_true(seconds_now() - since < 20); /* not the time for all of it, 30 s */
}

static void but_nobody_waits_for_who_does_not_read(void **state)
{
    size_t length;
    serve();
    int fd = dial();
    assert_int_equal(get(fd, "/files/more", "", &length), 200);
    double since = seconds_now();
    pinion_endpoint_stop(endpoint);
    assert_true(seconds_now() - since < 10);
    close(fd);
}

/* ---- */

static void write_file(const char *name, size_t size)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(filling, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int make_files(void **state)
{
    if (!mkdtemp(directory))
        return -1;
    write_file("much", MUCH);
    write_file("more", MORE);
    return 0;
}

static int remove_files(void **state)
{
    char path[100];
    snprintf(path, sizeof path, "%s/much", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/more", directory);
    unlink(path);
    rmdir(directory);
    memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
    return 0;
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_and_the_end),
        TEST(a_page_while_the_connection_is_kept),
        TEST(a_page_that_takes_longer_than_a_stall),
        TEST(a_file),
        TEST(who_does_not_read_is_given_up),
        TEST(a_trickle_is_not_enough),
        TEST(a_poll),
        TEST(a_close_frame_behind_much),
        TEST(much_after_a_fin),
        TEST(who_is_closed_for_not_reading_is_gone_soon),
        TEST(a_download_goes_on_while_the_endpoint_goes_down),
        TEST(but_nobody_waits_for_who_does_not_read),
    };
    return cmocka_run_group_tests_name(io, tests, make_files, remove_files);
}

int main(void)
{
    return io_for_each(run);
}
