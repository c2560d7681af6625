/* Timers, messages from refs, subscriptions to other topics, and code that is no channel. */
#include "helpers/engine.h"
#include <pthread.h>

static char heard[512];
static uint64_t timer;
static pinion_ref *ref;
static int destroyed;

static void note(const char *format, ...)
{
    va_list args;
    size_t len = strlen(heard);
    va_start(args, format);
    vsnprintf(heard + len, sizeof heard - len, format, args);
    va_end(args);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    note("%s%s%s%s;", info->topic ? info->topic : "", info->topic ? "/" : "", info->name,
         info->data ? (const char *)info->data : "");
    if (!info->data)
        assert_non_null(pinion_payload_tree(info->payload)); /* NULL is {} */
    return pinion_noreply();
}

static pinion_result timers(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 300, "c", NULL, NULL));
    ok(pinion_send_after(channel, 100, "a", NULL, NULL));
    ok(pinion_send_after(channel, 200, "b", pinion_json("[]"), &timer));
    ok(pinion_send_after(channel, 0, "now", NULL, NULL));
    assert_string_equal(heard, ""); /* never inside the callback */
    assert_int_equal(pinion_send_after(channel, 1, "x", pinion_json("nonsense"), NULL), PINION_EPAYLOAD);
    return pinion_noreply();
}

static pinion_result cancel(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    assert_true(pinion_cancel_timer(channel, timer));
    assert_false(pinion_cancel_timer(channel, timer));
    assert_false(pinion_cancel_timer(channel, 999));
    return pinion_noreply();
}

static pinion_result many(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    for (int i = 0; i < 1000; i++)
        ok(pinion_send_after(channel, 1000, "m", NULL, NULL));
    assert_int_equal(pinion_send_after(channel, 1000, "m", pinion_json("{}"), NULL), PINION_EBUSY);
    return pinion_noreply();
}

static pinion_result hear(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char topic[300];
    memset(topic, 'x', sizeof topic - 1);
    topic[sizeof topic - 1] = '\0';
    ok(pinion_subscribe(channel, "news"));
    ok(pinion_subscribe(channel, "news"));
    assert_int_equal(pinion_subscribe(channel, topic), PINION_ETOOBIG);
    return pinion_noreply();
}

static pinion_result unhear(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_unsubscribe(channel, "news");
    pinion_unsubscribe(channel, "news");
    return pinion_noreply();
}

static pinion_result take_ref(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_ref_free(ref);
    ref = pinion_ref_new(channel);
    assert_non_null(ref);
    return pinion_later();
}

static const pinion_channel_def channel_def = {
    .handle_in = PINION_CLAUSES({ "timers", timers }, { "cancel", cancel }, { "many", many },
                                { "hear", hear }, { "unhear", unhear }, { "ref", take_ref }),
    .handle_info = handle_info,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static pinion_test_client *client;

static int setup_info(void **state)
{
    int rc = setup(state);
    heard[0] = '\0';
    destroyed = 0;
    client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    return rc;
}

static int teardown_info(void **state)
{
    int rc = teardown(state);
    pinion_ref_free(ref);
    ref = NULL;
    return rc;
}

static void push(const char *event)
{
    ok(pinion_test_push(client, "room:a", event, NULL));
}

static void broadcast(const char *topic, const char *event)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, event, NULL));
    pinion_test_run(test);
}

/* ---- timers ---- */

static void timers_fire_in_their_order(void **state)
{
    push("timers");
    assert_string_equal(heard, "now;");
    pinion_test_advance(test, 99);
    assert_string_equal(heard, "now;");
    pinion_test_advance(test, 1);
    assert_string_equal(heard, "now;a;");
    push("cancel");
    pinion_test_advance(test, 1000);
    assert_string_equal(heard, "now;a;c;");
}

static void a_channels_end_takes_its_timers(void **state)
{
    push("timers");
    ok(pinion_test_leave(client, "room:a"));
    pinion_test_advance(test, 1000);
    assert_string_equal(heard, "now;");
}

static void a_thousand_timers_are_the_most(void **state)
{
    push("many");
    pinion_test_advance(test, 1000);
    assert_int_equal(strlen(heard), sizeof heard - 1); /* they all came, more than it holds */
}

/* ---- topics ---- */

static void another_topics_broadcasts_come_once_until_unsubscribed(void **state)
{
    push("hear");
    broadcast("news", "flash");
    assert_string_equal(heard, "news/flash;");
    expect_no_frame(client);
    push("unhear");
    broadcast("news", "flash");
    assert_string_equal(heard, "news/flash;");
}

static void a_channels_end_takes_its_subscriptions(void **state)
{
    push("hear");
    assert_int_equal(stats().topics, 2);
    ok(pinion_test_leave(client, "room:a"));
    assert_int_equal(stats().topics, 0);
    broadcast("news", "flash");
    assert_string_equal(heard, "");
}

/* ---- refs ---- */

static void destroy(void *data)
{
    destroyed++;
}

static void *send_from_a_thread(void *data)
{
    ok(pinion_ref_send(ref, "hello", pinion_json("{s:i}", "n", 1)));
    ok(pinion_ref_send_data(ref, "data", "!", destroy));
    return NULL;
}

static void a_ref_sends_from_any_thread(void **state)
{
    pthread_t thread;
    push("ref");
    assert_int_equal(pthread_create(&thread, NULL, send_from_a_thread, NULL), 0);
    pthread_join(thread, NULL);
    pinion_test_run(test);
    assert_string_equal(heard, "hello;data!;");
    assert_int_equal(destroyed, 1);
}

static void what_a_ref_sends_to_an_ended_channel_is_dropped(void **state)
{
    push("ref");
    ok(pinion_test_leave(client, "room:a"));
    ok(pinion_ref_send(ref, "hello", NULL));
    ok(pinion_ref_send_data(ref, "data", "!", destroy));
    pinion_test_run(test);
    assert_string_equal(heard, "");
    assert_int_equal(destroyed, 1);
}

static void a_reply_reaches_the_client_after_the_channel_left_not_after_the_socket(void **state)
{
    push("ref");
    ok(pinion_test_leave(client, "room:a"));
    ok(pinion_ref_reply(ref, "ok", pinion_json("[]")));
    expect_frame(client, "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"response\":[],\"status\":\"ok\"}]");
    ok(pinion_test_join(client, "room:a", NULL));
    push("ref");
    pinion_test_disconnect(client);
    ok(pinion_ref_reply(ref, "ok", pinion_json("[]")));
    expect_no_frame(client);
}

static void a_ref_outlives_the_endpoint(void **state)
{
    push("ref");
    teardown(state);
    assert_int_equal(pinion_ref_send(ref, "hello", pinion_json("{}")), PINION_ECLOSED);
    assert_int_equal(pinion_ref_send_data(ref, "data", "!", destroy), PINION_ECLOSED);
    assert_int_equal(pinion_ref_reply(ref, "ok", pinion_json("{}")), PINION_ECLOSED);
    assert_int_equal(pinion_ref_answer(ref, pinion_ok(pinion_json("{}"))), PINION_EINVAL);
    assert_int_equal(destroyed, 1);
    ok(setup(state));
}

static void bad_payloads_are_refused_and_consumed(void **state)
{
    push("ref");
    assert_int_equal(pinion_ref_send(ref, "x", pinion_json("nonsense")), PINION_EPAYLOAD);
    assert_int_equal(pinion_ref_reply(ref, "ok", pinion_json("nonsense")), PINION_EPAYLOAD);
    assert_int_equal(pinion_endpoint_broadcast(pinion_test_endpoint(test), "t", "e", pinion_json("nonsense")),
                     PINION_EPAYLOAD);
}

static void broadcast_from_leaves_the_refs_channel_out(void **state)
{
    pinion_test_client *other = connected(&socket_def);
    ok(pinion_test_join(other, "room:a", NULL));
    push("ref");
    ok(pinion_endpoint_broadcast_from(pinion_test_endpoint(test), ref, "room:a", "hey", NULL));
    expect_frame(other, "[null,null,\"room:a\",\"hey\",{}]");
    expect_no_frame(client);
}

/* ---- code that is no channel ---- */

static void hear_broadcast(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    note("%s|%s|%s;", topic, event, (const char *)data);
    assert_non_null(pinion_payload_tree(payload));
}

static void other_code_may_subscribe(void **state)
{
    pinion_subscription *subscription;
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), "news", hear_broadcast, "me", &subscription));
    broadcast("news", "one");
    broadcast("olds", "no");
    assert_string_equal(heard, "news|one|me;");
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "two", NULL));
    pinion_subscription_free(subscription, destroy); /* before it ran */
    pinion_test_run(test);
    assert_string_equal(heard, "news|one|me;");
    assert_int_equal(destroyed, 1);
    assert_int_equal(stats().topics, 1);
}

static void a_subscription_may_outlive_the_endpoint(void **state)
{
    pinion_subscription *subscription;
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), "news", hear_broadcast, "me", &subscription));
    teardown(state);
    pinion_subscription_free(subscription, destroy);
    assert_int_equal(destroyed, 1);
    ok(setup(state));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_info, teardown_info)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(timers_fire_in_their_order),
        T(a_channels_end_takes_its_timers),
        T(a_thousand_timers_are_the_most),
        T(another_topics_broadcasts_come_once_until_unsubscribed),
        T(a_channels_end_takes_its_subscriptions),
        T(a_ref_sends_from_any_thread),
        T(what_a_ref_sends_to_an_ended_channel_is_dropped),
        T(a_reply_reaches_the_client_after_the_channel_left_not_after_the_socket),
        T(a_ref_outlives_the_endpoint),
        T(bad_payloads_are_refused_and_consumed),
        T(broadcast_from_leaves_the_refs_channel_out),
        T(other_code_may_subscribe),
        T(a_subscription_may_outlive_the_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
