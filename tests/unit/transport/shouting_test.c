/* Clients that speak without pause: once one has caused many deliveries, or all together have in a turn of
 * the loop, or what they say takes long, what is said next waits for its turn. */
#include "helpers/endpoint.h"
#include "helpers/in_a_turn.h"
#include "helpers/io.h"
#include "helpers/longpoll_tcp.h"

#define LISTENERS 63
#define MANY      (4096 / (LISTENERS + 1)) /* shouts that may be heard at once */
#define SHOUTS    (4 * MANY - 6)
#define PONDERERS 16
#define PONDER_MS 2
#define MANY_ALL  (32768 / (LISTENERS + 1)) /* the same of all who shout, and each may shout once more */

static atomic_int shouted;

static int shouted_so_far(void)
{
    return shouted;
}

/* Together they take longer than a turn may. */
static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    usleep(200);
    ok(pinion_broadcast(channel, event, NULL));
    shouted++;
    return pinion_noreply();
}

static pinion_result ponder(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    usleep(1000 * PONDER_MS);
    shouted++;
    return pinion_noreply();
}

static const pinion_channel_def loud = { .handle_in = PINION_CLAUSES({ "s", shout }, { "p", ponder }) };
static const pinion_socket_def loud_socket = { .channels = PINION_ROUTES({ "r", &loud }) };

static void serve(void)
{
    shouted = 0;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &loud_socket,
                              &(pinion_socket_options){ .longpoll = true }));
    ok(pinion_endpoint_start(endpoint));
}

static size_t put_many(char *out, const char *message, int count)
{
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += tcp_put_text(out + len, message);
    return len;
}

static size_t put_shouts(char *out, int count)
{
    return put_many(out, "[\"1\",\"2\",\"r\",\"s\",{}]", count);
}

static int joined(void)
{
    char frame[100], answer[2];
    int fd = websocket();
    size_t len = tcp_put_text(frame, "[\"1\",\"1\",\"r\",\"phx_join\",{}]");
    assert_true(tcp_send(fd, frame, len));
    assert_true(tcp_read(fd, answer, sizeof answer));
    return fd;
}

static void who_shouts_has_a_turn_like_others(void **state)
{
    static char shouts[SHOUTS * 40];
    int fds[LISTENERS + 1];
    serve();
    for (int i = 0; i <= LISTENERS; i++)
        fds[i] = joined();
    size_t len = put_shouts(shouts, SHOUTS);
    hold_and_look(shouted_so_far);
    assert_true(tcp_send(fds[0], shouts, len));
    let_go();
    await_all(SHOUTS);
    assert_in_range(in_a_turn.most, 1, MANY);
    for (int i = 0; i <= LISTENERS; i++)
        close(fds[i]);
}

/* None of them says more than one may. */
static void those_who_shout_together_have_turns_too(void **state)
{
    static char shouts[MANY * 40];
    int fds[LISTENERS + 1];
    serve();
    for (int i = 0; i <= LISTENERS; i++)
        fds[i] = joined();
    size_t len = put_shouts(shouts, MANY);
    hold_and_look(shouted_so_far);
    for (int i = 0; i <= LISTENERS; i++)
        assert_true(tcp_send(fds[i], shouts, len));
    let_go();
    await_all((LISTENERS + 1) * MANY);
    assert_in_range(in_a_turn.most, 1, MANY_ALL + LISTENERS + 1);
    for (int i = 0; i <= LISTENERS; i++)
        close(fds[i]);
}

/* A few of them have what a turn has time for; then each of the others has one, and a few have a turn. */
static void those_whose_messages_take_long_have_turns_too(void **state)
{
    enum { EACH = 20, IN_TIME = 8, GOES = 4 / PONDER_MS + 1 };
    static char messages[EACH * 40];
    int fds[PONDERERS];
    serve();
    for (int i = 0; i < PONDERERS; i++)
        fds[i] = joined();
    size_t len = put_many(messages, "[\"1\",\"2\",\"r\",\"p\",{}]", EACH);
    hold_and_look(shouted_so_far);
    for (int i = 0; i < PONDERERS; i++)
        assert_true(tcp_send(fds[i], messages, len));
    let_go();
    await_all(PONDERERS * EACH);
    assert_in_range(in_a_turn.most, 1, IN_TIME + PONDERERS + GOES);
    for (int i = 0; i < PONDERERS; i++)
        close(fds[i]);
}

/* The lines of one body. */
static void who_polls_has_a_turn_too(void **state)
{
    static const char join[] = "[\"1\",\"1\",\"r\",\"phx_join\",{}]\n",
                      line[] = "[\"1\",\"2\",\"r\",\"s\",{}]\n";
    int fds[LISTENERS];
    char token[500], answer[200], head[1000];
    serve();
    for (int i = 0; i < LISTENERS; i++)
        fds[i] = joined();
    int fd = connected_fd();
    begin_session(fd, token);
    int len =
        snprintf(head, sizeof head,
                 "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 token, strlen(join) + SHOUTS * strlen(line), join);
    hold_and_look(shouted_so_far);
    assert_true(tcp_send(fd, head, (size_t)len));
    for (int i = 0; i < SHOUTS; i++)
        assert_true(tcp_send(fd, line, strlen(line)));
    let_go();
    await_all(SHOUTS);
    assert_in_range(in_a_turn.most, 1, MANY);
    assert_int_equal(take_answer(fd, answer, sizeof answer), 200);
    close(fd);
    for (int i = 0; i < LISTENERS; i++)
        close(fds[i]);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_shouts_has_a_turn_like_others),
        TEST(those_who_shout_together_have_turns_too),
        TEST(those_whose_messages_take_long_have_turns_too),
        TEST(who_polls_has_a_turn_too),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
