/* Joins where messages from other nodes come in by topic: the reply waits until they do. */
#include "engine/hub.h"
#include "helpers/engine.h"
#include "testing/kit.h"
#include <pinion/pubsub.h>

/* An adapter that confirms when the test says so. */
static struct fake {
    pinion_pubsub_adapter base;
    const pinion_pubsub_events *events;
    void *core;
    int status;
    char open[64];   /* topics subscribed to, in their order, a letter each */
    uint64_t ticket; /* the last */
} fake;

static const char *fake_id(const pinion_pubsub_adapter *adapter)
{
    return "here";
}

static int fake_start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core,
                      char *why, size_t why_size)
{
    fake.events = events;
    fake.core = core;
    return 0;
}

static int fake_broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return 0;
}

static int fake_subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    if (fake.status)
        return fake.status;
    assert_null(strchr(fake.open, topic[5])); /* never twice */
    strncat(fake.open, topic + 5, 1);
    fake.ticket = ticket;
    return 0;
}

static void fake_unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
    char *at = strchr(fake.open, topic[5]);
    assert_non_null(at);
    memmove(at, at + 1, strlen(at));
}

static void fake_end(pinion_pubsub_adapter *adapter)
{
}

static const pinion_pubsub_ops fake_ops = {
    .size = sizeof fake_ops,
    .name = "fake",
    .node_id = fake_id,
    .start = fake_start,
    .broadcast = fake_broadcast,
    .send = fake_broadcast,
    .subscribe = fake_subscribe,
    .unsubscribe = fake_unsubscribe,
    .stop = fake_end,
    .free = fake_end,
};

static void confirm(const char *topic, uint64_t ticket)
{
    fake.events->subscribed(fake.core, topic, ticket);
    pinion_test_run(test);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_payload_get(params, "no") ? pinion_error(NULL) : pinion_ok(pinion_json("{s:i}", "n", 1));
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    pinion_push(channel, "after", pinion_payload_ref(params));
    return pinion_noreply();
}

static pinion_ref *later;

static pinion_result join_later(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    later = pinion_ref_new(channel);
    return pinion_later();
}

/* Work that is done before the topic is confirmed. */
static void work(void *data)
{
}

static int done_status;

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    done_status = status;
    pinion_push(channel, "done", NULL);
    return pinion_stop(PINION_REASON_NORMAL);
}

static pinion_result join_with_work(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    assert_int_equal(pinion_channel_work(channel, work, done, NULL), 0);
    return join(channel, topic, params);
}

/* True when it is asked the second time: after the loop has taken what the worker posted. */
static bool was_woken(void *context)
{
    int *asked = context;
    return (*asked)++ > 0;
}

static void await_worker(void)
{
    int asked = 0;
    assert_true(pinion__test_await(test, was_woken, &asked));
}

static const pinion_channel_def work_room = { .join = join_with_work, .after_join = after_join };
static const pinion_channel_def room = { .join = join, .after_join = after_join };
static const pinion_channel_def late_room = { .join = join_later };
static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }, { "late:*", &late_room }, { "work:*", &work_room }),
};

static int begin(void **state)
{
    assert_int_equal(setup(state), 0);
    memset(&fake, 0, sizeof fake);
    fake.base.ops = &fake_ops;
    struct pinion_pubsub *pubsub = &pinion__hub_of(pinion_test_endpoint(test))->pubsub;
    assert_int_equal(pinion__pubsub_attach(pubsub, &fake.base), 0);
    return pinion__pubsub_start(pubsub);
}

static int finish(void **state)
{
    return teardown(state);
}

static void send_join(pinion_test_client *client, const char *topic)
{
    char text[128];
    snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",{\"p\":1}]", topic);
    send_text(client, text);
    pinion_test_run(test);
}

static void expect_joined(pinion_test_client *client, const char *topic)
{
    char text[160];
    snprintf(text, sizeof text,
             "[\"1\",\"1\",\"%s\",\"phx_reply\",{\"response\":{\"n\":1},\"status\":\"ok\"}]", topic);
    expect_frame(client, text);
    snprintf(text, sizeof text, "[\"1\",null,\"%s\",\"after\",{\"p\":1}]", topic);
    expect_frame(client, text);
}

static void broadcast(const char *topic)
{
    assert_int_equal(pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, "e", NULL), 0);
    pinion_test_run(test);
}

static void the_reply_waits_until_messages_come_in(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    send_join(client, "room:a");
    assert_string_equal(fake.open, "a");
    broadcast("room:a"); /* before the reply: not for it */
    expect_no_frame(client);
    confirm("room:a", fake.ticket);
    expect_joined(client, "room:a");
    broadcast("room:a");
    expect_frame(client, "[null,null,\"room:a\",\"e\",{}]");
    pinion_test_disconnect(client);
    pinion_test_run(test);
    assert_string_equal(fake.open, "");
}

static void all_who_wait_for_a_topic_are_answered(void **state)
{
    pinion_test_client *one = connected(&user_socket), *two = connected(&user_socket);
    pinion_test_client *other = connected(&user_socket);
    send_join(one, "room:a");
    uint64_t ticket = fake.ticket;
    send_join(two, "room:a");
    send_join(other, "room:b");
    assert_string_equal(fake.open, "ab");
    confirm("room:a", ticket);
    expect_joined(one, "room:a");
    expect_joined(two, "room:a");
    expect_no_frame(other);
    confirm("room:b", fake.ticket);
    expect_joined(other, "room:b");
}

static void a_topic_that_is_known_needs_no_wait(void **state)
{
    pinion_test_client *one = connected(&user_socket), *two = connected(&user_socket);
    send_join(one, "room:a");
    confirm("room:a", fake.ticket);
    expect_joined(one, "room:a");
    send_join(two, "room:a");
    expect_joined(two, "room:a");
    pinion_test_disconnect(one);
    pinion_test_run(test);
    assert_string_equal(fake.open, "a");
}

static void ignore(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
}

static void nor_does_one_that_was_confirmed_with_nobody_waiting(void **state)
{
    pinion_subscription *subscription = NULL;
    pinion_test_client *client = connected(&user_socket);
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), "room:a", ignore, NULL, &subscription));
    confirm("room:a", fake.ticket);
    send_join(client, "room:a");
    expect_joined(client, "room:a");
    pinion_subscription_free(subscription, NULL);
}

static void whoever_goes_while_waiting_leaves_nothing_behind(void **state)
{
    pinion_test_client *one = connected(&user_socket), *two = connected(&user_socket);
    send_join(one, "room:a");
    uint64_t old = fake.ticket;
    pinion_test_disconnect(one);
    pinion_test_run(test);
    assert_string_equal(fake.open, "");
    send_join(two, "room:a");
    assert_int_not_equal(fake.ticket, old);
    confirm("room:a", old); /* of the subscription that is over */
    expect_no_frame(two);
    confirm("room:a", fake.ticket);
    expect_joined(two, "room:a");
    confirm("room:nobody", 99);
}

static void a_refused_join_waits_for_nothing(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    send_text(client, "[\"1\",\"1\",\"room:a\",\"phx_join\",{\"no\":1}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"error\"}]");
    assert_string_equal(fake.open, "");
}

static void a_join_that_is_answered_later_waits_then(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    send_join(client, "late:a");
    assert_string_equal(fake.open, "");
    pinion_ref_answer(later, pinion_ok(NULL));
    pinion_test_run(test);
    assert_string_equal(fake.open, "a");
    expect_no_frame(client);
    pinion_ref_answer(later, pinion_error(NULL)); /* too late, and nothing else */
    pinion_ref_free(later);
    confirm("late:a", fake.ticket);
    expect_frame(client, "[\"1\",\"1\",\"late:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_no_frame(client);
}

static void work_that_is_done_meanwhile_comes_after_the_join(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    done_status = -1;
    send_join(client, "work:a");
    await_worker();
    assert_int_equal(done_status, -1);
    expect_no_frame(client);
    confirm("work:a", fake.ticket);
    assert_int_equal(done_status, 0);
    expect_joined(client, "work:a");
    expect_frame(client, "[\"1\",null,\"work:a\",\"done\",{}]");
    expect_frame(client, "[\"1\",\"1\",\"work:a\",\"phx_close\",{}]");
    expect_no_frame(client);
}

static void work_that_is_done_hears_of_a_client_that_went(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    done_status = -1;
    send_join(client, "work:a");
    await_worker();
    pinion_test_disconnect(client);
    pinion_test_run(test);
    assert_int_equal(done_status, PINION_ECLOSED);
    assert_string_equal(fake.open, "");
}

static void what_cannot_be_subscribed_cannot_be_joined(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    fake.status = PINION_ENOMEM;
    send_join(client, "room:a");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_reply\","
                         "{\"response\":{\"reason\":\"join crashed\"},\"status\":\"error\"}]");
    fake.status = 0;
    send_join(client, "room:a");
    confirm("room:a", fake.ticket);
    expect_joined(client, "room:a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_reply_waits_until_messages_come_in),
        TEST(all_who_wait_for_a_topic_are_answered),
        TEST(a_topic_that_is_known_needs_no_wait),
        TEST(nor_does_one_that_was_confirmed_with_nobody_waiting),
        TEST(whoever_goes_while_waiting_leaves_nothing_behind),
        TEST(a_refused_join_waits_for_nothing),
        TEST(a_join_that_is_answered_later_waits_then),
        TEST(work_that_is_done_meanwhile_comes_after_the_join),
        TEST(work_that_is_done_hears_of_a_client_that_went),
        TEST(what_cannot_be_subscribed_cannot_be_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
