/* Silent clients are found in time, whoever else there is. */
#include "helpers/engine.h"

static const pinion_socket_def user_socket = { .connect = NULL };

static pinion_test_client *connected_for(uint32_t timeout_ms)
{
    pinion_test_client *client = NULL;
    const pinion_socket_options options = { .timeout_ms = timeout_ms };
    ok(pinion_test_connect(test, &user_socket, &options, "", &client));
    return client;
}

static void beat(pinion_test_client *client)
{
    send_text(client, "[null,\"h\",\"phoenix\",\"heartbeat\",{}]");
    expect_frame(client, "[null,\"h\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

static bool is_closed(pinion_test_client *client)
{
    return pinion_test_close_code(client) == 1002;
}

static void not_before_and_at_most_a_sixteenth_later(void **state)
{
    static const uint32_t timeouts[] = { 80, 200, 1000, 60000, 3600000 };
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        uint32_t slack = timeouts[i] / 16 + 10;
        pinion_test_client *client = connected_for(timeouts[i]);
        pinion_test_advance(test, timeouts[i] - 1);
        assert_false(is_closed(client));
        pinion_test_advance(test, slack + 1);
        assert_true(is_closed(client));
    }
}

static void each_frame_is_a_sign_of_life(void **state)
{
    pinion_test_client *client = connected_for(1000);
    for (int i = 0; i < 10; i++) {
        pinion_test_advance(test, 999);
        beat(client);
    }
    pinion_test_advance(test, 999);
    assert_false(is_closed(client));
    pinion_test_advance(test, 100);
    assert_true(is_closed(client));
}

/* Every one of many, each at its own time; some go by themselves meanwhile. */
static void many_are_all_looked_at(void **state)
{
    enum { MANY = 500 };
    static pinion_test_client *clients[MANY];
    for (int i = 0; i < MANY; i++) {
        clients[i] = connected_for(i % 3 == 0 ? 1600 : 16000);
        pinion_test_advance(test, 1);
    }
    for (int i = 0; i < MANY; i += 7)
        pinion_test_disconnect(clients[i]);
    pinion_test_advance(test, 1600 - MANY);
    for (int i = 0; i < MANY; i++)
        assert_false(is_closed(clients[i]));
    pinion_test_advance(test, MANY + 110);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(is_closed(clients[i]), i % 3 == 0 && i % 7 != 0);
    pinion_test_advance(test, 16000);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(is_closed(clients[i]), i % 7 != 0);
    assert_int_equal(stats().sockets, 0);
}

static void never_is_never(void **state)
{
    pinion_test_client *client = connected_for(PINION_NEVER);
    pinion_test_advance(test, UINT64_C(1000) * 3600 * 24 * 30);
    assert_false(is_closed(client));
}

/* 32 bits of milliseconds are 49.7 days. */
static void a_server_that_has_run_for_weeks_counts_as_before(void **state)
{
    pinion_test_client *first = connected_for(PINION_NEVER);
    pinion_test_advance(test, UINT32_MAX - 500);
    pinion_test_client *client = connected_for(1000);
    pinion_test_advance(test, 999);
    beat(client);
    pinion_test_advance(test, 999);
    assert_false(is_closed(client));
    pinion_test_advance(test, 100);
    assert_true(is_closed(client));
    assert_false(is_closed(first));
}

/* Where there was nobody for a while, the sweep begins anew. */
static void a_pause_does_no_harm(void **state)
{
    pinion_test_client *client = connected_for(1000);
    pinion_test_disconnect(client);
    pinion_test_advance(test, 5000);
    client = connected_for(1000);
    pinion_test_advance(test, 999);
    assert_false(is_closed(client));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(not_before_and_at_most_a_sixteenth_later),
        TEST(each_frame_is_a_sign_of_life),
        TEST(many_are_all_looked_at),
        TEST(never_is_never),
        TEST(a_server_that_has_run_for_weeks_counts_as_before),
        TEST(a_pause_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
