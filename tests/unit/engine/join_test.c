/* Joining: at once and later, refused, crashed, twice; and what waits meanwhile. */
#include "helpers/engine.h"
#include "helpers/shout.h"
#include <pthread.h>

static pinion_ref *late;        /* of the join that waits */
static pinion_result next_join; /* what join returns for room:given */
static int push_in_join, broadcast_in_join;
static int terminated, destroyed;
static pinion_reason reason;

static void destroy(void *state)
{
    destroyed++;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_channel_set_state(channel, &late, destroy);
    if (strcmp(topic, "room:later") == 0) {
        pinion_ref_free(late);
        late = pinion_ref_new(channel);
        assert_non_null(late);
        return pinion_later();
    }
    if (strcmp(topic, "room:pushes") == 0) {
        push_in_join = pinion_push(channel, "early", NULL);
        broadcast_in_join = pinion_broadcast(channel, "early", NULL);
        return pinion_ok(NULL);
    }
    return strcmp(topic, "room:given") == 0 ? next_join : pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    pinion_push(channel, "welcome", pinion_payload_ref(params));
    return pinion_noreply();
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static void terminate(pinion_channel *channel, pinion_reason why)
{
    terminated++;
    reason = why;
    pinion_push(channel, "bye", NULL);
}

static const pinion_channel_def channel_def = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "echo", echo }),
    .terminate = terminate,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static int setup_join(void **state)
{
    terminated = destroyed = 0;
    return setup(state);
}

static int teardown_join(void **state)
{
    pinion_ref_free(late);
    late = NULL;
    return teardown(state);
}

/* ---- at once ---- */

static void the_reply_comes_before_what_after_join_pushes(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:a\",\"phx_join\",{\"x\":1}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"welcome\",{\"x\":1}]");
    expect_no_frame(client);
}

static void push_and_broadcast_are_refused_in_join(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:pushes", NULL));
    assert_int_equal(push_in_join, PINION_ENOTJOINED);
    assert_int_equal(broadcast_in_join, PINION_ENOTJOINED);
    ok(pinion_test_refute_push(client, "room:pushes", "early"));
}

static void refused_with(pinion_result result, const char *why)
{
    pinion_test_client *client = connected(&socket_def);
    next_join = result;
    assert_int_equal(pinion_test_join(client, "room:given", NULL), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")), why);
    assert_int_equal(terminated, 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(stats().channels, 0);
    destroyed = 0;
}

static void a_refusal_gives_its_reason(void **state)
{
    refused_with(pinion_error(pinion_json("{s:s}", "reason", "full")), "full");
    refused_with(pinion_reply("maybe", pinion_json("{s:s}", "reason", "odd")), "odd");
}

static void whatever_is_no_answer_is_a_crash(void **state)
{
    refused_with(pinion_crash(), "join crashed");
    refused_with(pinion_noreply(), "join crashed");
    refused_with(pinion_stop(PINION_REASON_NORMAL), "join crashed");
    refused_with(pinion_ok(pinion_json("{s:s}", "oops", NULL)), "join crashed");
    refused_with(pinion_error(pinion_json("nonsense")), "join crashed");
}

static void a_binary_reply_for_a_v1_client_is_a_crash(void **state)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, &socket_def, NULL, "vsn=1.0.0", &client));
    next_join = pinion_ok(pinion_payload_binary("x", 1));
    assert_int_equal(pinion_test_join(client, "room:given", NULL), PINION_EACCES);
    assert_int_equal(stats().channels, 0);
}

/* ---- later ---- */

static void *answer_ok(void *data)
{
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{s:i}", "seats", 3))));
    return NULL;
}

static void a_late_answer_may_come_from_another_thread(void **state)
{
    pthread_t thread;
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{\"x\":1}]");
    expect_no_frame(client);
    assert_int_equal(pthread_create(&thread, NULL, answer_ok, NULL), 0);
    expect_frame(client,
                 "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{\"seats\":3},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:later\",\"welcome\",{\"x\":1}]");
    pthread_join(thread, NULL);
}

static void later_frames_wait_behind_a_join_in_order(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    send_text(client, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    send_text(client, "[\"1\",\"3\",\"room:later\",\"echo\",3]");
    send_text(client, "[\"4\",\"4\",\"room:other\",\"phx_join\",{}]");
    expect_no_frame(client);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:later\",\"welcome\",{}]");
    expect_frame(client, "[null,\"2\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"3\",\"room:later\",\"phx_reply\",{\"response\":3,\"status\":\"ok\"}]");
    expect_frame(client, "[\"4\",\"4\",\"room:other\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

static void only_the_first_answer_counts(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    ok(pinion_ref_answer(late, pinion_error(pinion_json("{s:s}", "reason", "no"))));
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))));
    expect_frame(
        client,
        "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{\"reason\":\"no\"},\"status\":\"error\"}]");
    expect_no_frame(client);
    assert_int_equal(destroyed, 1);
    assert_int_equal(terminated, 0);
}

static void an_answer_that_is_later_again_is_none(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    assert_int_equal(pinion_ref_answer(late, pinion_later()), PINION_EINVAL);
    assert_int_equal(pinion_ref_answer(late, pinion_noreply()), PINION_EINVAL);
    expect_no_frame(client);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

static void a_leave_waits_for_the_join(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    send_text(client, "[\"1\",\"2\",\"room:later\",\"phx_leave\",{}]");
    expect_no_frame(client);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:later\",\"welcome\",{}]");
    expect_frame(client, "[\"1\",\"2\",\"room:later\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_close\",{}]");
    assert_int_equal(reason, PINION_REASON_LEFT);
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{}")))); /* after the channel */
    pinion_test_run(test);
    assert_int_equal(destroyed, 1);
    assert_int_equal(stats().channels, 0);
}

static pinion_ref *joining;

static pinion_result join_slowly(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    joining = pinion_ref_new(channel);
    return pinion_later();
}

static const pinion_channel_def slow = { .join = join_slowly,
                                         .handle_in = PINION_CLAUSES({ "shout", shout }),
                                         .handle_out = PINION_CLAUSES({ "shouted", pass_on }) };
static const pinion_socket_def slow_socket = { .channels = PINION_ROUTES({ "slow", &slow }) };

/* Frames that waited come from the run queue, where nothing else can run between two of them. */
static void what_a_frame_that_waited_causes_comes_before_the_next(void **state)
{
    pinion_test_client *client = connected(&slow_socket);
    send_text(client, "[\"1\",\"1\",\"slow\",\"phx_join\",{}]");
    send_text(client, "[\"1\",\"2\",\"slow\",\"shout\",2]");
    send_text(client, "[\"1\",\"3\",\"slow\",\"shout\",3]");
    send_text(client, "[\"1\",\"4\",\"slow\",\"phx_leave\",{}]");
    ok(pinion_ref_answer(joining, pinion_ok(NULL)));
    pinion_ref_free(joining);
    pinion_test_run(test);
    expect_frame(client, "[\"1\",\"1\",\"slow\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"slow\",\"shouted\",2]");
    expect_frame(client, "[\"1\",null,\"slow\",\"shouted\",3]");
    expect_frame(client, "[\"1\",\"4\",\"slow\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"slow\",\"phx_close\",{}]");
}

static void late_answers_crash_as_others_do(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("nonsense"))));
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_reply\",{\"response\":{\"reason\":\"join "
                         "crashed\"},\"status\":\"error\"}]");
    assert_int_equal(destroyed, 1);
    assert_int_equal(terminated, 0);
}

static void an_answer_after_the_endpoint_is_consumed(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    teardown(state);
    assert_int_equal(destroyed, 1);
    assert_int_equal(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))), PINION_ECLOSED);
    ok(setup(state));
}

static void a_socket_that_goes_takes_its_pending_join_along(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    pinion_test_disconnect(client);
    assert_int_equal(destroyed, 1);
    assert_int_equal(terminated, 0);
    assert_int_equal(stats().channels, 0);
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))));
    pinion_test_run(test);
    assert_int_equal(stats().sockets, 0);
}

static void a_ref_of_another_callback_answers_nothing(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    assert_int_equal(pinion_ref_reply(late, "ok", pinion_json("{}")), PINION_EINVAL);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
}

/* ---- twice ---- */

static void a_second_join_closes_the_first_after_its_reply(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    ok(pinion_test_expect_push(client, "room:a", "welcome", NULL));
    send_text(client, "[\"7\",\"7\",\"room:a\",\"phx_join\",{}]");
    expect_frame(client, "[\"7\",\"7\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]");
    expect_frame(client, "[\"7\",null,\"room:a\",\"welcome\",{}]");
    expect_no_frame(client);
    assert_int_equal(terminated, 1);
    assert_int_equal(reason, PINION_REASON_DUPLICATE);
    assert_int_equal(destroyed, 1);
}

static void a_second_join_that_is_refused_closes_the_first_too(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    next_join = pinion_ok(NULL);
    ok(pinion_test_join(client, "room:given", NULL));
    ok(pinion_test_expect_push(client, "room:given", "welcome", NULL));
    next_join = pinion_error(NULL);
    send_text(client, "[\"7\",\"7\",\"room:given\",\"phx_join\",{}]");
    expect_frame(client, "[\"7\",\"7\",\"room:given\",\"phx_reply\",{\"response\":{},\"status\":\"error\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:given\",\"phx_close\",{}]");
    assert_int_equal(stats().channels, 0);
}

static void a_second_join_answered_later_closes_the_first_then(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:later\",\"phx_join\",{}]");
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    ok(pinion_test_expect_push(client, "room:later", "welcome", NULL));
    ok(pinion_test_expect_reply(client, 1, "ok", NULL));
    send_text(client, "[\"7\",\"7\",\"room:later\",\"phx_join\",{}]");
    expect_no_frame(client);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    expect_frame(client, "[\"7\",\"7\",\"room:later\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:later\",\"phx_close\",{}]");
    expect_frame(client, "[\"7\",null,\"room:later\",\"welcome\",{}]");
}

static void the_limit_of_channels_counts_a_rejoin_once(void **state)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, &socket_def, &(pinion_socket_options){ .max_channels = 2 }, "", &client));
    ok(pinion_test_join(client, "room:a", NULL));
    ok(pinion_test_join(client, "room:b", NULL));
    assert_int_equal(pinion_test_join(client, "room:c", NULL), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")),
                        "too many channels joined");
    ok(pinion_test_join(client, "room:a", NULL));
    ok(pinion_test_leave(client, "room:b"));
    ok(pinion_test_join(client, "room:c", NULL));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_join, teardown_join)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_reply_comes_before_what_after_join_pushes),
        T(push_and_broadcast_are_refused_in_join),
        T(a_refusal_gives_its_reason),
        T(whatever_is_no_answer_is_a_crash),
        T(a_binary_reply_for_a_v1_client_is_a_crash),
        T(a_late_answer_may_come_from_another_thread),
        T(later_frames_wait_behind_a_join_in_order),
        T(only_the_first_answer_counts),
        T(an_answer_that_is_later_again_is_none),
        T(a_leave_waits_for_the_join),
        T(late_answers_crash_as_others_do),
        T(what_a_frame_that_waited_causes_comes_before_the_next),
        T(an_answer_after_the_endpoint_is_consumed),
        T(a_socket_that_goes_takes_its_pending_join_along),
        T(a_ref_of_another_callback_answers_nothing),
        T(a_second_join_closes_the_first_after_its_reply),
        T(a_second_join_that_is_refused_closes_the_first_too),
        T(a_second_join_answered_later_closes_the_first_then),
        T(the_limit_of_channels_counts_a_rejoin_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
