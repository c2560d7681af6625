/* Every limit of a socket, at it and one past it. */
#include "helpers/engine.h"

static int timers_given;

static pinion_result ok_in(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static pinion_result set_timers(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    timers_given = 0;
    while (pinion_send_after(channel, 1000, "tick", NULL, NULL) == 0)
        timers_given++;
    assert_int_equal(pinion_send_after(channel, 1000, "tick", NULL, NULL), PINION_EBUSY);
    return pinion_ok(NULL);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    return pinion_noreply();
}

static const pinion_channel_def room = {
    .handle_in = PINION_CLAUSES({ "timers", set_timers }, { "*", ok_in }),
    .handle_info = handle_info,
};
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "*", &room }) };

static pinion_test_client *connected_with(const pinion_socket_options *options)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, &user_socket, options, "", &client));
    return client;
}

static void channels_of_a_socket(void **state)
{
    char topic[16];
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .max_channels = 3 });
    for (int i = 0; i < 3; i++) {
        snprintf(topic, sizeof topic, "r%d", i);
        ok(pinion_test_join(client, topic, NULL));
    }
    assert_int_equal(pinion_test_join(client, "r3", NULL), PINION_EACCES);
    ok(pinion_test_leave(client, "r0"));
    ok(pinion_test_join(client, "r3", NULL));
}

static void timers_of_a_channel(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .max_timers = 7 });
    ok(pinion_test_join(client, "r", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "r", "timers", NULL), "ok", NULL));
    assert_int_equal(timers_given, 7);
    client = connected_with(NULL);
    ok(pinion_test_join(client, "r", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "r", "timers", NULL), "ok", NULL));
    assert_int_equal(timers_given, 1000);
}

static void names(void **state)
{
    const pinion_socket_options options = { .max_name = 5 };
    static const char *const fine[] = { "[null,\"12345\",\"abcde\",\"vwxyz\",{}]",
                                        "[\"54321\",null,\"abcde\",\"x\",{}]",
                                        "[null,12345,\"x\",\"y\",{}]" };
    static const char *const longer[] = { "[null,\"1\",\"abcdef\",\"x\",{}]",
                                          "[null,\"1\",\"a\",\"uvwxyz\",{}]",
                                          "[null,\"123456\",\"a\",\"x\",{}]",
                                          "[\"123456\",\"1\",\"a\",\"x\",{}]" };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        pinion_test_client *client = connected_with(&options);
        send_text(client, fine[i]);
        assert_int_equal(pinion_test_close_code(client), 0);
        pinion_test_disconnect(client);
    }
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
        pinion_test_client *client = connected_with(&options);
        send_text(client, longer[i]);
        ok(pinion_test_expect_close(client, 1011));
    }
}

static void depth(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .max_depth = 3 });
    send_text(client, "[null,\"1\",\"phoenix\",\"heartbeat\",{\"a\":[]}]");
    assert_int_equal(pinion_test_close_code(client), 0);
    send_text(client, "[null,\"1\",\"phoenix\",\"heartbeat\",{\"a\":[[]]}]");
    ok(pinion_test_expect_close(client, 1011));
}

static void depth_in_version_1(void **state)
{
    pinion_test_client *client = NULL;
    const pinion_socket_options options = { .max_depth = 2 };
    ok(pinion_test_connect(test, &user_socket, &options, "vsn=1.0.0", &client));
    send_text(client, "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":\"1\"}");
    assert_int_equal(pinion_test_close_code(client), 0);
    send_text(client, "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{\"a\":{}},\"ref\":\"1\"}");
    ok(pinion_test_expect_close(client, 1011));
}

static void options_have_limits_too(void **state)
{
    pinion_test_client *client = NULL;
    const pinion_socket_options name = { .max_name = 256 }, deep = { .max_depth = 129 };
    assert_int_equal(pinion_test_connect(test, &user_socket, &name, "", &client), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "max_name"));
    assert_int_equal(pinion_test_connect(test, &user_socket, &deep, "", &client), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "max_depth"));
}

/* ---- rates ---- */

#define LIMITED "{\"reason\": \"rate limited\"}"

static void messages_of_a_socket(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .messages = { 10, 3 } });
    ok(pinion_test_join(client, "a", NULL));
    ok(pinion_test_join(client, "b", NULL));
    for (int i = 0; i < 3; i++)
        ok(pinion_test_expect_reply(client, pinion_test_push(client, i ? "a" : "b", "x", NULL), "ok", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "error", LIMITED));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "b", "x", NULL), "error", LIMITED));
    assert_int_equal(stats().rate_limited, 2);
    send_text(client, "[null,\"h\",\"phoenix\",\"heartbeat\",{}]");
    expect_frame(client, "[null,\"h\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    ok(pinion_test_leave(client, "b"));
    pinion_test_advance(test, 100);
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "ok", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "error", LIMITED));
}

static void messages_to_a_channel(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .channel_messages = { 1, 2 } });
    ok(pinion_test_join(client, "a", NULL));
    ok(pinion_test_join(client, "b", NULL));
    for (int i = 0; i < 2; i++) {
        ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "ok", NULL));
        ok(pinion_test_expect_reply(client, pinion_test_push(client, "b", "x", NULL), "ok", NULL));
    }
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "error", LIMITED));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "b", "x", NULL), "error", LIMITED));
}

static void joins(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .joins = { 2, 0 } });
    ok(pinion_test_join(client, "a", NULL));
    ok(pinion_test_join(client, "b", NULL));
    assert_int_equal(pinion_test_join(client, "c", NULL), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")),
                        "rate limited");
    pinion_test_advance(test, 500);
    ok(pinion_test_join(client, "c", NULL));
}

static void without_a_rate_there_is_none(void **state)
{
    pinion_test_client *client = connected_with(NULL);
    ok(pinion_test_join(client, "a", NULL));
    for (int i = 0; i < 1000; i++)
        ok(pinion_test_expect_reply(client, pinion_test_push(client, "a", "x", NULL), "ok", NULL));
    assert_int_equal(stats().rate_limited, 0);
}

/* ---- what nothing takes counts as well ---- */

static const pinion_socket_def some = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void joins_without_a_route_are_joins(void **state)
{
    const pinion_socket_options options = { .joins = { 1, 3 } };
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, &some, &options, "", &client));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pinion_test_join(client, "none", NULL), PINION_EACCES);
        assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")),
                            "unmatched topic");
    }
    assert_int_equal(pinion_test_join(client, "none", NULL), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")),
                        "rate limited");
    assert_int_equal(pinion_test_join(client, "room:1", NULL), PINION_EACCES);
    assert_int_equal(stats().rate_limited, 2);
}

static void messages_to_nobody_are_messages(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .messages = { 1, 3 } });
    send_text(client, "[null,\"1\",\"a\",\"x\",{}]");
    expect_frame(client, "[null,\"1\",\"a\",\"phx_reply\",{\"response\":{\"reason\":\"unmatched topic\"},"
                         "\"status\":\"error\"}]");
    send_text(client, "[null,\"2\",\"a\",\"phx_leave\",{}]");
    expect_frame(client, "[null,\"2\",\"a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    send_text(client, "[null,\"3\",\"phoenix\",\"heartbeat\",{}]");
    expect_frame(client, "[null,\"3\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    send_text(client, "[null,\"4\",\"a\",\"phx_leave\",{}]");
    expect_frame(client, "[null,\"4\",\"a\",\"phx_reply\",{\"response\":{\"reason\":\"rate limited\"},"
                         "\"status\":\"error\"}]");
    assert_int_equal(stats().rate_limited, 1);
}

/* ---- overhead ---- */

#define HEARTBEAT "[null,\"h\",\"phoenix\",\"heartbeat\",{}]"
#define BEAT      "[null,\"h\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"

static void send_heartbeats(pinion_test_client *client, int count)
{
    for (int i = 0; i < count; i++)
        send_text(client, HEARTBEAT);
}

static void expect_heartbeats(pinion_test_client *client, int count)
{
    for (int i = 0; i < count; i++)
        expect_frame(client, BEAT);
}

static void overhead_is_held_back_and_comes_later(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .overhead = { 10, 5 } });
    send_heartbeats(client, 9);
    expect_heartbeats(client, 6); /* the one that was too many is answered yet */
    expect_no_frame(client);
    assert_int_equal(stats().held_back, 1);
    pinion_test_advance(test, 100);
    expect_heartbeats(client, 1);
    for (int i = 0; i < 20; i++)
        pinion_test_advance(test, 100);
    expect_heartbeats(client, 2);
    assert_int_equal(pinion_test_close_code(client), 0);
}

static void a_burst_is_nothing_to_hold_back(void **state)
{
    pinion_test_client *client = connected_with(NULL);
    send_heartbeats(client, 10000);
    expect_heartbeats(client, 10000);
    assert_int_equal(stats().held_back, 0);
    send_heartbeats(client, 1);
    expect_heartbeats(client, 1);
    assert_int_equal(stats().held_back, 1);
}

static void overhead_without_a_limit(void **state)
{
    const pinion_socket_options options = { .overhead = { .per_second = PINION_NEVER } };
    pinion_test_client *client = connected_with(&options);
    send_heartbeats(client, 20000);
    expect_heartbeats(client, 20000);
    assert_int_equal(stats().held_back, 0);
}

/* Thirty seconds of nothing else; one that stops in between is forgiven. */
static void who_does_not_stop_is_closed(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .overhead = { 10, 1 } });
    for (int ms = 0; ms < 25000; ms += 100) {
        send_heartbeats(client, 2);
        pinion_test_advance(test, 100);
    }
    assert_int_equal(pinion_test_close_code(client), 0);
    for (int ms = 0; ms < 40000; ms += 1000)
        pinion_test_advance(test, 1000); /* what waited is read */
    assert_int_equal(pinion_test_close_code(client), 0);
    for (int ms = 0; ms < 32000 && pinion_test_close_code(client) == 0; ms += 100) {
        send_heartbeats(client, 2);
        pinion_test_advance(test, 100);
    }
    assert_int_equal(pinion_test_close_code(client), 1008);
}

static void a_client_that_is_held_back_may_go(void **state)
{
    pinion_test_client *client = connected_with(&(pinion_socket_options){ .overhead = { 1, 1 } });
    send_heartbeats(client, 5);
    pinion_test_disconnect(client);
    pinion_test_advance(test, 5000);
    assert_int_equal(stats().sockets, 0);
}

static pinion_result nothing(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    return pinion_noreply();
}

static void of_a_raw_socket_it_is_the_end(void **state)
{
    static const pinion_raw_socket_def raw = { .handle_in = nothing };
    pinion_test_client *client = NULL;
    const pinion_socket_options options = { .messages = { 1, 2 } };
    ok(pinion_test_connect_raw(test, &raw, &options, "", &client));
    send_text(client, "1");
    send_text(client, "2");
    assert_int_equal(pinion_test_close_code(client), 0);
    send_text(client, "3");
    ok(pinion_test_expect_close(client, 1008));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(channels_of_a_socket),
        TEST(timers_of_a_channel),
        TEST(names),
        TEST(depth),
        TEST(depth_in_version_1),
        TEST(options_have_limits_too),
        TEST(messages_of_a_socket),
        TEST(messages_to_a_channel),
        TEST(joins),
        TEST(without_a_rate_there_is_none),
        TEST(joins_without_a_route_are_joins),
        TEST(messages_to_nobody_are_messages),
        TEST(overhead_is_held_back_and_comes_later),
        TEST(a_burst_is_nothing_to_hold_back),
        TEST(overhead_without_a_limit),
        TEST(who_does_not_stop_is_closed),
        TEST(a_client_that_is_held_back_may_go),
        TEST(of_a_raw_socket_it_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
