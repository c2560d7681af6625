/* Refs where info_test.c leaves off: what they were made for, what happens to what they carry, and many
 * threads at once. */
#include "helpers/engine.h"
#include <pthread.h>
#include <stdatomic.h>

static pinion_ref *ref;
static atomic_int destroyed;
static int infos, terminated;

static void destroy(void *data)
{
    atomic_fetch_add(&destroyed, 1);
}

static void keep(pinion_channel *channel)
{
    pinion_ref_free(ref);
    ref = pinion_ref_new(channel);
    assert_non_null(ref);
}

static pinion_result keep_ref(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    keep(channel);
    return pinion_later();
}

static pinion_result keep_ref_in_info(pinion_channel *channel, const char *event,
                                      const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 0, "keep", NULL, NULL));
    return pinion_noreply();
}

/* Holds the worker until the test lets it go. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void work(void *data)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    return pinion_noreply();
}

static pinion_result be_busy(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    keep(channel);
    ok(pinion_channel_work(channel, work, done, NULL));
    ok(pinion_ref_send_data(ref, "data", &destroyed, destroy));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    infos++;
    if (strcmp(info->name, "keep") == 0)
        keep(channel);
    if (info->data) {
        assert_null(info->payload);
        assert_ptr_equal(info->data, &destroyed);
        assert_int_equal(atomic_load(&destroyed), 0); /* after the callback */
    }
    return strcmp(info->name, "crash") == 0 ? pinion_crash() : pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    terminated++;
    keep(channel);
}

/* Replies first, then sends: the client gets them so. */
static pinion_result reply_first(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    keep(channel);
    ok(pinion_ref_reply(ref, "ok", pinion_json("{}")));
    ok(pinion_push(channel, "a", NULL));
    ok(pinion_broadcast(channel, "b", NULL));
    return pinion_noreply();
}

static const pinion_channel_def channel_def = {
    .handle_in = PINION_CLAUSES({ "reply_first", reply_first }, { "ref", keep_ref },
                                { "info", keep_ref_in_info }, { "busy", be_busy }),
    .handle_info = handle_info,
    .terminate = terminate,
};
static const pinion_channel_def deaf_def = {
    .handle_in = PINION_CLAUSES({ "ref", keep_ref }),
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def },
                                                                        { "deaf", &deaf_def }) };

static pinion_test_client *client;

static int setup_ref(void **state)
{
    int rc = setup(state);
    infos = terminated = 0;
    atomic_store(&destroyed, 0);
    client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    return rc;
}

static int teardown_ref(void **state)
{
    int rc = teardown(state);
    pinion_ref_free(ref);
    ref = NULL;
    return rc;
}

static void push(const char *topic, const char *event)
{
    ok(pinion_test_push(client, topic, event, NULL));
}

/* ---- what it was made for ---- */

static void a_ref_made_for_no_message_replies_to_none(void **state)
{
    push("room:a", "info");
    assert_int_equal(pinion_ref_reply(ref, "ok", pinion_json("{}")), PINION_EINVAL);
    assert_int_equal(pinion_ref_answer(ref, pinion_ok(pinion_json("{}"))), PINION_EINVAL);
    ok(pinion_ref_send(ref, "hello", NULL));
    pinion_test_run(test);
    assert_int_equal(infos, 2);
    pinion_ref_free(NULL);
}

static void a_reply_may_have_any_status_and_kind(void **state)
{
    push("room:a", "ref");
    ok(pinion_ref_reply(ref, "perhaps", pinion_payload_binary("\1", 1)));
    ok(pinion_test_expect_reply(client, 2, "perhaps", NULL));
}

static void a_reply_made_in_a_callback_keeps_its_place(void **state)
{
    push("room:a", "reply_first");
    expect_frame(client, "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"a\",{}]");
    expect_frame(client, "[null,null,\"room:a\",\"b\",{}]");
    push("room:a", "ref");
    ok(pinion_ref_reply(ref, "ok", pinion_json("i", 2))); /* later, on the loop */
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "c", NULL));
    expect_frame(client, "[\"1\",\"3\",\"room:a\",\"phx_reply\",{\"response\":2,\"status\":\"ok\"}]");
    expect_frame(client, "[null,null,\"room:a\",\"c\",{}]");
}

static void a_ref_made_in_terminate_sends_to_nobody(void **state)
{
    ok(pinion_test_leave(client, "room:a"));
    assert_int_equal(terminated, 1);
    ok(pinion_ref_send_data(ref, "data", &destroyed, destroy));
    assert_int_equal(pinion_ref_reply(ref, "ok", NULL), PINION_EINVAL);
    pinion_test_run(test);
    assert_int_equal(infos, 0);
    assert_int_equal(atomic_load(&destroyed), 1);
}

/* A second channel of the topic is another one. */
static void a_ref_does_not_pass_to_the_channel_that_follows(void **state)
{
    push("room:a", "ref");
    pinion_ref *first = ref;
    ref = NULL;
    ok(pinion_test_join(client, "room:a", NULL));
    ok(pinion_ref_send(first, "hello", NULL));
    pinion_test_run(test);
    assert_int_equal(infos, 0);
    pinion_ref_free(first);
}

/* ---- what it carries ---- */

static void data_is_destroyed_once_when_it_was_taken(void **state)
{
    push("room:a", "ref");
    ok(pinion_ref_send_data(ref, "data", &destroyed, destroy));
    ok(pinion_ref_send_data(ref, "none", NULL, NULL));
    assert_int_equal(atomic_load(&destroyed), 0);
    pinion_test_run(test);
    assert_int_equal(infos, 2);
    assert_int_equal(atomic_load(&destroyed), 1);
}

static void data_is_destroyed_once_when_nobody_takes_it(void **state)
{
    ok(pinion_test_join(client, "deaf", NULL));
    push("deaf", "ref");
    ok(pinion_ref_send_data(ref, "data", &destroyed, destroy));
    pinion_test_run(test);
    assert_int_equal(atomic_load(&destroyed), 1);
}

static void data_behind_a_crash_is_destroyed_once(void **state)
{
    push("room:a", "ref");
    ok(pinion_ref_send(ref, "crash", NULL));
    ok(pinion_ref_send_data(ref, "data", &destroyed, destroy));
    pinion_test_run(test);
    assert_int_equal(infos, 1);
    assert_int_equal(terminated, 1);
    assert_int_equal(atomic_load(&destroyed), 1);
}

static void data_in_the_inbox_of_a_channel_that_ends_is_destroyed_once(void **state)
{
    pthread_mutex_lock(&gate);
    push("room:a", "busy");
    assert_int_equal(atomic_load(&destroyed), 0);
    pinion_test_disconnect(client);
    assert_int_equal(atomic_load(&destroyed), 1);
    assert_int_equal(terminated, 0);
    pthread_mutex_unlock(&gate);
    while (stats().channels > 0)
        pinion_test_run(test);
    assert_int_equal(atomic_load(&destroyed), 1);
}

/* ---- threads ---- */

enum { THREADS = 4, SENDS = 500 };

static void *hammer(void *data)
{
    for (int i = 0; i < SENDS; i++) {
        if (pinion_ref_send_data(data, "data", NULL, destroy) != 0 ||
            pinion_ref_reply(data, "ok", NULL) != (i == 0 ? 0 : PINION_EINVAL) ||
            pinion_ref_send(data, "hello", pinion_json("{s:i}", "n", i)) != 0)
            return data;
    }
    return NULL;
}

static void threads_may_send_while_the_channel_ends(void **state)
{
    pthread_t threads[THREADS];
    pinion_ref *refs[THREADS]; /* one each */
    void *failed;
    for (int i = 0; i < THREADS; i++) {
        push("room:a", "ref");
        refs[i] = ref;
        ref = NULL;
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, refs[i]), 0);
    while (infos < 10)
        pinion_test_run(test);
    ok(pinion_test_leave(client, "room:a"));
    pinion_test_disconnect(client);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
        pinion_ref_free(refs[i]);
    }
    pinion_test_run(test);
    assert_int_equal(atomic_load(&destroyed), THREADS * SENDS);
    assert_int_equal(stats().sockets, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_ref, teardown_ref)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_ref_made_for_no_message_replies_to_none),
        T(a_reply_may_have_any_status_and_kind),
        T(a_reply_made_in_a_callback_keeps_its_place),
        T(a_ref_made_in_terminate_sends_to_nobody),
        T(a_ref_does_not_pass_to_the_channel_that_follows),
        T(data_is_destroyed_once_when_it_was_taken),
        T(data_is_destroyed_once_when_nobody_takes_it),
        T(data_behind_a_crash_is_destroyed_once),
        T(data_in_the_inbox_of_a_channel_that_ends_is_destroyed_once),
        T(threads_may_send_while_the_channel_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
