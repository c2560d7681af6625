/* What an actor does besides answering: work, timers, topics. */
#include "helpers/actor.h"
#include <sched.h>
#include <stdatomic.h>

static atomic_bool working; /* work goes on while this is set */
static pinion_result result_of_done;

static void work(void *data)
{
    while (atomic_load(&working))
        sched_yield();
}

static pinion_result done(pinion_actor *actor, int status, void *data)
{
    tell("done", pinion_errname(status));
    if (data) /* once more */
        last_code = pinion_actor_work(actor, work, done, NULL);
    return data ? pinion_later() : result_of_done;
}

static pinion_result call(pinion_actor *actor, pinion_call *call_, const char *name,
                          const pinion_payload *payload)
{
    bool again = strcmp(name, "again") == 0;
    tell("call", name);
    ok(pinion_actor_work(actor, work, done, again ? actor : NULL));
    assert_int_equal(pinion_actor_work(actor, work, done, NULL), PINION_EBUSY);
    return pinion_later();
}

static const pinion_actor_def worker = { .handle_call = call,
                                         .handle_info = actor_info,
                                         .terminate = actor_terminate };

static bool has_told(const char *what)
{
    return pinion_test_finish_work(test) == 0 && strstr(story, what);
}

static void what_done_returns_is_the_answer(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &worker);
    atomic_store(&working, true);
    result_of_done = pinion_ok(pinion_json("i", 5));
    called(ref, "work");
    sent(ref, "waits");
    expect_told("call(work) ");
    atomic_store(&working, false);
    assert_true(has_told("answered"));
    expect_told("done(OK) answered(ok 5) info(waits) ");
    pinion_actor_ref_free(ref);
}

static void done_may_begin_more(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &worker);
    atomic_store(&working, false);
    result_of_done = pinion_ok(pinion_json("i", 6));
    called(ref, "again");
    assert_true(has_told("answered"));
    expect_told("call(again) done(OK) done(OK) answered(ok 6) ");
    pinion_actor_ref_free(ref);
}

static void terminate_comes_after_done(void **state)
{
    pinion_actor_ref *ref = opened_as("a", &worker);
    atomic_store(&working, true);
    result_of_done = pinion_noreply();
    called(ref, "work");
    expect_told("call(work) ");
    ok(pinion_actor_stop(ref, PINION_REASON_SHUTDOWN));
    expect_told("");
    atomic_store(&working, false);
    assert_true(has_told("ended"));
    expect_told("done(OK) end(shutdown) destroyed(a) ended(PINION_ECLOSED) ");
    pinion_actor_ref_free(ref);
}

static void the_kit_waits_for_work_and_not_for_calls(void **state)
{
    pinion_actor_ref *busy = opened_as("a", &worker), *other = opened("b");
    atomic_store(&working, false);
    result_of_done = pinion_ok(NULL);
    called(other, "keep"); /* nobody answers it */
    called(busy, "work");
    pinion_test_run(test);
    ok(pinion_test_finish_work(test));
    assert_non_null(strstr(story, "done(OK) answered(ok {}) "));
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(busy);
    pinion_actor_ref_free(other);
}

/* ---- timers ---- */

static void timers_fire_in_their_order(void **state)
{
    uint64_t timer;
    pinion_actor_ref *ref = opened("a");
    sent(ref, "hello");
    expect_told("init(a) info(hello) ");
    ok(pinion_actor_send_after(last_actor, 20, "b", NULL, NULL));
    ok(pinion_actor_send_after(last_actor, 10, "a", NULL, NULL));
    ok(pinion_actor_send_after(last_actor, 10, "never", NULL, &timer));
    ok(pinion_actor_send_after(last_actor, 0, "now", NULL, NULL));
    assert_true(pinion_actor_cancel_timer(last_actor, timer));
    assert_false(pinion_actor_cancel_timer(last_actor, timer));
    expect_told("info(now) ");
    pinion_test_advance(test, 15);
    expect_told("info(a) ");
    pinion_test_advance(test, 15);
    expect_told("info(b) ");
    ok(pinion_actor_send_after(last_actor, 10, "dropped", NULL, NULL));
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    pinion_test_advance(test, 100);
    expect_told("end(normal) destroyed(a) ");
    pinion_actor_ref_free(ref);
}

static void too_many_timers_are_refused(void **state)
{
    static const pinion_actor_def few = { .handle_info = actor_info, .max_timers = 2 };
    pinion_actor_ref *ref = opened_as("a", &few);
    sent(ref, "hello");
    pinion_test_run(test);
    ok(pinion_actor_send_after(last_actor, 10, "a", NULL, NULL));
    ok(pinion_actor_send_after(last_actor, 10, "b", NULL, NULL));
    assert_int_equal(pinion_actor_send_after(last_actor, 10, "c", NULL, NULL), PINION_EBUSY);
    assert_int_equal(pinion_actor_send_after(last_actor, 10, "c", pinion_json("no format"), NULL),
                     PINION_EPAYLOAD);
    pinion_actor_ref_free(ref);
}

/* ---- topics ---- */

static void broadcast(const char *topic, const char *event)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, event, NULL));
}

static void it_gets_the_broadcasts_of_its_topics(void **state)
{
    char long_topic[300];
    pinion_actor_ref *ref = opened("a");
    sent(ref, "hello");
    expect_told("init(a) info(hello) ");
    ok(pinion_actor_subscribe(last_actor, "news"));
    ok(pinion_actor_subscribe(last_actor, "news"));
    ok(pinion_actor_subscribe(last_actor, "sport"));
    broadcast("news", "x");
    broadcast("sport", "y");
    broadcast("other", "z");
    expect_told("news(x) sport(y) ");
    pinion_actor_unsubscribe(last_actor, "news");
    pinion_actor_unsubscribe(last_actor, "other");
    broadcast("news", "x");
    expect_told("");
    memset(long_topic, 'a', sizeof long_topic - 1);
    long_topic[sizeof long_topic - 1] = '\0';
    assert_int_equal(pinion_actor_subscribe(last_actor, long_topic), PINION_ETOOBIG);
    assert_int_equal(pinion_actor_subscribe(last_actor, "\xff"), PINION_EUTF8);
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    broadcast("sport", "y");
    expect_told("end(normal) destroyed(a) ");
    assert_int_equal(stats().topics, 0);
    pinion_actor_ref_free(ref);
}

static void broadcasts_that_find_no_room_are_dropped(void **state)
{
    static const pinion_actor_def small = { .handle_info = actor_info, .max_mailbox = 1000 };
    pinion_actor_ref *ref = opened_as("a", &small);
    sent(ref, "hello");
    pinion_test_run(test);
    ok(pinion_actor_subscribe(last_actor, "news"));
    for (int i = 0; i < 100; i++)
        broadcast("news", "x");
    assert_true(stats().dropped > 50 && stats().dropped < 100);
    pinion_actor_ref_free(ref);
}

/* ---- in terminate ---- */

static void tries(pinion_actor *actor, pinion_reason reason)
{
    assert_int_equal(pinion_actor_send_after(actor, 1, "a", NULL, NULL), PINION_ECLOSED);
    assert_int_equal(pinion_actor_subscribe(actor, "news"), PINION_ECLOSED);
    assert_int_equal(pinion_actor_work(actor, work, done, NULL), PINION_ECLOSED);
    assert_non_null(strstr(pinion_error_detail(), "nothing begins in terminate"));
    ok(pinion_endpoint_broadcast(pinion_actor_endpoint(actor), "news", "bye", NULL));
    tell("tried", NULL);
}

static void nothing_begins_in_terminate(void **state)
{
    static const pinion_actor_def def = { .terminate = tries };
    pinion_actor_ref *ref = opened_as("a", &def);
    pinion_test_run(test);
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    expect_told("tried destroyed(a) ");
    pinion_actor_ref_free(ref);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACTOR_TEST(what_done_returns_is_the_answer),
        ACTOR_TEST(done_may_begin_more),
        ACTOR_TEST(terminate_comes_after_done),
        ACTOR_TEST(the_kit_waits_for_work_and_not_for_calls),
        ACTOR_TEST(timers_fire_in_their_order),
        ACTOR_TEST(too_many_timers_are_refused),
        ACTOR_TEST(it_gets_the_broadcasts_of_its_topics),
        ACTOR_TEST(broadcasts_that_find_no_room_are_dropped),
        ACTOR_TEST(nothing_begins_in_terminate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
