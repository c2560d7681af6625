/* Clients whose large messages end all at once: each waits for its turn, so that nobody waits for all of
 * them. */
#include "helpers/endpoint.h"
#include "helpers/in_a_turn.h"
#include "helpers/io.h"
#include <pinion/raw_socket.h>

#define CLIENTS 8
#define PART    20000 /* bytes of a message before its last one */

static atomic_int handled;

static int handled_so_far(void)
{
    return handled;
}

/* Longer than all of them may take in a turn. */
static pinion_result take_long(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    usleep(5000);
    assert_int_equal(length, PART + 1);
    handled++;
    return pinion_noreply();
}

static const pinion_raw_socket_def slow = { .handle_in = take_long };

static void serve(void)
{
    handled = 0;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_raw_socket(endpoint, "/socket", &slow, NULL));
    ok(pinion_endpoint_start(endpoint));
}

/* All of it is there when the loop looks. */
static void send_at_once(const int *fds, const void *bytes, size_t len)
{
    hold_and_look(handled_so_far);
    for (int i = 0; i < CLIENTS; i++)
        assert_true(tcp_send(fds[i], bytes, len));
    let_go();
    await_all(CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    assert_int_equal(in_a_turn.most, 1);
}

/* A fragment, which has come when the ping behind it is answered. */
static int begin_message(void)
{
    static const uint8_t head[] = { 0x02, 0xfe, PART >> 8, PART & 255, 0, 0, 0, 0 };
    static const uint8_t ping[] = { 0x89, 0x80, 0, 0, 0, 0 };
    static const char part[PART];
    char pong[2];
    int fd = websocket();
    assert_true(tcp_send(fd, head, sizeof head));
    assert_true(tcp_send(fd, part, sizeof part));
    assert_true(tcp_send(fd, ping, sizeof ping));
    assert_true(tcp_read(fd, pong, sizeof pong));
    return fd;
}

static void of_websockets(void **state)
{
    static const uint8_t end[] = { 0x80, 0x81, 0, 0, 0, 0, 'x' };
    int fds[CLIENTS];
    serve();
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = begin_message();
    send_at_once(fds, end, sizeof end);
}

/* The end of the input comes right behind the end of the message. */
static void with_their_fin(void **state)
{
    static const uint8_t end[] = { 0x80, 0x81, 0, 0, 0, 0, 'x' };
    char byte;
    serve();
    int fd = begin_message();
    assert_true(tcp_send(fd, end, sizeof end));
    shutdown(fd, SHUT_WR);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    assert_int_equal(handled, 1);
    close(fd);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_websockets),
        TEST(with_their_fin),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
