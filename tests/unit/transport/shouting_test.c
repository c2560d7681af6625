/* A client that speaks to many without pause: once it has caused many deliveries, what it says next waits for
 * its turn. */
#include "helpers/endpoint.h"
#include "helpers/in_a_turn.h"
#include "helpers/io.h"

#define LISTENERS 63
#define MANY      (4096 / (LISTENERS + 1)) /* shouts that may be heard at once */
#define SHOUTS    (4 * MANY - 6)

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

static const pinion_channel_def loud = { .handle_in = PINION_CLAUSES({ "s", shout }) };
static const pinion_socket_def loud_socket = { .channels = PINION_ROUTES({ "r", &loud }) };

static void serve(void)
{
    shouted = 0;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &loud_socket, NULL));
    ok(pinion_endpoint_start(endpoint));
}

/* Returns the length. */
static size_t put(char *out, const char *text)
{
    size_t len = strlen(text);
    const unsigned char head[] = { 0x81, 0x80 | (unsigned char)len, 0, 0, 0, 0 };
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, text, len);
    return sizeof head + len;
}

static int joined(void)
{
    char frame[100], answer[2];
    int fd = websocket();
    size_t len = put(frame, "[\"1\",\"1\",\"r\",\"phx_join\",{}]");
    assert_true(tcp_send(fd, frame, len));
    assert_true(tcp_read(fd, answer, sizeof answer));
    return fd;
}

static void who_shouts_has_a_turn_like_others(void **state)
{
    static char shouts[SHOUTS * 40];
    int fds[LISTENERS + 1];
    size_t len = 0;
    serve();
    for (int i = 0; i <= LISTENERS; i++)
        fds[i] = joined();
    for (int i = 0; i < SHOUTS; i++)
        len += put(shouts + len, "[\"1\",\"2\",\"r\",\"s\",{}]");
    hold_and_look(shouted_so_far);
    assert_true(tcp_send(fds[0], shouts, len));
    let_go();
    await_all(SHOUTS);
    assert_in_range(in_a_turn.most, 1, MANY);
    for (int i = 0; i <= LISTENERS; i++)
        close(fds[i]);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_shouts_has_a_turn_like_others),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
