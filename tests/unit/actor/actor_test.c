/* The life of an actor, on the test kit's clock: init, messages in order, what its results do, terminate. */
#include "helpers/actor.h"

static void it_begins_with_init_and_ends_with_terminate(void **state)
{
    pinion_actor_ref *ref = opened("room");
    assert_string_equal(story, ""); /* not within the call */
    expect_told("init(room) ");
    assert_int_equal(stats().actors, 1);
    ok(pinion_actor_stop(ref, PINION_REASON_SHUTDOWN));
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL)); /* the first counts */
    expect_told("end(shutdown) destroyed(room) ");
    assert_int_equal(stats().actors, 0);
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    expect_told("");
    pinion_actor_ref_free(ref);
}

static void there_is_one_of_a_name(void **state)
{
    pinion_actor_ref *first = opened("room"), *second = opened("room"), *other = opened("hall");
    assert_string_equal(story, "destroyed(room) ");
    expect_told("destroyed(room) init(room) init(hall) ");
    sent(first, "a");
    sent(second, "b");
    sent(other, "c");
    expect_told("info(a) info(b) info(c) ");
    assert_int_equal(stats().actors, 2);
    pinion_actor_ref_free(first);
    pinion_actor_ref_free(second);
    pinion_actor_ref_free(other);
}

static void messages_and_calls_of_one_sender_stay_in_order(void **state)
{
    pinion_actor_ref *ref = opened("room");
    sent(ref, "a");
    called(ref, "echo");
    sent(ref, "b");
    ok(pinion_actor_send_data(ref, "c", (void *)"data", NULL));
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    sent(ref, "lost");
    called(ref, "echo");
    expect_told("init(room) info(a) call(echo) answered(ok {\"n\":1}) info(b) data(c) end(normal) "
                "destroyed(room) ended(PINION_ECLOSED) ");
    pinion_actor_ref_free(ref);
}

static void what_its_results_do(void **state)
{
    static const struct {
        const char *message;
        const char *expected;
    } cases[] = {
        { "crash", "init(a) info(crash) end(crash) destroyed(a) " },
        { "reply", "init(a) info(reply) end(crash) destroyed(a) " },
        { "stop", "init(a) info(stop) end(normal) destroyed(a) " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pinion_actor_ref *ref = opened("a");
        sent(ref, cases[i].message);
        expect_told(cases[i].expected);
        pinion_actor_ref_free(ref);
    }
    assert_int_equal(stats().actors, 0);
}

static void one_that_crashes_ends_alone(void **state)
{
    pinion_actor_ref *bad = opened("bad"), *good = opened("good");
    pinion_test_run(test);
    story[0] = '\0';
    sent(bad, "crash");
    sent(good, "a");
    sent(bad, "b");
    expect_told("info(crash) end(crash) destroyed(bad) info(a) ");
    pinion_actor_ref_free(bad);
    pinion_actor_ref_free(good);
}

static pinion_result refuses(pinion_actor *actor, void *argument)
{
    tell("init", argument);
    return strcmp(argument, "crash") == 0  ? pinion_crash()
           : strcmp(argument, "stop") == 0 ? pinion_stop(PINION_REASON_SHUTDOWN)
           : strcmp(argument, "none") == 0 ? pinion_noreply()
                                           : pinion_error(NULL);
}

static void one_whose_init_refuses_ends_without_terminate(void **state)
{
    static const pinion_actor_def refusing = { .init = refuses, .terminate = actor_terminate };
    static const char *const arguments[] = { "crash", "stop", "none", "error" };
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        char expected[100];
        pinion_actor_ref *ref = opened_as(arguments[i], &refusing);
        called(ref, "echo");
        snprintf(expected, sizeof expected, "init(%s) destroyed(%s) ended(PINION_ECLOSED) ", arguments[i],
                 arguments[i]);
        expect_told(expected);
        pinion_actor_ref_free(ref);
    }
    assert_int_equal(stats().actors, 0);
}

static void one_without_functions_runs(void **state)
{
    static const pinion_actor_def nothing = { .idle_ms = 0 };
    pinion_actor_ref *ref = opened_as("a", &nothing);
    sent(ref, "dropped");
    expect_told("");
    called(ref, "crashes"); /* nobody could ever answer */
    expect_told("destroyed(a) ended(PINION_ECLOSED) ");
    pinion_actor_ref_free(ref);
}

static pinion_result takes_state(pinion_actor *actor, void *argument)
{
    assert_ptr_equal(pinion_actor_state(actor), argument);
    pinion_actor_set_state(actor, (void *)"second", actor_destroyed);
    tell("is", pinion_actor_state(actor));
    assert_string_equal(pinion_actor_name(actor), "first");
    assert_ptr_equal(pinion_actor_endpoint(actor), pinion_test_endpoint(test));
    assert_null(pinion_actor_context(actor));
    return pinion_ok(NULL);
}

static void its_argument_is_its_state_until_another_is_set(void **state)
{
    static const pinion_actor_def def = { .init = takes_state };
    pinion_actor_ref *ref = opened_as("first", &def);
    expect_told("destroyed(first) is(second) ");
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    expect_told("destroyed(second) ");
    pinion_actor_ref_free(ref);
}

/* ---- the name ---- */

static void a_name_is_free_when_its_actor_has_ended(void **state)
{
    pinion_actor_ref *old = opened("room"), *new;
    ok(pinion_actor_stop(old, PINION_REASON_NORMAL));
    expect_told("init(room) end(normal) destroyed(room) ");
    new = opened("room");
    sent(old, "lost");
    sent(new, "a");
    expect_told("init(room) info(a) ");
    pinion_actor_ref_free(old);
    pinion_actor_ref_free(new);
}

static pinion_actor_ref *next_one;

static void opens_again(pinion_actor *actor, pinion_reason reason)
{
    tell("end", NULL);
    if (next_one)
        return;
    ok(pinion_actor_open(pinion_actor_endpoint(actor), pinion_actor_name(actor), &plain_actor, (void *)"next",
                         actor_destroyed, &next_one));
    sent(next_one, "early");
    tell("opened", NULL);
}

static void a_name_that_is_given_up_is_taken_by_one_that_waits(void **state)
{
    static const pinion_actor_def def = { .terminate = opens_again };
    pinion_actor_ref *ref = opened_as("room", &def), *same;
    next_one = NULL;
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
    expect_told("end opened destroyed(room) init(next) info(early) ");
    same = opened("room");
    sent(same, "a");
    expect_told("destroyed(room) info(a) ");
    assert_int_equal(stats().actors, 1);
    pinion_actor_ref_free(ref);
    pinion_actor_ref_free(same);
    pinion_actor_ref_free(next_one);
}

static void ask_in_done(int status, const pinion_result *answer, void *data)
{
    pinion_actor_ref *ref = opened("second");
    sent(ref, "hello");
    pinion_actor_ref_free(ref);
}

/* One run of the test does all that is due. */
static void one_that_a_callback_opens_begins_at_once(void **state)
{
    pinion_actor_ref *ref = opened("first");
    ok(pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .done = ask_in_done }));
    expect_told("init(first) call(echo) init(second) info(hello) ");
    pinion_actor_ref_free(ref);
}

static void the_end_of_the_test_is_the_end_of_all(void **state)
{
    pinion_actor_ref *ref = opened("room");
    called(ref, "keep");
    expect_told("init(room) call(keep) ");
    sent(ref, "before");
    pinion_test_free(test);
    test = NULL;
    assert_string_equal(story, "info(before) end(shutdown) destroyed(room) ended(PINION_ECLOSED) ");
    assert_int_equal(pinion_actor_send(ref, "a", NULL), PINION_ECLOSED);
    assert_int_equal(try_call(ref, "echo", 0), PINION_ECLOSED);
    ok(pinion_actor_stop(ref, PINION_REASON_NORMAL)); /* it has stopped */
    assert_int_equal(pinion_call_answer(kept_call, pinion_ok(NULL)), PINION_ECLOSED);
    pinion_call_unref(kept_call);
    pinion_actor_ref_free(ref);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACTOR_TEST(it_begins_with_init_and_ends_with_terminate),
        ACTOR_TEST(there_is_one_of_a_name),
        ACTOR_TEST(messages_and_calls_of_one_sender_stay_in_order),
        ACTOR_TEST(what_its_results_do),
        ACTOR_TEST(one_that_crashes_ends_alone),
        ACTOR_TEST(one_whose_init_refuses_ends_without_terminate),
        ACTOR_TEST(one_without_functions_runs),
        ACTOR_TEST(its_argument_is_its_state_until_another_is_set),
        ACTOR_TEST(a_name_is_free_when_its_actor_has_ended),
        ACTOR_TEST(a_name_that_is_given_up_is_taken_by_one_that_waits),
        ACTOR_TEST(one_that_a_callback_opens_begins_at_once),
        ACTOR_TEST(the_end_of_the_test_is_the_end_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
