/* One client begins sessions of long polling as fast as it can, on two loops. Others begin theirs all the
 * same, at once, and keep what they have. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include "helpers/longpoll_tcp.h"

#define SESSIONS 300
#define HOG      "127.0.0.2"
#define HONEST   "127.0.0.1"

/* A connection from this address. */
static int connected_from(const char *address)
{
    int fd = tcp_open(&(struct tcp_options){ .port = pinion_endpoint_port(endpoint), .from = address });
    assert_true(fd >= 0);
    return fd;
}

/* A message goes up, and its answer comes down: the session is there, and polled. */
static bool lives(int fd, const char *token)
{
    char body[2000];
    ask(fd, "POST", token, "[null,\"7\",\"phoenix\",\"heartbeat\",{}]");
    if (take_answer(fd, body, sizeof body) != 200)
        return false;
    ask(fd, "GET", token, "");
    return take_answer(fd, body, sizeof body) == 200 && strstr(body, "[null,\\\"7\\\"");
}

/* So many sessions, `polled` or not, over connections on both loops. */
static void flood(const char *address, int count, bool polled)
{
    int fds[8];
    char token[500];
    for (int i = 0; i < 8; i++)
        fds[i] = connected_from(address);
    for (int i = 0; i < count; i++) {
        begin_session(fds[i % 8], token);
        if (polled)
            (void)lives(fds[i % 8], token); /* it may be somebody's of this very flood that has to go */
    }
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

static void serve(void)
{
    /* A connection rests while others flood: on a busy machine that may be long. */
    start(
        &(pinion_endpoint_options){
            .max_longpoll_sessions = SESSIONS, .loops = 2, .keep_alive_ms = 1000000, .io = io },
        &(pinion_socket_options){ .longpoll = true, .longpoll_window_ms = 1000000 });
}

/* As many as there may be, and more; the one who was there before stays, and more are let in, time and again.
 */
static void nobody_is_kept_out_by(const char *address, bool polled)
{
    char before[500], later[10][500];
    pinion_stats stats;
    serve();
    int fd = connected_from(HONEST);
    begin_session(fd, before);
    assert_true(lives(fd, before));
    flood(address, SESSIONS, polled);
    for (int round = 0; round < 10; round++) {
        flood(address, SESSIONS / 20, polled);
        begin_session(fd, later[round]);
        flood(address, SESSIONS / 20, polled); /* before its first poll */
        assert_true(lives(fd, later[round]));
    }
    assert_true(lives(fd, before));
    for (int round = 0; round < 10; round++)
        assert_true(lives(fd, later[round]));
    close(fd);
    pinion_endpoint_stats(endpoint, &stats);
    assert_true(stats.longpoll_evicted >= SESSIONS);
    assert_in_range(stats.sockets, SESSIONS / 2, SESSIONS + 64 + SESSIONS / 8);
}

static void sessions_that_are_begun_and_left(void **state)
{
    nobody_is_kept_out_by(HOG, false);
}

/* As behind a proxy that is not trusted. */
static void from_the_address_of_all_others(void **state)
{
    nobody_is_kept_out_by(HONEST, false);
}

static void sessions_that_are_polled(void **state)
{
    nobody_is_kept_out_by(HOG, true);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sessions_that_are_begun_and_left),
        TEST(from_the_address_of_all_others),
        TEST(sessions_that_are_polled),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
