/* The life of a request on its connection: whatever a request is at, what comes next is taken for what it is.
 * Sequences of requests are sent in two parts, for every place to cut them; and the peer goes away there. */
#include "endpoint/endpoint.h"
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>

#define LONGPOLL  "/socket/longpoll?vsn=2.0.0"
#define HEARTBEAT "[null,\"1\",\"phoenix\",\"heartbeat\",{}]"
#define PATIENCE  200 /* ms, in the tests of what never comes */
#define AT_LEAST  0.19
#define LARGE     1000000 /* bytes of a file that is not sent in one go */

/* TSan looks at what threads do to each other. Where a request is cut changes little of that, and each cut
 * takes it ten times as long. */
#ifdef __SANITIZE_THREAD__
#define CUTS_APART 11
#else
#define CUTS_APART 1
#endif

static int fence_fd;
static char token[500], dead_token[500];
static char directory[] = "/tmp/pinion-http-XXXXXX";

/* ---- answers ---- */

struct answer {
    int status;
    int inner; /* of a JSON answer, else 0 */
    bool closes;
    char body[2000];
};

/* False: the connection is at its end. */
static bool take_answer(int fd, bool head_only, struct answer *answer)
{
    char head[2000];
    memset(answer, 0, sizeof *answer);
    answer->status = tcp_head(fd, head, sizeof head);
    const char *length = strstr(head, "content-length: ");
    size_t len = length && !head_only ? strtoul(length + strlen("content-length: "), NULL, 10) : 0;
    if (!answer->status || len >= sizeof answer->body || !tcp_read(fd, answer->body, len))
        return false;
    answer->closes = strstr(head, "connection: close") != NULL;
    const char *inner = strstr(answer->body, "\"status\":");
    answer->inner = inner ? atoi(inner + strlen("\"status\":")) : 0;
    return true;
}

static void put_text(int fd, const char *text)
{
    assert_true(tcp_send(fd, text, strlen(text)));
}

static struct answer ask(int fd, const char *text)
{
    struct answer answer;
    put_text(fd, text);
    assert_true(take_answer(fd, false, &answer));
    return answer;
}

/* One whose parts leave as they are sent. */
static int prompt_fd(void)
{
    const int on = 1;
    int fd = connected_fd();
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* What was sent before on other connections of this loop has been looked at. */
static void fence(void)
{
    assert_int_equal(ask(fence_fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

static bool at_end(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

static void begin_session(char out[500])
{
    struct answer first = ask(fence_fd, "GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\n\r\n");
    const char *at = strstr(first.body, "\"token\":\"");
    assert_int_equal(first.inner, 410);
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%499[^\"]", out), 1);
}

static void post_heartbeat(const char *to)
{
    char text[1500];
    snprintf(text, sizeof text,
             "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n" HEARTBEAT, to,
             sizeof HEARTBEAT - 1);
    assert_int_equal(ask(fence_fd, text).inner, 200);
}

/* A session whose last message ends it. */
static void kill_session(const char *victim)
{
    char text[1500];
    snprintf(text, sizeof text,
             "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n?", victim);
    assert_int_equal(ask(fence_fd, text).inner, 410);
}

/* ---- the server ---- */

static const pinion_socket_def anybody = { .connect = NULL };

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "said", NULL);
    return pinion_noreply();
}

static pinion_result on_said(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, event, NULL));
    return pinion_noreply();
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "say", say }),
                                         .handle_out = PINION_CLAUSES({ "said", on_said }) };
static const pinion_socket_def room_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void serve_with(unsigned loops, const pinion_endpoint_options *given,
                       const pinion_socket_options *socket)
{
    pinion_endpoint_options options = given ? *given : (pinion_endpoint_options){ 0 };
    options.host = "127.0.0.1";
    options.loops = loops;
    options.io = io;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &options));
    ok(pinion_endpoint_socket(endpoint, "/socket", &anybody, socket));
    ok(pinion_endpoint_socket(endpoint, "/rooms", &room_socket, NULL));
    ok(pinion_endpoint_get(endpoint, "/", endpoint_page, NULL));
    ok(pinion_endpoint_static(endpoint, "/files", directory));
}

static void serve(unsigned loops)
{
    serve_with(loops, NULL, &(pinion_socket_options){ .longpoll = true, .longpoll_window_ms = 1000000 });
    ok(pinion_endpoint_start(endpoint));
    fence_fd = prompt_fd();
    begin_session(token);
    begin_session(dead_token);
    kill_session(dead_token);
}

static void serve_impatiently(void)
{
    const pinion_endpoint_options options = { .close_timeout_ms = PATIENCE };
    serve_with(1, &options, &(pinion_socket_options){ .longpoll = true });
    endpoint->http_limits.stall_ms = PATIENCE;
    ok(pinion_endpoint_start(endpoint));
    fence_fd = prompt_fd();
    begin_session(token);
}

static int end_test(void **state)
{
    close(fence_fd);
    return stop(state);
}

/* ---- sequences ---- */

struct expected {
    int status;
    int inner;
    const char *text; /* which its body has in it, or NULL */
    bool head_only;
};

struct sequence {
    const char *name;
    const char *text;   /* %s: the token; twice at most */
    bool to_dead;       /* the token is that of a session that has ended */
    bool needs_message; /* a message waits for the client, so that a poll has its answer at once */
    struct expected answers[6];
};

#define GET_PAGE "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define THE_PAGE                                                                                             \
    {                                                                                                        \
        200, 0, "ok", false                                                                                  \
    }
#define CHUNKS    "5;a=b\r\n[null\r\n1e\r\n,\"1\",\"phoenix\",\"heartbeat\",{}]\r\n0\r\nT: v\r\n\r\n"
#define CHUNKED   "Transfer-Encoding: chunked\r\n\r\n"
#define POST_SOME "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\n"
#define A_POLL    "GET " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\n"

static const struct sequence sequences[] = {
    { .name = "a poll with a body",
      .text = A_POLL "Content-Length: 35\r\n\r\n" HEARTBEAT GET_PAGE,
      .needs_message = true,
      .answers = { { 200, 200, "phx_reply", false }, THE_PAGE } },
    { .name = "a poll with a chunked body",
      .text = A_POLL CHUNKED CHUNKS GET_PAGE,
      .needs_message = true,
      .answers = { { 200, 200, "phx_reply", false }, THE_PAGE } },
    { .name = "the beginning of a session with a body",
      .text = "GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n" HEARTBEAT GET_PAGE,
      .answers = { { 200, 410, "token", false }, THE_PAGE } },
    { .name = "a poll of a session that has gone, with a body",
      .text = A_POLL "Content-Length: 35\r\n\r\n" HEARTBEAT GET_PAGE,
      .to_dead = true,
      .answers = { { 200, 500, NULL, false }, THE_PAGE } },
    { .name = "a post, then a poll",
      .text = POST_SOME "Content-Length: 35\r\n\r\n" HEARTBEAT A_POLL "\r\n" GET_PAGE,
      .answers = { { 200, 200, NULL, false }, { 200, 200, "phx_reply", false }, THE_PAGE } },
    { .name = "a chunked post, then a poll with a body",
      .text = POST_SOME CHUNKED CHUNKS A_POLL "Content-Length: 3\r\n\r\nabc" GET_PAGE,
      .answers = { { 200, 200, NULL, false }, { 200, 200, "phx_reply", false }, THE_PAGE } },
    { .name = "posts to a session that has gone",
      .text = POST_SOME CHUNKED CHUNKS POST_SOME "Content-Length: 35\r\n\r\n" HEARTBEAT GET_PAGE,
      .to_dead = true,
      .answers = { { 200, 410, NULL, false }, { 200, 410, NULL, false }, THE_PAGE } },
    { .name = "a post without a body, a bad line, and a poll of what the heartbeat left",
      .text = POST_SOME "Content-Length: 0\r\n\r\n" POST_SOME
                        "Content-Type: application/x-ndjson\r\nContent-Length: 3\r\n\r\n???" GET_PAGE,
      .answers = { { 200, 410, NULL, false }, { 400, 0, NULL, false }, THE_PAGE } },
    { .name = "bodies that nobody asked for",
      .text = "OPTIONS " LONGPOLL " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
              "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
              "POST / HTTP/1.1\r\nHost: x\r\n" CHUNKED "5\r\nhello\r\n0\r\n\r\n"
              "GET /files/some.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" GET_PAGE,
      .answers = { { 200, 0, NULL, false },
                   { 200, 0, NULL, true },
                   { 405, 0, NULL, false },
                   { 200, 0, "some text", false },
                   THE_PAGE } },
    { .name = "a handshake with a body, and a method that long polling has not",
      .text = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE
              "Content-Length: 5\r\n\r\nhello"
              "PUT " LONGPOLL " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" GET_PAGE,
      .answers = { { 400, 0, NULL, false }, { 400, 0, NULL, false }, THE_PAGE } },
};
#define SEQUENCES (sizeof sequences / sizeof *sequences)

/* The text of a sequence, for a session whose state is as it asks for. */
static size_t write_sequence(const struct sequence *sequence, char *out, size_t size)
{
    static const char bad_post[] = "a post without a body";
    if (strncmp(sequence->name, bad_post, sizeof bad_post - 1) == 0)
        begin_session(token); /* an empty message ends its session */
    const char *to = sequence->to_dead ? dead_token : token;
    if (sequence->needs_message)
        post_heartbeat(to);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int len = snprintf(out, size, sequence->text, to, to);
#pragma GCC diagnostic pop
    assert_true(len > 0 && (size_t)len < size);
    return (size_t)len;
}

static void expect_answers(const struct sequence *sequence, int fd, size_t cut)
{
    for (const struct expected *want = sequence->answers; want->status; want++) {
        struct answer got;
        bool came = take_answer(fd, want->head_only, &got);
        if (!came || got.status != want->status || got.inner != want->inner ||
            (want->text && !strstr(got.body, want->text)))
            fail_msg("%s, cut at %zu: answer %d is %d (%d) %s", sequence->name, cut,
                     (int)(want - sequence->answers), got.status, got.inner, got.body);
    }
}

static void sent_in_two_parts(unsigned loops, size_t step)
{
    char text[4000];
    serve(loops);
    for (size_t i = 0; i < SEQUENCES; i++) {
        size_t len = write_sequence(&sequences[i], text, sizeof text);
        for (size_t cut = 1; cut <= len; cut += step) {
            int fd = prompt_fd();
            assert_true(tcp_send(fd, text, cut));
            fence();
            assert_true(tcp_send(fd, text + cut, len - cut));
            expect_answers(&sequences[i], fd, cut);
            close(fd);
            (void)write_sequence(&sequences[i], text, sizeof text);
        }
    }
}

static void cut_anywhere_requests_are_the_same(void **state)
{
    sent_in_two_parts(1, CUTS_APART);
}

/* The sessions are on the loop of fence_fd, the requests on either. */
static void from_another_loop_too(void **state)
{
    sent_in_two_parts(2, 7 * CUTS_APART);
}

static void byte_by_byte(void **state)
{
    char text[4000];
    serve(1);
    for (size_t i = 0; i < SEQUENCES; i++) {
        size_t len = write_sequence(&sequences[i], text, sizeof text);
        int fd = prompt_fd();
        for (size_t at = 0; at < len; at++) {
            assert_true(tcp_send(fd, text + at, 1));
            fence();
        }
        expect_answers(&sequences[i], fd, 1);
        close(fd);
    }
}

/* It may end in each state: by a reset, or by saying that it sends no more. */
static void the_peer_goes_anywhere(void **state)
{
    char text[4000], rest[4000];
    serve(1);
    for (size_t i = 0; i < SEQUENCES; i++) {
        size_t len = write_sequence(&sequences[i], text, sizeof text);
        for (size_t cut = 1 + i % 3; cut <= len; cut += 3 * CUTS_APART) {
            int gone = prompt_fd(), half = prompt_fd();
            assert_true(tcp_send(gone, text, cut));
            assert_true(tcp_send(half, text, cut));
            fence();
            tcp_reset(gone);
            shutdown(half, SHUT_WR);
            while (recv(half, rest, sizeof rest, 0) > 0)
                ;
            close(half);
            fence();
            (void)write_sequence(&sequences[i], text, sizeof text);
        }
    }
}

/* ---- what never comes, and what never ends ---- */

static void refused_once(const char *request, int status)
{
    struct answer answer;
    serve_impatiently();
    int fd = prompt_fd();
    double since = seconds_now();
    put_text(fd, request);
    assert_true(take_answer(fd, false, &answer));
    assert_int_equal(answer.status, status);
    assert_true(at_end(fd)); /* and no second answer */
    assert_true(seconds_now() - since >= AT_LEAST);
    close(fd);
}

static void a_body_that_never_comes_has_one_answer(void **state)
{
    refused_once("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 405);
}

static void a_chunked_body_that_never_ends_has_one_answer(void **state)
{
    refused_once("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 405);
}

static void a_poll_whose_body_never_comes(void **state)
{
    refused_once("GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell", 408);
}

static void a_post_whose_body_never_comes(void **state)
{
    char text[1500];
    struct answer answer;
    serve_impatiently();
    int fd = prompt_fd();
    snprintf(text, sizeof text, POST_SOME "Content-Length: 50000\r\n\r\n[", token);
    answer = ask(fd, text);
    assert_int_equal(answer.status, 408);
    assert_true(at_end(fd));
    close(fd);
}

/* Its time is for all of it. */
static void a_body_that_trickles_ends(void **state)
{
    struct answer answer;
    serve_impatiently();
    int fd = prompt_fd();
    answer = ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    assert_int_equal(answer.status, 405);
    struct pollfd end = { .fd = fd, .events = POLLIN };
    double since = seconds_now();
    do {
        (void)tcp_send(fd, "x", 1);
    } while (poll(&end, 1, PATIENCE / 20) == 0 && seconds_now() - since < 20);
    assert_true(end.revents != 0);
    assert_true(at_end(fd));
    close(fd);
}

/* Send without end; returns how much the server took before the end. */
static size_t flood(int fd, const char *piece, size_t len)
{
    size_t sent = 0;
    ssize_t n;
    struct timeval patience = { .tv_sec = 10 };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while ((n = send(fd, piece, len, MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    assert_true(errno == EPIPE || errno == ECONNRESET); /* closed, and not only stuck */
    return sent;
}

/* The bound, and what the kernel holds of both sides. */
#define TAKEN_MAX (40u * 1024 * 1024)

static void a_refused_body_without_end_is_not_read_on(void **state)
{
    static char chunk[7 + 65536 + 2];
    struct answer answer;
    serve_impatiently();
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "10000\r\n", 7);
    memcpy(chunk + sizeof chunk - 2, "\r\n", 2);
    int fd = prompt_fd();
    answer = ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(answer.status, 405);
    assert_true(flood(fd, chunk, sizeof chunk) < TAKEN_MAX);
    close(fd);
}

static void one_that_says_so_is_told_at_once(void **state)
{
    struct answer answer;
    static const char text[65536];
    serve_impatiently();
    int fd = prompt_fd();
    answer = ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    assert_int_equal(answer.status, 405);
    assert_true(answer.closes);
    assert_true(flood(fd, text, sizeof text) < TAKEN_MAX);
    close(fd);
    fd = prompt_fd();
    answer = ask(fd, "GET " LONGPOLL " HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    assert_int_equal(answer.status, 413);
    assert_true(at_end(fd));
    close(fd);
}

/* Before any of it has come. */
static void a_large_post_to_a_session_that_has_gone(void **state)
{
    char text[1500];
    static char body[8000000];
    serve(2);
    for (int i = 0; i < 8; i++) { /* the kernel spreads connections over the loops */
        int fd = prompt_fd();
        snprintf(text, sizeof text, POST_SOME "Content-Length: 8000000\r\n\r\n", dead_token);
        assert_int_equal(ask(fd, text).inner, 410);
        assert_true(tcp_send(fd, body, sizeof body));
        assert_string_equal(ask(fd, GET_PAGE).body, "ok");
        close(fd);
    }
}

static void a_large_post_to_one_that_is_there(void **state)
{
    char text[1500];
    static char body[7999999];
    memset(body, '\n', sizeof body);
    memcpy(body, HEARTBEAT, sizeof HEARTBEAT - 1);
    serve(2);
    for (int i = 0; i < 8; i++) {
        struct answer answer;
        int fd = prompt_fd();
        snprintf(text, sizeof text,
                 POST_SOME "Content-Type: application/x-ndjson\r\nContent-Length: 7999999\r\n\r\n", token);
        put_text(fd, text);
        assert_true(tcp_send(fd, body, sizeof body));
        assert_true(take_answer(fd, false, &answer));
        assert_int_equal(answer.inner, 200);
        snprintf(text, sizeof text, A_POLL "\r\n", token);
        assert_non_null(strstr(ask(fd, text).body, "phx_reply"));
        close(fd);
    }
}

/* ---- what comes behind a file ---- */

/* As a client would send it, with a key of zeros. */
static size_t masked(char *out, const char *text)
{
    size_t len = strlen(text);
    assert_true(len < 126);
    memcpy(out, (const char[]){ (char)0x81, (char)(0x80 | len), 0, 0, 0, 0 }, 6);
    memcpy(out + 6, text, len);
    return 6 + len;
}

static void expect_text(int fd, const char *part)
{
    unsigned char head[2];
    char text[126] = "";
    assert_true(tcp_read(fd, head, sizeof head) && head[1] < 126 && tcp_read(fd, text, head[1]));
    if (!strstr(text, part))
        fail_msg("%s, not %s", text, part);
}

/* All of it in one go: the upgrade and what follows are kept until the file has been sent, and are handled in
 * a task of the loop then. What one frame causes comes before the next one. */
static void a_websocket_and_its_first_frames(void **state)
{
    static const char requests[] =
        "GET /files/large.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /rooms/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE "\r\n";
    char bytes[1000], head[1000];
    static char file[LARGE];
    memcpy(bytes, requests, sizeof requests - 1);
    size_t len = sizeof requests - 1;
    len += masked(bytes + len, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]");
    len += masked(bytes + len, "[\"1\",\"2\",\"room:1\",\"say\",{}]");
    len += masked(bytes + len, "[\"1\",\"3\",\"room:1\",\"phx_leave\",{}]");
    len += masked(bytes + len, HEARTBEAT);
    serve(1);
    int fd = connected_fd();
    assert_true(tcp_send(fd, bytes, len));
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    assert_true(tcp_read(fd, file, sizeof file));
    assert_int_equal(tcp_head(fd, head, sizeof head), 101);
    expect_text(fd, "[\"1\",\"1\",\"room:1\",\"phx_reply\"");
    expect_text(fd, "\"said\"");
    expect_text(fd, "[\"1\",\"3\",\"room:1\",\"phx_reply\"");
    expect_text(fd, "\"phx_close\"");
    expect_text(fd, "\"phoenix\",\"phx_reply\"");
    close(fd);
}

static int run(void)
{
#define OWN(name) cmocka_unit_test_teardown(name, end_test)
    const struct CMUnitTest tests[] = {
        OWN(cut_anywhere_requests_are_the_same),
        OWN(from_another_loop_too),
        OWN(byte_by_byte),
        OWN(the_peer_goes_anywhere),
        OWN(a_body_that_never_comes_has_one_answer),
        OWN(a_chunked_body_that_never_ends_has_one_answer),
        OWN(a_poll_whose_body_never_comes),
        OWN(a_post_whose_body_never_comes),
        OWN(a_body_that_trickles_ends),
        OWN(a_refused_body_without_end_is_not_read_on),
        OWN(one_that_says_so_is_told_at_once),
        OWN(a_large_post_to_a_session_that_has_gone),
        OWN(a_large_post_to_one_that_is_there),
        OWN(a_websocket_and_its_first_frames),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

static void write_file(const char *name, const char *text, size_t times)
{
    char path[sizeof directory + 20];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < times; i++)
        fputs(text, file);
    if (!file || fclose(file) != 0)
        abort();
}

static void remove_file(const char *name)
{
    char path[sizeof directory + 20];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
}

int main(void)
{
    if (!mkdtemp(directory))
        return 1;
    write_file("some.txt", "some text", 1);
    write_file("large.txt", "0123456789", LARGE / 10);
    int failures = io_for_each(run);
    remove_file("some.txt");
    remove_file("large.txt");
    rmdir(directory);
    return failures;
}
