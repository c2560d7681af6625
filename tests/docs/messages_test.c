/* docs/channels.md, "Messages to a channel". */
#include "docs/snippet.h"
#include <pthread.h>

/* ---- the snippets ---- */

static pinion_result clock_after_join(pinion_channel *channel, const pinion_payload *params)
{
    if (pinion_subscribe(channel, "system") != 0)
        return pinion_crash();
    pinion_send_after(channel, 1000, "tick", NULL, NULL);
    return pinion_noreply();
}

static pinion_result clock_info(pinion_channel *channel, const pinion_info *info)
{
    if (info->topic) { /* a broadcast on "system" */
        pinion_push(channel, info->name, pinion_payload_ref(info->payload));
    } else if (strcmp(info->name, "tick") == 0) {
        pinion_push(channel, "tick", NULL);
        pinion_send_after(channel, 1000, "tick", NULL, NULL);
    }
    return pinion_noreply();
}

static const pinion_channel_def clock_channel = {
    .after_join = clock_after_join,
    .handle_info = clock_info,
};

/* A thread of the application's, with a ref that is its own. */
static void *convert(void *data)
{
    pinion_ref *ref = data;
    for (int percent = 50; percent <= 100; percent += 50)
        pinion_ref_send(ref, "progress", pinion_json("{s:i}", "percent", percent));
    pinion_ref_free(ref);
    return NULL;
}

static pinion_result start_converting(pinion_channel *channel, const char *event,
                                      const pinion_payload *payload)
{
    pthread_t thread;
    pinion_ref *ref = pinion_ref_new(channel);
    if (!ref || pthread_create(&thread, NULL, convert, ref) != 0) {
        pinion_ref_free(ref);
        return pinion_error(pinion_json("{s:s}", "reason", "busy"));
    }
    pthread_detach(thread);
    return pinion_ok(NULL);
}

/* ---- their tests ---- */

static pinion_result tell(pinion_channel *channel, const pinion_info *info)
{
    pinion_push(channel, info->name, pinion_payload_ref(info->payload));
    return pinion_noreply();
}

static const pinion_channel_def converter_channel = {
    .handle_in = PINION_CLAUSES({ "convert", start_converting }),
    .handle_info = tell,
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "clock", &clock_channel }, { "converter", &converter_channel }),
};

static void a_timer_is_a_message_and_starts_the_next(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "clock", NULL);
    pinion_test_advance(test, 999);
    ok(pinion_test_refute_push(ann, "clock", "tick"));
    pinion_test_advance(test, 1);
    ok(pinion_test_expect_push(ann, "clock", "tick", NULL));
    ok(pinion_test_refute_push(ann, "clock", "tick"));
    pinion_test_advance(test, 1000);
    ok(pinion_test_expect_push(ann, "clock", "tick", NULL));
}

static void another_topic_is_heard(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "clock", NULL);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "system", "alarm",
                                 pinion_json("{s:i}", "n", 1)));
    ok(pinion_test_expect_push(ann, "clock", "alarm", "{\"n\":1}"));
}

static void a_thread_sends_what_it_has(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "converter", NULL);
    expect_answer(ann, "converter", "convert", NULL, "ok", NULL);
    ok(pinion_test_expect_push(ann, "converter", "progress", "{\"percent\":50}"));
    ok(pinion_test_expect_push(ann, "converter", "progress", "{\"percent\":100}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_timer_is_a_message_and_starts_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(another_topic_is_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thread_sends_what_it_has, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
