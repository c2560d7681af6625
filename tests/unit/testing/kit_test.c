/* The test kit itself: what each of its functions answers, and that a failure says what was expected and
 * what was there. */
#include "helpers/engine.h"
#include <pthread.h>
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

static pinion_result crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

static pinion_ref *kept;

static pinion_result keep(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    kept = pinion_ref_new(channel);
    return pinion_later();
}

static const pinion_channel_def channel_def = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "say", say }, { "tick", tick }, { "crash", crash },
                                { "keep", keep }),
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
    check_detail(pinion_error_detail(), "the query of 3 bytes: it is malformed");
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "stranger=1", &nobody), PINION_EACCES);
    check_detail(pinion_error_detail(), "\"stranger\":\"1\"");
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
    check_detail(pinion_error_detail(), "bytes on room:a: (binary: 00)");
}

static void a_failure_shows_the_whole_value(void **state)
{
    char *text = calloc(1, 5001);
    memset(text, 'x', 5000);
    memcpy(text + 4996, "END!", 4);
    int ref = pinion_test_push(client, "room:a", "echo", pinion_json("{s:s}", "text", text));
    assert_int_equal(pinion_test_expect_reply(client, ref, "error", NULL), PINION_EPROTO);
    check_detail(pinion_error_detail(), "END!\"}");
    const char *whole = pinion_error_detail();
    assert_int_equal(pinion_test_expect_broadcast(test, "room:a", NULL, "nonsense"), PINION_EINVAL);
    assert_ptr_not_equal(pinion_error_detail(), whole); /* a shorter sentence takes its place */
    check_detail(pinion_error_detail(), "nonsense");
    free(text);
}

static void a_sentence_does_not_outlive_its_test(void **state)
{
    int ref = pinion_test_push(client, "room:a", "echo", pinion_json("{s:i}", "n", 7));
    assert_int_equal(pinion_test_expect_reply(client, ref, "error", NULL), PINION_EPROTO);
    pinion_test_free(test);
    test = NULL;
    check_detail(pinion_error_detail(), "\"n\":7"); /* its beginning is kept */
    *state = NULL;
}

static void expect_hidden(const char *name)
{
    check_detail(pinion_error_detail(), "[FILTERED]");
    check_detail(pinion_error_detail(), name);
    assert_null(strstr(pinion_error_detail(), "hunter2"));
}

static void no_failure_shows_a_secret(void **state)
{
    pinion_test_client *nobody;
    pinion_payload *secret = pinion_json("{s:{s:s}, s:i}", "user", "password", "hunter2", "n", 1);
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "stranger=1&token=hunter2", &nobody),
                     PINION_EACCES);
    expect_hidden("token");
    int ref = pinion_test_push(client, "room:a", "echo", pinion_payload_ref(secret));
    assert_int_equal(pinion_test_expect_reply(client, ref, "error", NULL), PINION_EPROTO);
    expect_hidden("password");
    broadcast("room:a", "news", pinion_payload_ref(secret));
    assert_int_equal(pinion_test_refute_push(client, "room:a", "news"), PINION_EBUSY);
    expect_hidden("password");
    ok(pinion_test_subscribe(test, "room:s"));
    broadcast("room:s", "news", secret);
    pinion_test_set_patience(test, 0);
    assert_int_equal(pinion_test_expect_broadcast(test, "room:s", "other", NULL), PINION_ETIMEDOUT);
    expect_hidden("password");
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

static int no_reply_of_any_status(pinion_test *own, pinion_test_client *someone)
{
    int ref = pinion_test_push(someone, "room:a", "tick", NULL);
    return pinion_test_expect_reply(someone, ref, NULL, NULL);
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

static int no_broadcast_at_all(pinion_test *own, pinion_test_client *someone)
{
    return pinion_test_expect_broadcast(own, NULL, NULL, NULL);
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
        { no_reply, "expected a reply ok {\"n\":2} to message 2; got",
          "[\"1\",null,\"room:a\",\"said\",{\"n\":1}]" },
        { no_reply_of_any_status, "expected a reply to message 2; got", "nothing" },
        { no_push, "expected a push said {\"n\":2} on room:a; got",
          "[\"1\",null,\"room:a\",\"said\",{\"n\":1}]" },
        { no_push_at_all, "expected a push said; got", "nothing" },
        { no_close, "a close with 1002", "still open" },
        { no_broadcast, "expected a broadcast news [8] on room:a; got", "news [7] on room:a" },
        { no_broadcast_at_all, "expected a broadcast; got", "nothing" },
        { no_frame, "a frame", "nothing" },
        { no_answer_to_a_join, "expected the answer to a join on room:never; got", "nothing" },
        { no_answer_to_a_connect, "the answer to a connect", "\"never\":\"1\"" },
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

/* With endless patience: a test that waits fails by its time limit. */
static void what_cannot_come_any_more_is_not_waited_for(void **state)
{
    pinion_test_set_patience(test, PINION_NEVER);
    int echoed = pinion_test_push(client, "room:a", "echo", pinion_json("{s:i}", "n", 1));
    assert_int_equal(pinion_test_expect_reply(client, echoed, "error", NULL), PINION_EPROTO);
    assert_int_equal(pinion_test_expect_reply(client, echoed, "ok", "{\"n\":2}"), PINION_EPROTO);
    check_detail(pinion_error_detail(), "expected a reply ok {\"n\":2} to message 2; got: [\"1\",\"2\",");
    ok(pinion_test_expect_reply(client, echoed, "ok", "{\"n\":1}"));

    int before = pinion_test_push(client, "room:a", "say", NULL);
    int crashing = pinion_test_push(client, "room:a", "crash", NULL);
    assert_int_equal(pinion_test_expect_reply(client, crashing, "ok", NULL), PINION_ECLOSED);
    check_detail(pinion_error_detail(),
                 "expected a reply ok to message 4, but its channel has crashed; got:");
    ok(pinion_test_expect_push(client, "room:a", "phx_error", NULL));
    assert_int_equal(pinion_test_expect_reply(client, before, NULL, NULL), PINION_ECLOSED);
    int after = pinion_test_push(client, "room:a", "echo", NULL);
    ok(pinion_test_expect_reply(client, after, "error", "{\"reason\":\"unmatched topic\"}"));

    send_text(client, "garbage");
    assert_int_equal(pinion_test_expect_push(client, "room:a", "news", NULL), PINION_ECLOSED);
    check_detail(pinion_error_detail(), "expected a push news on room:a, but the socket is closed; got:");
}

static void a_phx_error_that_was_taken_as_a_frame_counts_too(void **state)
{
    bool binary;
    const char *bytes;
    size_t len;
    ok(pinion_test_join(client, "room:b", NULL));
    pinion_test_set_patience(test, PINION_NEVER);
    int crashing = pinion_test_push(client, "room:a", "crash", NULL);
    ok(pinion_test_next_frame(client, &binary, &bytes, &len));
    assert_int_equal(pinion_test_expect_reply(client, crashing, "ok", NULL), PINION_ECLOSED);
    pinion_test_set_patience(test, 0);
    int elsewhere = pinion_test_push(client, "room:b", "say", NULL);
    assert_int_equal(pinion_test_expect_reply(client, elsewhere, NULL, NULL), PINION_ETIMEDOUT);
}

static void *answer(void *ref)
{
    ok(pinion_ref_reply(ref, "ok", pinion_json("{s:s}", "from", "a ref")));
    pinion_ref_free(ref);
    return NULL;
}

/* A ref belongs to the socket: its holder may answer when the channel has crashed. */
static void who_holds_a_ref_may_answer_after_a_crash(void **state)
{
    pthread_t thread;
    int held = pinion_test_push(client, "room:a", "keep", NULL);
    ok(pinion_test_push(client, "room:a", "crash", NULL));
    pinion_test_set_patience(test, 0);
    assert_int_equal(pinion_test_expect_reply(client, held, "ok", NULL), PINION_ETIMEDOUT);
    pinion_test_set_patience(test, PINION_NEVER);
    assert_int_equal(pthread_create(&thread, NULL, answer, kept), 0);
    ok(pinion_test_expect_reply(client, held, "ok", "{\"from\":\"a ref\"}"));
    pthread_join(thread, NULL);
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

/* An object in a pattern may have fewer members than what it matches, an array must have as many elements. */
static void a_pattern_reaches_into_objects_and_arrays(void **state)
{
    static const char value[] = "{\"ann\":{\"metas\":[{\"doing\":\"tea\",\"phx_ref\":\"F1\"},{\"phx_ref\":"
                                "\"F2\"}]},\"n\":[[1],null]}";
    static const char *const matching[] = {
        value,
        "{}",
        "{\"ann\":{\"metas\":[{\"doing\":\"tea\"},{}]}}",
        "{\"n\":[[1],null]}",
    };
    static const char *const others[] = {
        "{\"ann\":{\"metas\":[{\"doing\":\"tea\"}]}}",
        "{\"ann\":{\"metas\":[{\"doing\":\"tea\"},{},{}]}}",
        "{\"ann\":{\"metas\":[{},{\"doing\":\"tea\"}]}}",
        "{\"ann\":{\"metas\":{}}}",
        "{\"ann\":[]}",
        "{\"n\":[[],null]}",
        "{\"n\":[[1],{}]}",
        "{\"n\":[]}",
        "[]",
    };
    pinion_test_set_patience(test, 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int ref = pinion_test_push(client, "room:a", "echo", pinion_payload_text(value, sizeof value - 1));
        if (pinion_test_expect_reply(client, ref, "ok", others[i]) == 0)
            fail_msg("%s matches %s", others[i], value);
    }
    for (size_t i = 0; i < sizeof matching / sizeof matching[0]; i++) {
        int ref = pinion_test_push(client, "room:a", "echo", pinion_payload_text(value, sizeof value - 1));
        ok(pinion_test_expect_reply(client, ref, "ok", matching[i]));
    }
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
        T(a_failure_shows_the_whole_value),
        T(a_sentence_does_not_outlive_its_test),
        T(no_failure_shows_a_secret),
        T(another_close_is_shown),
        cmocka_unit_test(what_does_not_come_is_said_with_what_did),
        T(an_expectation_waits_as_long_as_it_is_told),
        T(what_cannot_come_any_more_is_not_waited_for),
        T(a_phx_error_that_was_taken_as_a_frame_counts_too),
        T(who_holds_a_ref_may_answer_after_a_crash),
        T(a_join_meets_its_reply),
        T(a_reply_is_found_by_its_ref_and_meets_its_response),
        T(a_pattern_reaches_into_objects_and_arrays),
        T(the_first_push_that_matches_is_taken_and_others_stay),
        T(a_v1_client_speaks_v1),
        T(broadcasts_are_kept_for_whoever_subscribed),
        T(time_passes_step_by_step),
        T(everything_may_be_left_as_it_is_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
