/* Answers that were promised by pinion_later(), and what becomes of them when nobody can give them any more.
 */
#include "helpers/engine.h"
#include <pthread.h>

static pinion_ref *kept[2];
static int kept_count;
static pinion_result done_result;

static void keep(pinion_ref *ref)
{
    assert_non_null(ref);
    kept[kept_count++] = ref;
}

static pinion_result promise_and_keep(pinion_channel *channel)
{
    keep(pinion_ref_new(channel));
    return pinion_later();
}

static void nothing(void *data)
{
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    return done_result;
}

static pinion_result work(pinion_channel *channel)
{
    ok(pinion_channel_work(channel, nothing, done, NULL));
    return pinion_later();
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "room:nobody") == 0)
        return pinion_later();
    if (strcmp(topic, "room:ref") == 0)
        return promise_and_keep(channel);
    return strcmp(topic, "room:work") == 0 ? work(channel) : pinion_ok(NULL);
}

/* The replies that were held, the later one first, each between pushes. */
static pinion_result release(pinion_channel *channel)
{
    ok(pinion_push(channel, "before", NULL));
    ok(pinion_ref_reply(kept[1], "ok", NULL));
    ok(pinion_push(channel, "between", NULL));
    ok(pinion_ref_reply(kept[0], "ok", NULL));
    ok(pinion_broadcast(channel, "after", NULL));
    return pinion_ok(NULL);
}

static pinion_result handle_in(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    if (strcmp(event, "nobody") == 0)
        return pinion_later();
    if (strcmp(event, "work") == 0)
        return work(channel);
    if (strcmp(event, "release") == 0)
        return release(channel);
    (void)promise_and_keep(channel);
    if (strcmp(event, "two") == 0)
        (void)promise_and_keep(channel);
    if (strcmp(event, "ref") == 0 || strcmp(event, "two") == 0)
        return pinion_later();
    if (strcmp(event, "unpromised") == 0)
        return pinion_noreply();
    ok(pinion_ref_reply(kept[0], "ok", NULL)); /* "replied": then a reply is returned too */
    return pinion_ok(pinion_json("i", 2));
}

static pthread_t freeing;

static void *free_ref(void *ref)
{
    pinion_ref_free(ref);
    return NULL;
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    if (!pinion_payload_get(params, "later"))
        return pinion_ok(NULL);
    if (pinion_payload_get(params, "ref"))
        assert_int_equal(pthread_create(&freeing, NULL, free_ref, pinion_ref_new_socket(socket)), 0);
    return pinion_later();
}

static const pinion_channel_def channel_def = { .join = join,
                                                .handle_in = PINION_CLAUSES({ "*", handle_in }) };
static const pinion_socket_def socket_def = { .connect = connect,
                                              .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static char logged[2000];

static void note(pinion_log_level level, const char *line, void *data)
{
    size_t len = strlen(logged);
    if (level >= PINION_LOG_WARNING)
        snprintf(logged + len, sizeof logged - len, "%s\n", line);
}

static pinion_test_client *client;

static int set_up(void **state)
{
    int rc = setup(state);
    pinion_log_set_function(note, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    logged[0] = '\0';
    kept_count = 0;
    client = connected(&socket_def);
    return rc;
}

static int tear_down(void **state)
{
    int rc = teardown(state);
    pinion_log_set_function(NULL, NULL);
    return rc;
}

static void give_up(void)
{
    while (kept_count > 0)
        pinion_ref_free(kept[--kept_count]);
    pinion_test_run(test);
}

#define NOBODY "nobody is left who could answer"

static void assert_logged(const char *first, const char *second)
{
    if (!strstr(logged, first) || !strstr(logged, second))
        fail_msg("logged: %s", logged);
}

static void send_join(const char *topic)
{
    char text[100];
    snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",{}]", topic);
    send_text(client, text);
}

#define CRASHED(topic)                                                                                       \
    "[\"1\",\"1\",\"" topic                                                                                  \
    "\",\"phx_reply\",{\"response\":{\"reason\":\"join crashed\"},\"status\":\"error\"}]"

/* ---- joins ---- */

static void a_join_that_nobody_can_answer_is_refused(void **state)
{
    send_join("room:nobody");
    expect_frame(client, CRASHED("room:nobody"));
    assert_logged("channel room:nobody: join", NOBODY);
}

/* The whole socket waited: it goes on. */
static void a_join_is_refused_when_its_last_ref_goes(void **state)
{
    send_join("room:ref");
    send_text(client, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    expect_no_frame(client);
    give_up();
    expect_frame(client, CRASHED("room:ref"));
    expect_frame(client, "[null,\"2\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    assert_logged("channel room:ref: join", NOBODY);
}

static void a_join_is_refused_when_its_work_says_nothing(void **state)
{
    done_result = pinion_noreply();
    send_join("room:work");
    while (pinion_test_frames(client) == 0)
        pinion_test_run(test);
    expect_frame(client, CRASHED("room:work"));
    assert_logged("channel room:work: join", NOBODY);
}

static void a_client_that_has_gone_is_owed_nothing(void **state)
{
    send_join("room:ref");
    pinion_test_disconnect(client);
    give_up();
    assert_string_equal(logged, "");
}

static void an_answer_keeps_the_promise(void **state)
{
    send_join("room:ref");
    ok(pinion_ref_answer(kept[0], pinion_ok(NULL)));
    give_up();
    expect_frame(client, "[\"1\",\"1\",\"room:ref\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    assert_string_equal(logged, "");
}

/* ---- connects ---- */

static void a_connect_that_nobody_can_answer_is_refused(void **state)
{
    pinion_test_client *other;
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "later=1", &other), PINION_EACCES);
    assert_logged("connect returned", NOBODY);
}

/* The kit waits for the answer, so another thread gives the ref up. */
static void a_connect_is_refused_when_its_last_ref_goes(void **state)
{
    pinion_test_client *other;
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "later=1&ref=1", &other), PINION_EACCES);
    pthread_join(freeing, NULL);
    assert_logged("connect returned", NOBODY);
}

/* ---- messages ---- */

static void push(const char *event)
{
    ok(pinion_test_join(client, "room:a", NULL));
    ok(pinion_test_push(client, "room:a", event, NULL));
}

static void a_reply_that_nobody_can_give_is_named(void **state)
{
    push("nobody");
    assert_logged("channel room:a: handle_in(nobody)", NOBODY);
    expect_no_frame(client);
}

static void a_reply_is_broken_when_the_last_ref_goes(void **state)
{
    push("two");
    pinion_ref_free(kept[--kept_count]);
    pinion_test_run(test);
    assert_string_equal(logged, "");
    give_up();
    assert_logged("channel room:a: handle_in(two)", NOBODY);
}

static void a_reply_is_broken_when_work_says_nothing(void **state)
{
    done_result = pinion_noreply();
    push("work");
    while (!logged[0])
        pinion_test_run(test);
    assert_logged("channel room:a: handle_in(work)", NOBODY);
}

static void works_reply_keeps_the_promise(void **state)
{
    done_result = pinion_ok(NULL);
    push("work");
    ok(pinion_test_expect_reply(client, 2, "ok", NULL));
    pinion_test_run(test);
    assert_string_equal(logged, "");
}

static void what_was_not_promised_is_not_missed(void **state)
{
    push("unpromised");
    give_up();
    assert_string_equal(logged, "");
}

#define OK(ref)       "[\"1\",\"" ref "\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"
#define PUSHED(event) "[\"1\",null,\"room:a\",\"" event "\",{}]"

static void send_event(const char *ref, const char *event)
{
    char text[100];
    snprintf(text, sizeof text, "[\"1\",\"%s\",\"room:a\",\"%s\",{}]", ref, event);
    send_text(client, text);
}

static void *reply_both(void *nothing_more)
{
    ok(pinion_ref_reply(kept[1], "ok", NULL));
    ok(pinion_ref_reply(kept[0], "ok", NULL));
    return NULL;
}

static void replies_that_were_held_come_in_the_order_they_are_given(void **state)
{
    send_join("room:a");
    expect_frame(client, OK("1"));
    send_event("2", "ref");
    send_event("3", "ref");
    send_event("4", "release");
    expect_frame(client, PUSHED("before"));
    expect_frame(client, OK("3"));
    expect_frame(client, PUSHED("between"));
    expect_frame(client, OK("2"));
    expect_frame(client, "[null,null,\"room:a\",\"after\",{}]");
    expect_frame(client, OK("4"));
    give_up();
}

static void and_from_another_thread_too(void **state)
{
    pthread_t thread;
    send_join("room:a");
    expect_frame(client, OK("1"));
    send_event("2", "ref");
    send_event("3", "ref");
    assert_int_equal(pthread_create(&thread, NULL, reply_both, NULL), 0);
    pthread_join(thread, NULL);
    expect_frame(client, OK("3"));
    expect_frame(client, OK("2"));
    give_up();
}

static void a_message_is_replied_to_once(void **state)
{
    push("two");
    ok(pinion_ref_reply(kept[0], "ok", NULL));
    assert_int_equal(pinion_ref_reply(kept[0], "ok", NULL), PINION_EINVAL);
    assert_int_equal(pinion_ref_reply(kept[1], "ok", pinion_json("{}")), PINION_EINVAL);
    assert_logged("channel room:a", "second reply");
    ok(pinion_test_expect_reply(client, 2, "ok", NULL));
    expect_no_frame(client);
    give_up();
}

static void a_reply_that_is_returned_comes_second(void **state)
{
    push("replied");
    expect_frame(client, "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_no_frame(client);
    assert_logged("channel room:a: handle_in(replied)", "has had one");
    give_up();
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_join_that_nobody_can_answer_is_refused),
        T(a_join_is_refused_when_its_last_ref_goes),
        T(a_join_is_refused_when_its_work_says_nothing),
        T(a_client_that_has_gone_is_owed_nothing),
        T(an_answer_keeps_the_promise),
        T(a_connect_that_nobody_can_answer_is_refused),
        T(a_connect_is_refused_when_its_last_ref_goes),
        T(a_reply_that_nobody_can_give_is_named),
        T(a_reply_is_broken_when_the_last_ref_goes),
        T(a_reply_is_broken_when_work_says_nothing),
        T(works_reply_keeps_the_promise),
        T(what_was_not_promised_is_not_missed),
        T(replies_that_were_held_come_in_the_order_they_are_given),
        T(and_from_another_thread_too),
        T(a_message_is_replied_to_once),
        T(a_reply_that_is_returned_comes_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
