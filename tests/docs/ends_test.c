/* docs/channels.md, "Ends and reasons", with its table. */
#include "docs/snippet.h"

static pinion_result stop(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop((pinion_reason)json_integer_value(pinion_payload_get(payload, "reason")));
}

static pinion_result crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

/* ---- the snippet ---- */

static void room_terminate(pinion_channel *channel, pinion_reason reason)
{
    if (reason == PINION_REASON_DUPLICATE)
        return; /* the same client is back already */
    json_t *user = pinion_payload_tree(pinion_assigned(channel, "user_id"));
    pinion_broadcast_from(channel, "user_left", pinion_json("{s:O?}", "user", user));
}

/* ---- its tests ---- */

static pinion_reason last_reason;
static int terminated;

static void note_and_terminate(pinion_channel *channel, pinion_reason reason)
{
    last_reason = reason;
    terminated++;
    room_terminate(channel, reason);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (json_is_true(pinion_payload_get(params, "refuse")))
        return pinion_error(NULL);
    ok(pinion_assign(channel, "user_id", pinion_json("i", 7)));
    return pinion_ok(NULL);
}

static const pinion_channel_def room_channel = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "stop", stop }, { "crash", crash }),
    .terminate = note_and_terminate,
};

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "users:7");
}

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static const pinion_socket_def named_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
    .id = socket_id,
};

static pinion_test_client *ann, *bob;

static int ann_and_bob(void **state)
{
    int rc = setup(state);
    terminated = 0;
    ann = joined(&named_socket, "rooms:1", NULL);
    bob = joined(&user_socket, "rooms:1", NULL);
    return rc;
}

/* Ann's channel has ended for this reason, once; she was sent `event` (NULL: nothing), and Bob heard of it.
 */
static void expect_end(pinion_reason reason, const char *event)
{
    if (event)
        ok(pinion_test_expect_push(ann, "rooms:1", event, NULL));
    ok(pinion_test_refute_push(ann, "rooms:1", NULL));
    ok(pinion_test_expect_push(bob, "rooms:1", "user_left", "{\"user\":7}"));
    assert_int_equal(last_reason, reason);
    assert_int_equal(terminated, 1);
}

static void left(void **state)
{
    ok(pinion_test_push(ann, "rooms:1", "phx_leave", NULL));
    expect_end(PINION_REASON_LEFT, "phx_close");
}

static void stopped(void **state, pinion_reason given, pinion_reason reason, const char *event)
{
    ok(pinion_test_push(ann, "rooms:1", "stop", pinion_json("{s:i}", "reason", (int)given)));
    expect_end(reason, event);
}

static void stopped_normally(void **state)
{
    stopped(state, PINION_REASON_NORMAL, PINION_REASON_NORMAL, "phx_close");
}

static void stopped_to_shut_down(void **state)
{
    stopped(state, PINION_REASON_SHUTDOWN, PINION_REASON_SHUTDOWN, "phx_close");
}

static void stopped_with_an_error(void **state)
{
    stopped(state, PINION_REASON_ERROR, PINION_REASON_ERROR, "phx_error");
}

static void stopped_with_a_reason_that_is_the_librarys(void **state)
{
    stopped(state, PINION_REASON_LEFT, PINION_REASON_ERROR, "phx_error");
}

static void crashed(void **state)
{
    ok(pinion_test_push(ann, "rooms:1", "crash", NULL));
    expect_end(PINION_REASON_CRASH, "phx_error");
}

static void gone(void **state)
{
    pinion_test_disconnect(ann);
    expect_end(PINION_REASON_CLOSED, NULL);
}

static void told_to_disconnect(void **state)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:7", "disconnect", NULL));
    ok(pinion_test_expect_close(ann, 1001));
    expect_end(PINION_REASON_CLOSED, NULL);
}

static void silent(void **state)
{
    pinion_test_advance(test, 30000);
    send_text(bob, "[null,\"9\",\"phoenix\",\"heartbeat\",{}]");
    pinion_test_advance(test, 30000 + 60000 / 16);
    ok(pinion_test_expect_close(ann, 1002));
    expect_end(PINION_REASON_CLOSED, NULL);
}

static void not_understood(void **state)
{
    send_text(ann, "[\"1\"]");
    ok(pinion_test_expect_close(ann, 1011));
    expect_end(PINION_REASON_CLOSED, NULL);
}

static void joined_again(void **state)
{
    ok(pinion_test_join(ann, "rooms:1", NULL));
    ok(pinion_test_expect_push(ann, "rooms:1", "phx_close", NULL));
    ok(pinion_test_refute_push(bob, "rooms:1", NULL));
    assert_int_equal(last_reason, PINION_REASON_DUPLICATE);
    assert_int_equal(terminated, 1);
}

static void refused(void **state)
{
    pinion_test_client *carl = connected(&user_socket);
    assert_int_equal(pinion_test_join(carl, "rooms:1", pinion_json("{s:b}", "refuse", 1)), PINION_EACCES);
    assert_int_equal(terminated, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(left, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(stopped_normally, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(stopped_to_shut_down, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(stopped_with_an_error, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(stopped_with_a_reason_that_is_the_librarys, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(crashed, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(gone, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(told_to_disconnect, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(silent, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(not_understood, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(joined_again, ann_and_bob, teardown),
        cmocka_unit_test_setup_teardown(refused, ann_and_bob, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
