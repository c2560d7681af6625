/* Requests that a client sends without waiting for answers: of those that something has to be waited for, no
 * more are handled in one turn of the loop than there are goes in it. */
#include "base/turns.h"
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <stdatomic.h>

#define REQUEST  "GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n\r\n"
#define SESSIONS 250

static atomic_size_t begun, most_in_a_turn;

static size_t sessions(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats.sockets;
}

/* Once in each turn of the loop. */
static void watch(void *unused)
{
    size_t now = sessions();
    if (now - begun > most_in_a_turn)
        most_in_a_turn = now - begun;
    begun = now;
    if (now < SESSIONS)
        ok(pinion_endpoint_post(endpoint, 0, watch, NULL));
}

static void beginnings_of_sessions_have_their_turn(void **state)
{
    char requests[SESSIONS * (sizeof REQUEST - 1) + 1] = "";
    begun = most_in_a_turn = 0;
    for (int i = 0; i < SESSIONS; i++)
        memcpy(requests + i * (sizeof REQUEST - 1), REQUEST, sizeof REQUEST);
    start(&(pinion_endpoint_options){ .loops = 1, .io = io }, &(pinion_socket_options){ .longpoll = true });
    int fd = connected_fd();
    ok(pinion_endpoint_post(endpoint, 0, watch, NULL));
    assert_true(tcp_send(fd, requests, sizeof requests - 1));
    for (int i = 0; begun < SESSIONS && i < 100000; i++)
        usleep(100);
    assert_int_equal(begun, SESSIONS);
    close(fd);
    assert_in_range(most_in_a_turn, 1, PINION_TURNS_GOES + 1); /* and the first one at once */
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
