/* docs/channels.md, "Pushing and broadcasting" and "Intercepting". The intercepting channel is the chat's. */
#include "docs/snippet.h"
#include "room_channel.h"
#include <pthread.h>

/* ---- the snippet ---- */

/* On any thread of the application's. */
static void announce(pinion_endpoint *endpoint, const char *text)
{
    pinion_endpoint_broadcast(endpoint, "rooms:lobby", "news", pinion_json("{s:s}", "text", text));
}

/* ---- its tests ---- */

static pinion_result tell_three_ways(pinion_channel *channel, const char *event,
                                     const pinion_payload *payload)
{
    pinion_push(channel, "pushed", NULL);
    pinion_broadcast(channel, "intercepted", NULL);
    pinion_broadcast(channel, "plain", NULL);
    return pinion_ok(NULL);
}

static pinion_result tell_others(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast_from(channel, "plain", NULL);
    return pinion_noreply();
}

static pinion_result pass_on(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def order_channel = {
    .handle_in = PINION_CLAUSES({ "tell_three_ways", tell_three_ways }, { "tell_others", tell_others }),
    .handle_out = PINION_CLAUSES({ "intercepted", pass_on }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }, { "order:*", &order_channel }),
};

static void *announce_from_a_thread(void *endpoint)
{
    announce(endpoint, "The kitchen is open");
    return NULL;
}

static void any_thread_may_broadcast(void **state)
{
    pthread_t thread;
    pinion_test_client *ann = joined(&user_socket, "rooms:lobby", NULL);
    assert_int_equal(pthread_create(&thread, NULL, announce_from_a_thread, pinion_test_endpoint(test)), 0);
    ok(pinion_test_expect_push(ann, "rooms:lobby", "news", "{\"text\":\"The kitchen is open\"}"));
    pthread_join(thread, NULL);
}

static void the_order_on_the_wire(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "order:1", NULL);
    send_text(ann, "[\"1\",\"2\",\"order:1\",\"tell_three_ways\",{}]");
    expect_frame(ann, "[\"1\",null,\"order:1\",\"pushed\",{}]");
    expect_frame(ann, "[null,null,\"order:1\",\"plain\",{}]");
    expect_frame(ann, "[\"1\",\"2\",\"order:1\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(ann, "[\"1\",null,\"order:1\",\"intercepted\",{}]");
    expect_no_frame(ann);
}

static void broadcast_from_leaves_out_the_sender(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "order:1", NULL);
    pinion_test_client *bob = joined(&user_socket, "order:1", NULL);
    ok(pinion_test_push(ann, "order:1", "tell_others", NULL));
    ok(pinion_test_expect_push(bob, "order:1", "plain", NULL));
    ok(pinion_test_refute_push(ann, "order:1", NULL));
}

static void an_intercepting_channel_chooses(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "rooms:lobby", NULL);
    pinion_test_client *bob = joined(&user_socket, "rooms:lobby", NULL);
    ok(pinion_test_expect_push(ann, "rooms:lobby", "user_joined", NULL)); /* her own */
    ok(pinion_test_expect_push(ann, "rooms:lobby", "user_joined", NULL));
    expect_answer(ann, "rooms:lobby", "ignore_joins", pinion_json("{s:b}", "ignore", 1), "ok", NULL);
    joined(&user_socket, "rooms:lobby", pinion_json("{s:s}", "user", "carl"));
    ok(pinion_test_expect_push(bob, "rooms:lobby", "user_joined", "{\"user\":\"carl\"}"));
    ok(pinion_test_refute_push(ann, "rooms:lobby", "user_joined"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_thread_may_broadcast, setup, teardown),
        cmocka_unit_test_setup_teardown(the_order_on_the_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(broadcast_from_leaves_out_the_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(an_intercepting_channel_chooses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
