/* Clients whose large messages end all at once: each waits for its turn, so that nobody waits for all of
 * them. */
#include "helpers/endpoint.h"
#include "helpers/in_a_turn.h"
#include "helpers/io.h"
#include "helpers/longpoll_tcp.h"
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
    ok(pinion_endpoint_raw_socket(endpoint, "/socket", &slow, &(pinion_socket_options){ .longpoll = true }));
    ok(pinion_endpoint_start(endpoint));
}

static void await_one_a_turn(const int *fds)
{
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
    hold_and_look(handled_so_far); /* all of it is there when the loop goes on */
    for (int i = 0; i < CLIENTS; i++)
        assert_true(tcp_send(fds[i], end, sizeof end));
    await_one_a_turn(fds);
}

/* A body of which the last byte is missing. */
static int begin_body(void)
{
    char token[500], head[1000];
    static char part[PART];
    int fd = connected_fd();
    begin_session(fd, token);
    memset(part, 'x', sizeof part);
    int len = snprintf(head, sizeof head,
                       "POST " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", token,
                       PART + 1);
    assert_true(tcp_send(fd, head, (size_t)len) && tcp_send(fd, part, sizeof part));
    return fd;
}

static void of_bodies(void **state)
{
    int fds[CLIENTS];
    serve();
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = begin_body();
    hold_and_look(handled_so_far);
    for (int i = 0; i < CLIENTS; i++)
        assert_true(tcp_send(fds[i], "x", 1));
    await_one_a_turn(fds);
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
        TEST(of_bodies),
        TEST(with_their_fin),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
