/* A client that the server does not read, as much of what it sent waits (here for a join that is answered
 * later), is not silent; over real connections. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <poll.h>
#include <semaphore.h>

#define WAITING (200u << 10) /* bytes: more than a connection keeps of frames that wait */

static pinion_ref *joining;
static sem_t asked;

static pinion_result join_later(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    joining = pinion_ref_new(channel);
    sem_post(&asked);
    return pinion_later();
}

static const pinion_channel_def room = { .join = join_later };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void begin(const pinion_socket_options *options)
{
    pinion_log_set_level(PINION_LOG_NONE);
    sem_init(&asked, 0, 0);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, options));
    ok(pinion_endpoint_start(endpoint));
}

static void fill(int fd)
{
    char text[2000];
    int len = snprintf(text, sizeof text, "[\"1\",\"2\",\"room:1\",\"x\",{\"x\":\"%01900d\"}]", 0);
    for (size_t sent = 0; sent < WAITING; sent += (size_t)len)
        assert_true(tcp_say_text(fd, text));
}

/* The opcode of the next frame that is no ping; its payload goes. */
static int next_opcode(int fd)
{
    uint8_t head[2], more[2], body[70000];
    do {
        size_t len;
        assert_true(tcp_read(fd, head, 2));
        len = head[1];
        if (len == 126) {
            assert_true(tcp_read(fd, more, 2));
            len = (size_t)more[0] << 8 | more[1];
        }
        assert_true(tcp_read(fd, body, len));
    } while ((head[0] & 15) == 9);
    return head[0] & 15;
}

static bool is_open_for(int ms)
{
    pinion_stats stats;
    poll(NULL, 0, ms);
    pinion_endpoint_stats(endpoint, &stats);
    return stats.sockets == 1;
}

static void answer(void)
{
    ok(pinion_ref_answer(joining, pinion_ok(NULL)));
    pinion_ref_free(joining);
}

static void held_back(const pinion_socket_options *options)
{
    begin(options);
    int fd = websocket();
    assert_true(tcp_say_text(fd, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]"));
    sem_wait(&asked);
    fill(fd);
    assert_true(is_open_for(1000));
    answer();
    assert_int_equal(next_opcode(fd), 1); /* the join's reply */
    while (next_opcode(fd) != 8)
        ; /* those of the messages; then it is silent, and is closed for that */
    close(fd);
    sem_destroy(&asked);
}

static void silence_does_not_count(void **state)
{
    held_back(&(pinion_socket_options){ .timeout_ms = 300 });
}

static void nor_does_a_ping_that_cannot_be_answered(void **state)
{
    held_back(&(pinion_socket_options){ .ping_interval_ms = 100, .ping_timeout_ms = 200 });
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silence_does_not_count),
        TEST(nor_does_a_ping_that_cannot_be_answered),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
