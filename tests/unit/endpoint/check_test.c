/* What an endpoint's loop has is broken on purpose: its checker tells, and it is called at the end of turns.
 */
#include "endpoint/check.h"
#include "helpers/engine.h"

#include "helpers/checks.h"
#include "helpers/death.h"

static pinion_endpoint *endpoint;
static struct pinion_endpoint_loop *loop;

static int begin(void **state)
{
    static const pinion_socket_def anybody = { .connect = NULL };
    const pinion_endpoint_options options = { .loops = 2 };
    ok(pinion_endpoint_new(&endpoint, &options));
    ok(pinion_endpoint_socket(endpoint, "/socket", &anybody, NULL));
    loop = &endpoint->loops[1];
    assert_sound(pinion__endpoint_loop_check(loop));
    return 0;
}

static int end(void **state)
{
    assert_sound(pinion__endpoint_loop_check(loop));
    pinion_endpoint_free(endpoint);
    return 0;
}

static void a_loop(void **state)
{
    loop->http.turns.going = true;
    assert_tells(pinion__endpoint_loop_check(loop), "turns");
    loop->http.turns.going = false;
    loop->shard->turns.going = true;
    assert_tells(pinion__endpoint_loop_check(loop), "turns");
    loop->shard->turns.going = false;
    struct pinion_list streams = loop->streams;
    loop->streams.next = NULL;
    assert_tells(pinion__endpoint_loop_check(loop), "list");
    loop->streams = streams;
    struct pinion_list http = loop->http.connections;
    loop->http.connections.prev = &http;
    assert_tells(pinion__endpoint_loop_check(loop), "list");
    loop->http.connections = http;
}

static void take_turns_with_a_broken_loop(void)
{
    loop->http.turns.going = true;
    for (int i = 0; i < 1000; i++)
        pinion__endpoint_loop_watch(loop);
}

static void a_loop_is_looked_over_once_in_a_while(void **state)
{
    for (int i = 0; i < 1000; i++)
        pinion__endpoint_loop_watch(loop);
    assert_true(aborts(take_turns_with_a_broken_loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loop, begin, end),
        cmocka_unit_test_setup_teardown(a_loop_is_looked_over_once_in_a_while, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
