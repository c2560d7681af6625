/* docs/channels.md, "Payloads" and "Binary payloads". */
#include "docs/snippet.h"

/* ---- the snippets ---- */

static pinion_result relay(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result tell_both(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_payload *told = pinion_json("{s:s}", "told", event);
    pinion_push(channel, "told", pinion_payload_ref(told)); /* this one keeps ours alive */
    pinion_broadcast_from(channel, "told", told);           /* this one takes it */
    return pinion_noreply();
}

static void forget(void *state)
{
    pinion_payload_unref(state);
}

static pinion_result remember(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_channel_set_state(channel, pinion_payload_ref(payload), forget);
    return pinion_noreply();
}

static pinion_result recall(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(pinion_channel_state(channel)));
}

static pinion_result reverse(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    if (pinion_payload_kind(payload) != PINION_PAYLOAD_BINARY || length > 1024)
        return pinion_error(pinion_json("{s:s}", "reason", "up to 1024 bytes, please"));
    char reversed[1024];
    for (size_t i = 0; i < length; i++)
        reversed[i] = bytes[length - 1 - i];
    return pinion_ok(pinion_payload_binary(reversed, length));
}

/* ---- their tests ---- */

static pinion_result binary_push(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    int rc = pinion_push(channel, "bytes", pinion_payload_binary("\x01\x02", 2));
    pinion_broadcast(channel, "bytes", pinion_payload_binary("\x01\x02", 2));
    return pinion_ok(pinion_json("{s:s}", "rc", rc ? pinion_errname(rc) : "0"));
}

static pinion_result poison(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    int rc = pinion_push(channel, "nothing", pinion_json("{s:O}", "missing", (json_t *)NULL));
    return pinion_ok(pinion_json("{s:s}", "rc", pinion_errname(rc)));
}

static const pinion_channel_def room_channel = {
    .handle_in = PINION_CLAUSES({ "relay", relay }, { "tell_both", tell_both }, { "remember", remember },
                                { "recall", recall }, { "reverse", reverse }, { "binary_push", binary_push },
                                { "poison", poison }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static void what_is_borrowed_is_passed_on_with_a_reference(void **state)
{
    pinion_test_client *bob = joined(&user_socket, "rooms:1", NULL);
    pinion_test_client *ann = joined(&user_socket, "rooms:1", NULL);
    ok(pinion_test_push(ann, "rooms:1", "relay", pinion_json("{s:i}", "n", 1)));
    ok(pinion_test_expect_push(bob, "rooms:1", "relay", "{\"n\":1}"));
    ok(pinion_test_push(ann, "rooms:1", "tell_both", NULL));
    ok(pinion_test_expect_push(ann, "rooms:1", "told", "{\"told\":\"tell_both\"}"));
    ok(pinion_test_expect_push(bob, "rooms:1", "told", "{\"told\":\"tell_both\"}"));
    ok(pinion_test_push(ann, "rooms:1", "remember", pinion_json("{s:i}", "n", 2)));
    ok(pinion_test_push(ann, "rooms:1", "remember", pinion_json("{s:i}", "n", 3)));
    expect_answer(ann, "rooms:1", "recall", NULL, "ok", "{\"n\":3}");
}

static void what_cannot_be_built_is_not_sent(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "rooms:1", NULL);
    expect_answer(ann, "rooms:1", "poison", NULL, "ok", "{\"rc\":\"PINION_EPAYLOAD\"}");
    ok(pinion_test_refute_push(ann, "rooms:1", "nothing"));
}

static void bytes_come_back_reversed(void **state)
{
    size_t length;
    pinion_test_client *ann = joined(&user_socket, "rooms:1", NULL);
    expect_answer(ann, "rooms:1", "reverse", pinion_payload_binary("\x01\x02\x03", 3), "ok", NULL);
    const char *bytes = pinion_test_bytes(test, &length);
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "\x03\x02\x01", 3);
    expect_answer(ann, "rooms:1", "reverse", NULL, "error", "{\"reason\":\"up to 1024 bytes, please\"}");
}

static void a_v1_client_gets_no_bytes(void **state)
{
    pinion_test_client *old;
    ok(pinion_test_connect(test, &user_socket, NULL, "vsn=1.0.0", &old));
    ok(pinion_test_join(old, "rooms:1", NULL));
    expect_answer(old, "rooms:1", "binary_push", NULL, "ok", "{\"rc\":\"PINION_ENOTSUP\"}");
    ok(pinion_test_refute_push(old, "rooms:1", NULL));
    assert_int_equal(stats().unencodable, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_borrowed_is_passed_on_with_a_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_built_is_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_come_back_reversed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_v1_client_gets_no_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
