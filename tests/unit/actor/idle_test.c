/* An actor that nobody needs ends after idle_ms, and not before. */
#include "helpers/actor.h"

static const pinion_actor_def brief = {
    .handle_call = actor_call, .handle_info = actor_info, .terminate = actor_terminate, .idle_ms = 200
};

static void after(uint64_t ms, const char *expected)
{
    pinion_test_advance(test, ms);
    expect_told(expected);
}

static void it_ends_after_the_time(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &brief);
    after(199, "");
    after(1, "end(normal) destroyed(a) ");
    assert_int_equal(stats().actors, 0);
    pinion_actor_ref_free(ref);
}

static void messages_and_calls_keep_it(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &brief);
    for (int i = 0; i < 10; i++) {
        sent(ref, "a");
        after(150, "info(a) ");
        called(ref, "echo");
        after(150, "call(echo) answered(ok {\"n\":1}) ");
    }
    after(50, "end(normal) destroyed(a) ");
    pinion_actor_ref_free(ref);
}

static void opening_keeps_it(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &brief), *again;
    for (int i = 0; i < 5; i++) {
        after(190, "");
        again = opened_as("a", &brief);
        expect_told("destroyed(a) ");
        pinion_actor_ref_free(again);
    }
    sent(ref, "a"); /* it is the one that was opened first */
    after(0, "info(a) ");
    after(400, "end(normal) destroyed(a) ");
    pinion_actor_ref_free(ref);
}

static pinion_result ticks(pinion_actor *actor, const pinion_info *info)
{
    ok(pinion_actor_send_after(actor, 50, "tick", NULL, NULL));
    return pinion_noreply();
}

static void its_own_timers_do_not_keep_it(void **state)
{
    static const pinion_actor_def ticking = { .handle_info = ticks,
                                              .terminate = actor_terminate,
                                              .idle_ms = 200 };
    pinion_actor_ref *ref = opened_as("a", &ticking);
    sent(ref, "begin");
    after(150, "");
    after(260, "end(normal) destroyed(a) ");
    pinion_actor_ref_free(ref);
}

static void an_answer_that_it_owes_keeps_it(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &brief);
    called(ref, "keep");
    after(4900, "call(keep) ");
    ok(pinion_call_answer(kept_call, pinion_ok(NULL)));
    pinion_call_unref(kept_call);
    after(0, "answered(ok {}) ");
    after(400, "end(normal) destroyed(a) ");
    pinion_actor_ref_free(ref);
}

/* ---- monitors ---- */

static pinion_actor_ref *asked;

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_actor_later(channel, asked, "watch", NULL, 0);
}

static const pinion_channel_def room = { .join = join };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void whom_it_monitors_keeps_it(void **state)
{
    asked = opened_as("a", &brief);
    pinion_test_client *first = connected(&socket_def), *second = connected(&socket_def);
    ok(pinion_test_join(first, "room:a", NULL));
    ok(pinion_test_join(second, "room:a", NULL));
    after(10000, "call(watch) call(watch) ");
    pinion_test_disconnect(first);
    after(10000, "info(down) ");
    pinion_test_disconnect(second);
    after(199, "info(down) ");
    after(1, "end(normal) destroyed(a) "); /* exactly */
    pinion_actor_ref_free(asked);
}

static void what_opened_it_before_its_last_channel_went_does_not_count(void **state)
{
    asked = opened_as("a", &brief);
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    pinion_actor_ref *again = opened_as("a", &brief);
    after(1000, "call(watch) destroyed(a) ");
    pinion_test_disconnect(client);
    after(199, "info(down) ");
    after(1, "end(normal) destroyed(a) ");
    pinion_actor_ref_free(again);
    pinion_actor_ref_free(asked);
}

static void one_without_the_time_stays(void **state)
{
    pinion_actor_ref *ref = opened("a");
    after(1000000, "init(a) ");
    pinion_actor_ref_free(ref);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACTOR_TEST(it_ends_after_the_time),
        ACTOR_TEST(messages_and_calls_keep_it),
        ACTOR_TEST(opening_keeps_it),
        ACTOR_TEST(its_own_timers_do_not_keep_it),
        ACTOR_TEST(an_answer_that_it_owes_keeps_it),
        ACTOR_TEST(whom_it_monitors_keeps_it),
        ACTOR_TEST(what_opened_it_before_its_last_channel_went_does_not_count),
        ACTOR_TEST(one_without_the_time_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
