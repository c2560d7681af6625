/* Calls, on the test kit's clock: each ends exactly once, and is told where its caller said. */
#include "helpers/actor.h"
#include <pthread.h>

static void each_end(void **state)
{
    static const struct {
        const char *call;
        const char *expected;
    } cases[] = {
        { "echo", "call(echo) answered(ok {\"n\":1}) " },
        { "refuse", "call(refuse) answered(error {\"reason\":\"no\"}) " },
        { "now", "call(now) answered(ok 1) " },
        { "twice", "call(twice) answered(ok {}) " },
        { "later", "call(later) ended(PINION_ECLOSED) " },   /* nobody could answer */
        { "forget", "call(forget) ended(PINION_ECLOSED) " }, /* the same */
        { "stop", "call(stop) end(normal) destroyed(a) ended(PINION_ECLOSED) " },
        { "bye", "call(bye) end(shutdown) destroyed(a) answered(ok {\"bye\":1}) " },
        { "crash", "call(crash) end(crash) destroyed(a) ended(PINION_ECLOSED) " },
        { "poison", "call(poison) end(crash) destroyed(a) ended(PINION_ECLOSED) " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pinion_actor_ref *ref = opened("a");
        pinion_test_run(test);
        story[0] = '\0';
        called(ref, cases[i].call);
        expect_told(cases[i].expected);
        pinion_test_advance(test, 10000);
        expect_told("");
        ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
        pinion_test_run(test);
        pinion_actor_ref_free(ref);
    }
}

static void an_answer_may_come_later(void **state)
{
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    pinion_test_advance(test, 4999);
    expect_told("init(a) call(keep) ");
    ok(pinion_call_answer(kept_call, pinion_ok(pinion_json("i", 7))));
    assert_int_equal(pinion_call_answer(kept_call, pinion_ok(NULL)), PINION_EINVAL);
    pinion_test_advance(test, 10000);
    expect_told("answered(ok 7) ");
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

static void a_status_may_be_long(void **state)
{
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    pinion_test_run(test);
    ok(pinion_call_answer(kept_call, pinion_reply("a status that is longer than others", NULL)));
    expect_told("init(a) call(keep) answered(a status that is longer than others {}) ");
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

static void *answer_it(void *data)
{
    ok(pinion_call_answer(kept_call, pinion_reply("fine", pinion_json("i", 8))));
    pinion_call_unref(kept_call);
    return NULL;
}

static void an_answer_may_come_from_another_thread(void **state)
{
    pthread_t thread;
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    expect_told("init(a) call(keep) ");
    assert_int_equal(pthread_create(&thread, NULL, answer_it, NULL), 0);
    pthread_join(thread, NULL);
    expect_told("answered(fine 8) ");
    pinion_actor_ref_free(ref);
}

static void without_an_answer_the_time_ends_it(void **state)
{
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    pinion_test_advance(test, 4999);
    expect_told("init(a) call(keep) ");
    pinion_test_advance(test, 1);
    expect_told("ended(PINION_ETIMEDOUT) ");
    assert_int_equal(pinion_call_answer(kept_call, pinion_ok(NULL)), PINION_ECLOSED);
    pinion_call_unref(kept_call);
    ok(try_call(ref, "keep", 30));
    pinion_test_advance(test, 30);
    expect_told("call(keep) ended(PINION_ETIMEDOUT) ");
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

static void one_that_nobody_keeps_any_more_ends(void **state)
{
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    expect_told("init(a) call(keep) ");
    pinion_call_unref(pinion_call_ref(kept_call));
    expect_told("");
    pinion_call_unref(kept_call);
    expect_told("ended(PINION_ECLOSED) ");
    pinion_actor_ref_free(ref);
}

static void the_end_of_the_actor_ends_those_it_kept(void **state)
{
    pinion_actor_ref *ref = opened("a");
    called(ref, "keep");
    pinion_test_run(test);
    pinion_call *first = kept_call;
    called(ref, "keep");
    sent(ref, "crash");
    expect_told("init(a) call(keep) call(keep) info(crash) end(crash) destroyed(a) ended(PINION_ECLOSED) "
                "ended(PINION_ECLOSED) ");
    pinion_call_unref(first);
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

static void a_full_mailbox_is_busy(void **state)
{
    static const pinion_actor_def small = { .handle_call = actor_call,
                                            .handle_info = actor_info,
                                            .max_mailbox = 2000 };
    pinion_actor_ref *ref = opened_as("a", &small);
    int count = 0, rc;
    while ((rc = pinion_actor_send(ref, "a", NULL)) == 0)
        assert_true(++count < 100);
    assert_int_equal(rc, PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "max_mailbox"));
    assert_int_equal(try_call(ref, "echo", 0), PINION_EBUSY);
    pinion_test_run(test);
    assert_int_equal(stats().actor_busy, 2);
    story[0] = '\0';
    called(ref, "echo");
    expect_told("call(echo) answered(ok {\"n\":1}) ");
    assert_int_equal(pinion_actor_send(ref, "a", pinion_json("s%", story, 0)), 0);
    pinion_actor_ref_free(ref);
}

static void what_cannot_be_called_is_refused(void **state)
{
    pinion_actor_ref *ref = opened("a");
    assert_int_equal(pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .timeout_ms = 1 }),
                     PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "one of done, reply and request"));
    assert_int_equal(pinion_actor_call(ref, "echo", pinion_json("no format"),
                                       &(pinion_call_options){ .done = call_ended }),
                     PINION_EPAYLOAD);
    assert_int_equal(pinion_actor_send(ref, "a", pinion_json("no format")), PINION_EPAYLOAD);
    called(ref, "keep");
    pinion_test_run(test);
    assert_int_equal(pinion_call_answer(kept_call, pinion_noreply()), PINION_EINVAL);
    assert_int_equal(pinion_call_answer(kept_call, pinion_ok(pinion_json("no format"))), PINION_EPAYLOAD);
    assert_int_equal(pinion_call_answer(kept_call, pinion_reply("\xff", NULL)), PINION_EUTF8);
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

/* ---- of a channel ---- */

static pinion_actor_ref *asked;

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_actor_later(channel, asked, topic + 5, pinion_payload_ref(params), 100);
}

static pinion_result ask(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_actor_later(channel, asked, event, pinion_payload_ref(payload), 100);
}

static const pinion_channel_def room = { .join = join, .handle_in = PINION_CLAUSES({ "*", ask }) };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void a_join_and_a_message_are_answered(void **state)
{
    asked = opened("a");
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:echo", pinion_json("{s:i}", "n", 3)));
    assert_int_equal(pinion_test_join(client, "room:refuse", NULL), PINION_EACCES);
    int ref = pinion_test_push(client, "room:echo", "echo", pinion_json("{s:i}", "n", 4));
    ok(pinion_test_expect_reply(client, ref, "ok", "{\"n\":4}"));
    ref = pinion_test_push(client, "room:echo", "refuse", NULL);
    ok(pinion_test_expect_reply(client, ref, "error", "{\"reason\":\"no\"}"));
    pinion_actor_ref_free(asked);
}

static void a_client_hears_why_there_is_no_answer(void **state)
{
    asked = opened("a");
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:echo", NULL));
    int ref = pinion_test_push(client, "room:echo", "keep", NULL);
    pinion_test_advance(test, 100);
    ok(pinion_test_expect_reply(client, ref, "error", "{\"reason\":\"timeout\"}"));
    pinion_call_unref(kept_call);
    ref = pinion_test_push(client, "room:echo", "crash", NULL);
    ok(pinion_test_expect_reply(client, ref, "error", "{\"reason\":\"closed\"}"));
    ref = pinion_test_push(client, "room:echo", "echo", NULL);
    ok(pinion_test_expect_reply(client, ref, "error", "{\"reason\":\"closed\"}"));
    pinion_actor_ref_free(asked);
}

static pinion_result join_behind_another(pinion_channel *channel, const char *topic,
                                         const pinion_payload *params)
{
    ok(pinion_actor_send(asked, "first", NULL)); /* it is larger than the mailbox, and alone */
    return pinion_actor_later(channel, asked, "echo", NULL, 0);
}

static const pinion_channel_def behind = { .join = join_behind_another };
static const pinion_socket_def busy = { .channels = PINION_ROUTES({ "room:*", &behind }) };

static void a_client_hears_that_it_is_busy(void **state)
{
    static const pinion_actor_def small = { .handle_call = actor_call,
                                            .handle_info = actor_info,
                                            .max_mailbox = 1 };
    asked = opened_as("a", &small);
    pinion_test_client *client = connected(&busy);
    assert_int_equal(pinion_test_join(client, "room:echo", NULL), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")), "busy");
    pinion_actor_ref_free(asked);
}

/* ---- of a request ---- */

static void ask_by_http(pinion_request *request, void *context)
{
    pinion_call_options options = { .timeout_ms = 100, .request = pinion_request_ref_new(request) };
    ok(pinion_actor_call(asked, pinion_request_path_param(request, "call"), NULL, &options));
}

static void a_request_is_answered(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *body;
    } cases[] = {
        { "/now", 200, "1" },
        { "/refuse", 422, "{\"reason\":\"no\"}" },
        { "/keep", 504, "{\"reason\":\"timeout\"}" },
        { "/crash", 503, "{\"reason\":\"closed\"}" },
    };
    asked = opened("a");
    ok(pinion_endpoint_http(pinion_test_endpoint(test), "GET", "/:call", ask_by_http, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pinion_test_answer *answer;
        ok(pinion_test_http(test, "GET", cases[i].path, NULL, &answer));
        pinion_test_advance(test, 100);
        ok(pinion_test_expect_status(answer, cases[i].status));
        ok(pinion_test_expect_body(answer, cases[i].body));
    }
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACTOR_TEST(each_end),
        ACTOR_TEST(an_answer_may_come_later),
        ACTOR_TEST(a_status_may_be_long),
        ACTOR_TEST(an_answer_may_come_from_another_thread),
        ACTOR_TEST(without_an_answer_the_time_ends_it),
        ACTOR_TEST(one_that_nobody_keeps_any_more_ends),
        ACTOR_TEST(the_end_of_the_actor_ends_those_it_kept),
        ACTOR_TEST(a_full_mailbox_is_busy),
        ACTOR_TEST(what_cannot_be_called_is_refused),
        ACTOR_TEST(a_join_and_a_message_are_answered),
        ACTOR_TEST(a_client_hears_why_there_is_no_answer),
        ACTOR_TEST(a_client_hears_that_it_is_busy),
        ACTOR_TEST(a_request_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
