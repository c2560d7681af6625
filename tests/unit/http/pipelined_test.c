/* Requests that a client sends without waiting for answers: of those that something has to be waited for, no
 * more are handled in one turn of the loop than there are goes in it. */
#include "base/turns.h"
#include "helpers/endpoint.h"
#include "helpers/in_a_turn.h"
#include "helpers/io.h"

#define REQUEST  "GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n\r\n"
#define SESSIONS 250

static int sessions(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return (int)stats.sockets;
}

static void beginnings_of_sessions_have_their_turn(void **state)
{
    char requests[SESSIONS * (sizeof REQUEST - 1) + 1] = "";
    for (int i = 0; i < SESSIONS; i++)
        memcpy(requests + i * (sizeof REQUEST - 1), REQUEST, sizeof REQUEST);
    start(&(pinion_endpoint_options){ .loops = 1, .io = io },
          &(pinion_socket_options){ .longpoll = true, .longpoll_window_ms = 1000000 });
    int fd = connected_fd();
    hold_and_look(sessions);
    assert_true(tcp_send(fd, requests, sizeof requests - 1));
    let_go();
    await_all(SESSIONS);
    close(fd);
    assert_in_range(in_a_turn.most, 1, PINION_TURNS_GOES + 1); /* and the first one at once */
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(beginnings_of_sessions_have_their_turn),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
