/* The test kit itself: what each of its functions answers, and that a failure says what was expected and
 * what was there. */
#include "helpers/engine.h"
#include <time.h>

static void free_ref(void *ref)
{
    pinion_ref_free(ref);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "room:never") == 0) {
        pinion_channel_set_state(channel, pinion_ref_new(channel), free_ref); /* could answer, and does not */
        return pinion_later();
    }
    if (strcmp(topic, "room:closed") == 0)
        return pinion_error(pinion_json("{s:s}", "reason", "closed today"));
    if (strcmp(topic, "room:binary") == 0)
        return pinion_ok(pinion_payload_binary("\1\2", 2));
    return pinion_ok(pinion_payload_ref(params));
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, "said", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result tick(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 10, "tick", NULL, NULL));
    ok(pinion_send_after(channel, 25, "tock", NULL, NULL));
    return pinion_noreply();
}

/* A clock that goes on by itself. */
static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    ok(pinion_push(channel, info->name, NULL));
    if (strcmp(info->name, "tick") == 0)
        ok(pinion_send_after(channel, 10, "tick", NULL, NULL));
    return pinion_noreply();
}

static const pinion_channel_def channel_def = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "say", say }, { "tick", tick }),
    .handle_info = handle_info,
};

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    if (pinion_payload_get(params, "never")) {
        pinion_socket_set_state(socket, pinion_ref_new_socket(socket), free_ref);
        return pinion_later();
    }
    return pinion_payload_get(params, "stranger") ? pinion_error(NULL) : pinion_ok(NULL);
}

static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }),
                                              .connect = connect };
static const pinion_socket_def bad_def = { .channels = PINION_ROUTES({ "a*b", &channel_def }) };

static pinion_test_client *client;

static int setup_joined(void **state)
{
    int rc = setup(state);
    client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    return rc;
}

static void check_detail(const char *detail, const char *part)
{
    if (!strstr(detail, part))
        fail_msg("\"%s\" does not say \"%s\"", detail, part);
}

static void broadcast(const char *topic, const char *event, pinion_payload *payload)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, event, payload));
}

/* ---- failures that are known at once ---- */

static void a_connect_that_fails_says_why(void **state)
{
    pinion_test_client *nobody = NULL;
    assert_int_equal(pinion_test_connect(test, &bad_def, NULL, "", &nobody), PINION_EINVAL);
    check_detail(pinion_error_detail(), "a*b");
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "%ff", &nobody), PINION_EPROTO);
    check_detail(pinion_error_detail(), "%ff");
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "stranger=1", &nobody), PINION_EACCES);
    check_detail(pinion_error_detail(), "stranger=1");
    assert_null(nobody);
    assert_int_equal(stats().sockets, 1);
}

static void a_refused_join_says_why(void **state)
{
    assert_int_equal(pinion_test_join(client, "room:closed", NULL), PINION_EACCES);
    check_detail(pinion_error_detail(), "room:closed");
    check_detail(pinion_error_detail(), "closed today");
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")),
                        "closed today");
    assert_int_equal(pinion_test_join(client, "elsewhere", NULL), PINION_EACCES);
    check_detail(pinion_error_detail(), "unmatched topic");
}

static void what_cannot_be_sent_is_not(void **state)
{
    pinion_test_client *v1 = NULL;
    assert_int_equal(pinion_test_push(client, "room:a", "echo", pinion_json("nonsense")), PINION_EPAYLOAD);
    check_detail(pinion_error_detail(), "echo on room:a");
    ok(pinion_test_connect(test, &socket_def, NULL, "vsn=1.0.0", &v1));
    assert_int_equal(pinion_test_push(v1, "room:a", "echo", pinion_payload_binary("x", 1)), PINION_ENOTSUP);
    assert_int_equal(pinion_test_expect_reply(v1, PINION_ENOTSUP, "ok", NULL), PINION_EINVAL);
    check_detail(pinion_error_detail(), "was not sent");
    pinion_test_disconnect(v1);
    assert_int_equal(pinion_test_push(v1, "room:a", "echo", NULL), PINION_ECLOSED);
}

static void a_pattern_must_be_json(void **state)
{
    assert_int_equal(pinion_test_expect_push(client, "room:a", "x", "{n:1}"), PINION_EINVAL);
    check_detail(pinion_error_detail(), "{n:1}");
    assert_int_equal(pinion_test_expect_broadcast(test, "room:a", "x", "nonsense"), PINION_EINVAL);
    check_detail(pinion_error_detail(), "nonsense");
}

static void a_refuted_push_that_came_is_shown(void **state)
{
    ok(pinion_test_push(client, "room:a", "say", pinion_json("{s:i}", "n", 1)));
    ok(pinion_test_refute_push(client, "room:b", NULL));
    ok(pinion_test_refute_push(client, "room:a", "other"));
    assert_int_equal(pinion_test_refute_push(client, "room:a", NULL), PINION_EBUSY);
    check_detail(pinion_error_detail(), "said on room:a: {\"n\":1}");
    broadcast("room:a", "bytes", pinion_payload_binary("\0", 1));
    assert_int_equal(pinion_test_refute_push(client, NULL, "bytes"), PINION_EBUSY);
    check_detail(pinion_error_detail(), "bytes on room:a: (binary)");
}

static void another_close_is_shown(void **state)
{
    bool binary;
    const char *bytes;
    size_t len;
    send_text(client, "garbage");
    assert_int_equal(pinion_test_expect_close(client, 1000), PINION_EPROTO);
    check_detail(pinion_error_detail(), "expected a close with 1000");
    check_detail(pinion_error_detail(), "closed with 1011");
    assert_int_equal(pinion_test_next_frame(client, &binary, &bytes, &len), PINION_ECLOSED);
    check_detail(pinion_error_detail(), "closed with 1011");
}

/* ---- what does not come ---- */

struct failing {
    int (*run)(pinion_test *own, pinion_test_client *someone);
    const char *expected;
    const char *there;
};

static int no_reply(pinion_test *own, pinion_test_client *someone)
{
    int ref = pinion_test_push(someone, "room:a", "say", pinion_json("{s:i}", "n", 1));
    return pinion_test_expect_reply(someone, ref, "ok", "{\"n\":2}");
}

static int no_push(pinion_test *own, pinion_test_client *someone)
{
    ok(pinion_test_push(someone, "room:a", "say", pinion_json("{s:i}", "n", 1)));
    return pinion_test_expect_push(someone, "room:a", "said", "{\"n\":2}");
}

static int no_push_at_all(pinion_test *own, pinion_test_client *someone)
{
    return pinion_test_expect_push(someone, NULL, "said", NULL);
}

static int no_close(pinion_test *own, pinion_test_client *someone)
{
    return pinion_test_expect_close(someone, 1002);
}

static int no_broadcast(pinion_test *own, pinion_test_client *someone)
{
    int rc = pinion_test_subscribe(own, "room:a");
    if (!rc)
        rc = pinion_endpoint_broadcast(pinion_test_endpoint(own), "room:a", "news", pinion_json("[i]", 7));
    return rc ? rc : pinion_test_expect_broadcast(own, "room:a", "news", "[8]");
}

static int no_frame(pinion_test *own, pinion_test_client *someone)
{
    bool binary;
    const char *bytes;
    size_t len;
    return pinion_test_next_frame(someone, &binary, &bytes, &len);
}

static int no_answer_to_a_join(pinion_test *own, pinion_test_client *someone)
{
    return pinion_test_join(someone, "room:never", NULL);
}

static int no_answer_to_a_connect(pinion_test *own, pinion_test_client *someone)
{
    return pinion_test_connect(own, &socket_def, NULL, "never=1", &someone);
}

static void what_does_not_come_is_said_with_what_did(void **state)
{
    static const struct failing all[] = {
        { no_reply, "a reply to message 2 ok {\"n\":2}", "[\"1\",null,\"room:a\",\"said\",{\"n\":1}]" },
        { no_push, "a push said {\"n\":2} on room:a", "[\"1\",null,\"room:a\",\"said\",{\"n\":1}]" },
        { no_push_at_all, "a push said", "nothing" },
        { no_close, "a close with 1002", "still open" },
        { no_broadcast, "a broadcast news [8] on room:a", "news [7] on room:a" },
        { no_frame, "a frame", "nothing" },
        { no_answer_to_a_join, "the answer to a join", "room:never" },
        { no_answer_to_a_connect, "the answer to a connect", "never=1" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        pinion_test_client *someone = NULL;
        pinion_test *own = NULL;
        ok(pinion_test_new(&own, NULL));
        ok(pinion_test_connect(own, &socket_def, NULL, "", &someone));
        ok(pinion_test_join(someone, "room:a", NULL));
        pinion_test_set_patience(own, 0);
        assert_int_equal(all[i].run(own, someone), PINION_ETIMEDOUT);
        check_detail(pinion_error_detail(), all[i].expected);
        check_detail(pinion_error_detail(), all[i].there);
        pinion_test_free(own);
    }
}

/* ---- patience ---- */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void an_expectation_waits_as_long_as_it_is_told(void **state)
{
    pinion_test_set_patience(test, 100);
    double since = now_s();
    assert_int_equal(pinion_test_expect_push(client, "room:a", "pong", NULL), PINION_ETIMEDOUT);
    assert_true(now_s() - since >= 0.099);
}
/* ---- what it meets ---- */

static void a_join_meets_its_reply(void **state)
{
    size_t len;
    ok(pinion_test_join(client, "room:b", pinion_json("{s:i}", "n", 3)));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "n")), 3);
    ok(pinion_test_join(client, "room:binary", NULL));
    assert_null(pinion_test_value(test));
    assert_memory_equal(pinion_test_bytes(test, &len), "\1\2", 2);
    assert_int_equal(len, 2);
    ok(pinion_test_leave(client, "room:binary"));
}

static void a_reply_is_found_by_its_ref_and_meets_its_response(void **state)
{
    size_t len;
    int first = pinion_test_push(client, "room:a", "echo", pinion_json("[i]", 1));
    int second =
        pinion_test_push(client, "room:a", "echo", pinion_json("{s:{s:i}, s:i}", "a", "b", 1, "c", 2));
    ok(pinion_test_expect_reply(client, second, NULL, "{\"a\":{\"b\":1}}")); /* more members may be there */
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "c")), 2);
    ok(pinion_test_expect_reply(client, first, "ok", "[1]"));
    assert_memory_equal(pinion_test_bytes(test, &len), "[1]", 3);
    int binary = pinion_test_push(client, "room:a", "echo", pinion_payload_binary("\0\1", 2));
    ok(pinion_test_expect_reply(client, binary, "ok", NULL));
    assert_null(pinion_test_value(test));
    assert_memory_equal(pinion_test_bytes(test, &len), "\0\1", 2);
}

static void the_first_push_that_matches_is_taken_and_others_stay(void **state)
{
    for (int n = 1; n <= 3; n++)
        ok(pinion_test_push(client, "room:a", "say", pinion_json("{s:i}", "n", n)));
    ok(pinion_test_expect_push(client, "room:a", "said", "{\"n\":2}"));
    ok(pinion_test_expect_push(client, "room:a", "said", NULL));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "n")), 1);
    assert_int_equal(pinion_test_frames(client), 1);
    ok(pinion_test_expect_push(client, NULL, NULL, "{\"n\":3}"));
    assert_int_equal(pinion_test_frames(client), 0);
}

static void a_v1_client_speaks_v1(void **state)
{
    pinion_test_client *v1 = NULL;
    ok(pinion_test_connect(test, &socket_def, NULL, "vsn=1.0.0", &v1));
    ok(pinion_test_join(v1, "room:a", pinion_json("{s:i}", "n", 1)));
    ok(pinion_test_expect_reply(v1, pinion_test_push(v1, "room:a", "echo", pinion_json("[]")), "ok", "[]"));
    ok(pinion_test_push(v1, "room:a", "say", NULL));
    ok(pinion_test_expect_push(v1, "room:a", "said", "{}"));
    ok(pinion_test_leave(v1, "room:a"));
}

static void broadcasts_are_kept_for_whoever_subscribed(void **state)
{
    broadcast("news", "early", NULL);
    ok(pinion_test_subscribe(test, "news"));
    broadcast("news", "one", pinion_json("{s:i}", "n", 1));
    broadcast("olds", "one", pinion_json("{s:i}", "n", 1));
    broadcast("news", "bytes", pinion_payload_binary("x", 1));
    ok(pinion_test_expect_broadcast(test, "news", "bytes", NULL));
    assert_null(pinion_test_value(test));
    ok(pinion_test_expect_broadcast(test, "news", "one", "{\"n\":1}"));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "n")), 1);
}

/* A timer that one timer sets fires in its place among the others. */
static void time_passes_step_by_step(void **state)
{
    static const char *const order[] = { "tick", "tick", "tock", "tick" };
    ok(pinion_test_push(client, "room:a", "tick", NULL));
    pinion_test_advance(test, 9);
    expect_no_frame(client);
    pinion_test_advance(test, 21);
    assert_int_equal(pinion_test_frames(client), 4);
    for (int i = 0; i < 4; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "[\"1\",null,\"room:a\",\"%s\",{}]", order[i]);
        expect_frame(client, expected);
    }
}

/* ---- life ---- */

static void everything_may_be_left_as_it_is_at_the_end(void **state)
{
    ok(pinion_test_subscribe(test, "news"));
    broadcast("news", "unheard", NULL);
    ok(pinion_test_push(client, "room:a", "tick", NULL));
    send_text(client, "[\"9\",\"9\",\"room:never\",\"phx_join\",{}]");
    send_text(client, "[null,\"10\",\"phoenix\",\"heartbeat\",{}]");
    pinion_test_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_joined, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_connect_that_fails_says_why),
        T(a_refused_join_says_why),
        T(what_cannot_be_sent_is_not),
        T(a_pattern_must_be_json),
        T(a_refuted_push_that_came_is_shown),
        T(another_close_is_shown),
        cmocka_unit_test(what_does_not_come_is_said_with_what_did),
        T(an_expectation_waits_as_long_as_it_is_told),
        T(a_join_meets_its_reply),
        T(a_reply_is_found_by_its_ref_and_meets_its_response),
        T(the_first_push_that_matches_is_taken_and_others_stay),
        T(a_v1_client_speaks_v1),
        T(broadcasts_are_kept_for_whoever_subscribed),
        T(time_passes_step_by_step),
        T(everything_may_be_left_as_it_is_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
