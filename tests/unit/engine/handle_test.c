/* Every result of every callback: what the client sees, and that terminate and the destructor run once. */
#include "helpers/engine.h"

static pinion_result next; /* what the callbacks return */
static int terminated, destroyed, infos;
static pinion_reason reason;

static void destroy(void *state)
{
    destroyed++;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_channel_set_state(channel, &destroyed, destroy);
    return pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    return strcmp(pinion_channel_topic(channel), "room:after") == 0 ? next : pinion_noreply();
}

static pinion_result give(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return next;
}

static pinion_result later_info(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 0, "given", NULL, NULL));
    return pinion_noreply();
}

static pinion_result restate(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_channel_set_state(channel, &infos, destroy);
    assert_ptr_equal(pinion_channel_state(channel), &infos);
    return pinion_noreply();
}

static pinion_result out(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast(channel, "intercepted", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    infos++;
    return next;
}

static void terminate(pinion_channel *channel, pinion_reason why)
{
    terminated++;
    reason = why;
    pinion_push(channel, "bye", NULL);
    pinion_broadcast(channel, "gone", NULL);
}

static const pinion_channel_def channel_def = {
    .join = join,
    .after_join = after_join,
    .handle_in =
        PINION_CLAUSES({ "give", give }, { "info", later_info }, { "out", out }, { "restate", restate }),
    .handle_out = PINION_CLAUSES({ "intercepted", give }),
    .handle_info = handle_info,
    .terminate = terminate,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static pinion_test_client *client;

static int setup_handle(void **state)
{
    int rc = setup(state);
    client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    terminated = destroyed = infos = 0;
    return rc;
}

static void give_result(const char *event, pinion_result result)
{
    char text[128];
    next = result;
    snprintf(text, sizeof text, "[\"1\",\"9\",\"room:a\",\"%s\",{}]", event);
    send_text(client, text);
}

static void expect_ended(pinion_reason why)
{
    expect_no_frame(client);
    assert_int_equal(terminated, 1);
    assert_int_equal(destroyed, 1);
    assert_int_equal(reason, why);
    assert_int_equal(stats().channels, 0);
}

static void expect_alive(void)
{
    expect_no_frame(client);
    assert_int_equal(terminated, 0);
    assert_int_equal(destroyed, 0);
    assert_int_equal(stats().channels, 1);
}

#define BYE   "[\"1\",null,\"room:a\",\"bye\",{}]"
#define GONE  "[null,null,\"room:a\",\"gone\",{}]"
#define CLOSE "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]"
#define ERROR "[\"1\",\"1\",\"room:a\",\"phx_error\",{\"reason\":\"channel_crash\"}]"

static void expect_close(void)
{
    expect_frame(client, CLOSE);
    expect_frame(client, BYE);
    expect_frame(client, GONE);
}

static void expect_crash(pinion_reason why)
{
    expect_frame(client, BYE);
    expect_frame(client, GONE);
    expect_frame(client, ERROR);
    expect_ended(why);
}

/* ---- handle_in ---- */

static void a_status_that_is_null_crashes(void **state)
{
    give_result("give", pinion_reply(NULL, NULL));
    expect_crash(PINION_REASON_CRASH);
}

static void noreply_says_nothing(void **state)
{
    give_result("give", pinion_noreply());
    expect_alive();
    give_result("give", pinion_later());
    expect_alive();
}

static void a_reply_carries_any_status(void **state)
{
    give_result("give", pinion_reply("perhaps", pinion_json("[i]", 1)));
    expect_frame(client, "[\"1\",\"9\",\"room:a\",\"phx_reply\",{\"response\":[1],\"status\":\"perhaps\"}]");
    expect_alive();
}

static void stop_normal_closes_then_terminates(void **state)
{
    give_result("give", pinion_stop(PINION_REASON_NORMAL));
    expect_close();
    expect_ended(PINION_REASON_NORMAL);
}

static void stop_with_a_reply_replies_first(void **state)
{
    give_result("give", pinion_stop_reply(PINION_REASON_SHUTDOWN, "ok", NULL));
    expect_frame(client, "[\"1\",\"9\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_close();
    expect_ended(PINION_REASON_SHUTDOWN);
}

static void stop_with_an_error_terminates_then_says_so(void **state)
{
    give_result("give", pinion_stop(PINION_REASON_ERROR));
    expect_crash(PINION_REASON_ERROR);
}

static void reasons_of_the_library_are_errors_when_the_application_gives_them(void **state)
{
    give_result("give", pinion_stop(PINION_REASON_CLOSED));
    expect_crash(PINION_REASON_ERROR);
}

static void a_crash_terminates_then_says_so(void **state)
{
    give_result("give", pinion_crash());
    expect_crash(PINION_REASON_CRASH);
}

static void a_poison_reply_is_a_crash(void **state)
{
    give_result("give", pinion_ok(pinion_json("{s:s}", "x", NULL)));
    expect_crash(PINION_REASON_CRASH);
}

static void an_event_no_clause_takes_is_a_crash(void **state)
{
    give_result("unheard-of", pinion_noreply());
    expect_crash(PINION_REASON_CRASH);
}

static void stop_with_a_poison_reply_is_a_crash_without_one(void **state)
{
    give_result("give", pinion_stop_reply(PINION_REASON_NORMAL, "ok", pinion_json("nonsense")));
    expect_crash(PINION_REASON_CRASH);
}

static void a_state_that_is_replaced_is_destroyed_then(void **state)
{
    give_result("restate", pinion_noreply());
    expect_no_frame(client);
    assert_int_equal(destroyed, 1);
    give_result("give", pinion_stop(PINION_REASON_NORMAL));
    expect_close();
    assert_int_equal(destroyed, 2);
}

static void leaving_replies_closes_terminates(void **state)
{
    give_result("phx_leave", pinion_noreply());
    expect_frame(client, "[\"1\",\"9\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_close();
    expect_ended(PINION_REASON_LEFT);
}

/* ---- the others ---- */

static void handle_info_may_stop_and_crash(void **state)
{
    give_result("info", pinion_noreply());
    expect_alive();
    assert_int_equal(infos, 1);
    give_result("info", pinion_stop(PINION_REASON_NORMAL));
    expect_close();
    expect_ended(PINION_REASON_NORMAL);
}

static void a_reply_where_nobody_asked_is_a_crash(void **state)
{
    give_result("info", pinion_ok(NULL));
    expect_crash(PINION_REASON_CRASH);
}

static void handle_out_may_stop(void **state)
{
    give_result("out", pinion_stop(PINION_REASON_NORMAL));
    expect_close();
    expect_ended(PINION_REASON_NORMAL);
}

static void handle_out_may_crash(void **state)
{
    give_result("out", pinion_crash());
    expect_crash(PINION_REASON_CRASH);
}

static void handle_info_may_crash(void **state)
{
    give_result("info", pinion_crash());
    expect_crash(PINION_REASON_CRASH);
}

static void a_poison_result_is_a_crash_where_no_reply_is_due(void **state)
{
    give_result("out", pinion_stop_reply(PINION_REASON_NORMAL, "ok", pinion_json("nonsense")));
    expect_crash(PINION_REASON_CRASH);
}

static void after_join_may_crash(void **state)
{
    next = pinion_crash();
    send_text(client, "[\"5\",\"5\",\"room:after\",\"phx_join\",{}]");
    expect_frame(client, "[\"5\",\"5\",\"room:after\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    ok(pinion_test_expect_push(client, "room:after", "phx_error", NULL));
    assert_int_equal(terminated, 1);
    assert_int_equal(reason, PINION_REASON_CRASH);
    assert_int_equal(destroyed, 1);
}

static void after_join_may_stop(void **state)
{
    next = pinion_stop(PINION_REASON_NORMAL);
    send_text(client, "[\"5\",\"5\",\"room:after\",\"phx_join\",{}]");
    expect_frame(client, "[\"5\",\"5\",\"room:after\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"5\",\"5\",\"room:after\",\"phx_close\",{}]");
    assert_int_equal(terminated, 1);
    assert_int_equal(destroyed, 1);
}

/* ---- the socket ---- */

static void a_socket_that_goes_terminates_its_channels_in_silence(void **state)
{
    pinion_test_client *other = connected(&socket_def);
    ok(pinion_test_join(other, "room:a", NULL));
    pinion_test_disconnect(client);
    assert_int_equal(terminated, 1);
    assert_int_equal(reason, PINION_REASON_CLOSED);
    assert_int_equal(destroyed, 1);
    assert_int_equal(pinion_test_frames(client), 0);
    ok(pinion_test_expect_push(other, "room:a", "gone", NULL)); /* broadcasts reach the others */
}

static void what_cannot_be_decoded_ends_the_socket_alone(void **state)
{
    pinion_test_client *other = connected(&socket_def);
    ok(pinion_test_join(other, "room:a", NULL));
    send_text(client, "{\"not\": \"a message\"}");
    ok(pinion_test_expect_close(client, 1011));
    assert_int_equal(terminated, 1);
    assert_int_equal(stats().sockets, 1);
    pinion_test_send_frame(other, false, "\"\xff\"", 3);
    ok(pinion_test_expect_close(other, 1007));
    assert_int_equal(stats().sockets, 0);
}

static void silence_closes_after_the_timeout_and_any_frame_is_life(void **state)
{
    pinion_test_advance(test, 59000);
    send_text(client, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    pinion_test_advance(test, 59999);
    assert_int_equal(pinion_test_close_code(client), 0);
    for (int i = 0; i < 10; i++) /* what the server sends is none */
        pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "tick", NULL);
    pinion_test_advance(test, 1 + 60000 / 16);
    ok(pinion_test_expect_close(client, 1002));
    assert_int_equal(terminated, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_handle, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_status_that_is_null_crashes),
        T(noreply_says_nothing),
        T(a_reply_carries_any_status),
        T(stop_normal_closes_then_terminates),
        T(stop_with_a_reply_replies_first),
        T(stop_with_an_error_terminates_then_says_so),
        T(reasons_of_the_library_are_errors_when_the_application_gives_them),
        T(a_crash_terminates_then_says_so),
        T(a_poison_reply_is_a_crash),
        T(an_event_no_clause_takes_is_a_crash),
        T(stop_with_a_poison_reply_is_a_crash_without_one),
        T(a_state_that_is_replaced_is_destroyed_then),
        T(leaving_replies_closes_terminates),
        T(handle_info_may_stop_and_crash),
        T(a_reply_where_nobody_asked_is_a_crash),
        T(handle_out_may_stop),
        T(handle_out_may_crash),
        T(handle_info_may_crash),
        T(a_poison_result_is_a_crash_where_no_reply_is_due),
        T(after_join_may_crash),
        T(after_join_may_stop),
        T(a_socket_that_goes_terminates_its_channels_in_silence),
        T(what_cannot_be_decoded_ends_the_socket_alone),
        T(silence_closes_after_the_timeout_and_any_frame_is_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
