/* Timers that belong to no channel (pinion_endpoint_send_after): on the test kit's clock, and with threads on
 * each I/O engine. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

/* ---- on the kit's clock ---- */

static char order[100];
static int last_status;

/* data is a text, which it notes. */
static void note(pinion_endpoint *own, int status, void *data)
{
    last_status = status;
    strncat(order, data, sizeof order - strlen(order) - 1);
}

static int set_up(void **state)
{
    order[0] = '\0';
    last_status = 1;
    return setup(state);
}

static int after(uint32_t ms, const char *text, uint64_t *timer)
{
    return pinion_endpoint_send_after(pinion_test_endpoint(test), 0, ms, note, (void *)text, timer);
}

static void they_fire_when_they_are_due_in_order(void **state)
{
    ok(after(30, "c", NULL));
    ok(after(10, "a", NULL));
    ok(after(20, "b", NULL));
    pinion_test_advance(test, 9);
    assert_string_equal(order, "");
    pinion_test_advance(test, 1);
    assert_string_equal(order, "a");
    pinion_test_advance(test, 100);
    assert_string_equal(order, "abc");
    assert_int_equal(last_status, 0);
}

static void a_delay_of_zero_fires_soon(void **state)
{
    ok(after(0, "now", NULL));
    assert_string_equal(order, ""); /* not within the call */
    pinion_test_advance(test, 0);
    pinion_test_advance(test, 1);
    assert_string_equal(order, "now");
}

static void a_cancelled_one_does_not_fire(void **state)
{
    uint64_t timer, other;
    pinion_endpoint *own = pinion_test_endpoint(test);
    ok(after(10, "a", &timer));
    ok(after(10, "b", &other));
    assert_true(pinion_endpoint_cancel_timer(own, timer));
    assert_false(pinion_endpoint_cancel_timer(own, timer));
    pinion_test_advance(test, 20);
    assert_string_equal(order, "b");
    assert_false(pinion_endpoint_cancel_timer(own, other));
    assert_false(pinion_endpoint_cancel_timer(own, 0));
    assert_false(pinion_endpoint_cancel_timer(own, UINT64_MAX));
}

static void those_that_are_left_hear_of_the_end(void **state)
{
    ok(after(UINT32_MAX, "a", NULL));
    pinion_test_run(test);
    assert_string_equal(order, "");
    pinion_test_free(test);
    test = NULL;
    assert_string_equal(order, "a");
    assert_int_equal(last_status, PINION_ECLOSED);
}

static int ticks;

static void tick(pinion_endpoint *own, int status, void *data)
{
    if (status == 0 && ++ticks < 5)
        ok(pinion_endpoint_send_after(own, 0, 10, tick, data, NULL));
    else if (status != 0)
        assert_int_equal(pinion_endpoint_send_after(own, 0, 10, tick, data, NULL), PINION_ECLOSED);
}

static void one_repeats_by_setting_the_next(void **state)
{
    ticks = 0;
    ok(pinion_endpoint_send_after(pinion_test_endpoint(test), 0, 10, tick, NULL, NULL));
    pinion_test_advance(test, 39);
    assert_int_equal(ticks, 3);
    pinion_test_advance(test, 1000);
    assert_int_equal(ticks, 5);
}

static void at_the_end_none_begins(void **state)
{
    ticks = 0;
    ok(pinion_endpoint_send_after(pinion_test_endpoint(test), 0, 10, tick, NULL, NULL));
}

static void a_loop_that_is_none_is_refused(void **state)
{
    assert_int_equal(pinion_endpoint_send_after(pinion_test_endpoint(test), 1, 10, note, "a", NULL),
                     PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "no loop 1: the endpoint has 1"));
}

/* ---- with threads ---- */

#define LOOPS 2

static sem_t fired;
static atomic_int fired_count, closed_count;
static pthread_t threads[LOOPS];
static _Atomic pthread_t fired_on;

static void count(pinion_endpoint *own, int status, void *data)
{
    fired_on = pthread_self();
    atomic_fetch_add(status == 0 ? &fired_count : &closed_count, 1);
    sem_post(&fired);
}

static void await_fired(void)
{
    while (sem_wait(&fired) != 0)
        continue;
}

static void make(size_t max_timers)
{
    sem_init(&fired, 0, 0);
    atomic_store(&fired_count, 0);
    atomic_store(&closed_count, 0);
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){
                               .host = "127.0.0.1", .io = io, .loops = LOOPS, .max_timers = max_timers }));
}

static int unmake(void **state)
{
    int rc = stop(state);
    sem_destroy(&fired);
    return rc;
}

static void note_thread(void *loop)
{
    threads[(uintptr_t)loop] = pthread_self();
    sem_post(&fired);
}

static void each_fires_on_its_loop(void **state)
{
    make(0);
    ok(pinion_endpoint_start(endpoint));
    for (uintptr_t i = 0; i < LOOPS; i++) {
        ok(pinion_endpoint_post(endpoint, (unsigned)i, note_thread, (void *)i));
        await_fired();
        double began = seconds_now();
        ok(pinion_endpoint_send_after(endpoint, (unsigned)i, 30, count, NULL, NULL));
        await_fired();
        assert_true(seconds_now() - began > 0.02);
        assert_true(pthread_equal(fired_on, threads[i]));
    }
}

static void the_time_begins_when_it_runs(void **state)
{
    make(0);
    ok(pinion_endpoint_send_after(endpoint, 1, 1, count, NULL, NULL));
    usleep(10000);
    assert_int_equal(atomic_load(&fired_count), 0);
    ok(pinion_endpoint_start(endpoint));
    await_fired();
    assert_int_equal(atomic_load(&fired_count), 1);
}

static void those_of_an_endpoint_that_never_runs_hear_of_the_end(void **state)
{
    make(0);
    ok(pinion_endpoint_send_after(endpoint, 1, 1, count, NULL, NULL));
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    assert_int_equal(atomic_load(&closed_count), 1);
}

static void too_many_are_refused(void **state)
{
    uint64_t timer;
    make(2);
    ok(pinion_endpoint_send_after(endpoint, 0, 60000, count, NULL, &timer));
    ok(pinion_endpoint_send_after(endpoint, 1, 60000, count, NULL, NULL));
    assert_int_equal(pinion_endpoint_send_after(endpoint, 0, 1, count, NULL, NULL), PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "there are 2 timers (max_timers)"));
    assert_true(pinion_endpoint_cancel_timer(endpoint, timer));
    ok(pinion_endpoint_send_after(endpoint, 0, 60000, count, NULL, NULL));
}

static void when_it_has_stopped_they_are_refused(void **state)
{
    make(0);
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_send_after(endpoint, 0, 60000, count, NULL, NULL));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&closed_count), 1);
    assert_int_equal(pinion_endpoint_send_after(endpoint, 0, 1, count, NULL, NULL), PINION_ECLOSED);
    assert_non_null(strstr(pinion_error_detail(), "loop 0 has ended"));
}

static void saved(void *data)
{
    atomic_fetch_add((atomic_int *)data, 1);
}

static void save(pinion_endpoint *own, int status, void *data)
{
    ok(pinion_endpoint_work(own, saved, NULL, data));
}

static void at_the_end_they_may_begin_work(void **state)
{
    atomic_int saves = 0;
    make(0);
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_post(endpoint, 1, note_thread, (void *)1));
    ok(pinion_endpoint_send_after(endpoint, 1, 60000, save, &saves, NULL));
    ok(pinion_endpoint_post(endpoint, 1, note_thread, (void *)1));
    await_fired();
    await_fired(); /* the loop has heard of the timer */
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&saves), 1);
}

/* Each timer fires, hears of the end, or is cancelled: one of them, once. */
#define SETTERS 4
#define SET     500

static atomic_int cancelled;

static void *set_and_cancel(void *data)
{
    for (unsigned i = 0; i < SET; i++) {
        uint64_t timer;
        ok(pinion_endpoint_send_after(endpoint, i % LOOPS, i % 7, count, NULL, &timer));
        if (i % 3 == 0)
            sched_yield();
        if (i % 2 == 0)
            atomic_fetch_add(&cancelled, pinion_endpoint_cancel_timer(endpoint, timer));
    }
    return NULL;
}

static void each_ends_once_whoever_cancels(void **state)
{
    pthread_t setters[SETTERS];
    make(0);
    atomic_store(&cancelled, 0);
    ok(pinion_endpoint_start(endpoint));
    for (int i = 0; i < SETTERS; i++)
        assert_int_equal(pthread_create(&setters[i], NULL, set_and_cancel, NULL), 0);
    for (int i = 0; i < SETTERS; i++)
        pthread_join(setters[i], NULL);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&fired_count) + atomic_load(&closed_count) + atomic_load(&cancelled),
                     SETTERS * SET);
}

#undef TEST
#define TEST(name) cmocka_unit_test_teardown(name, unmake)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_fires_on_its_loop),
        TEST(the_time_begins_when_it_runs),
        TEST(those_of_an_endpoint_that_never_runs_hear_of_the_end),
        TEST(too_many_are_refused),
        TEST(when_it_has_stopped_they_are_refused),
        TEST(at_the_end_they_may_begin_work),
        TEST(each_ends_once_whoever_cancels),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_fire_when_they_are_due_in_order, set_up, teardown),
        cmocka_unit_test_setup_teardown(a_delay_of_zero_fires_soon, set_up, teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_one_does_not_fire, set_up, teardown),
        cmocka_unit_test_setup_teardown(those_that_are_left_hear_of_the_end, set_up, teardown),
        cmocka_unit_test_setup_teardown(one_repeats_by_setting_the_next, set_up, teardown),
        cmocka_unit_test_setup_teardown(at_the_end_none_begins, set_up, teardown),
        cmocka_unit_test_setup_teardown(a_loop_that_is_none_is_refused, set_up, teardown),
    };
    int failures = cmocka_run_group_tests_name("kit", tests, NULL, NULL);
    return failures + io_for_each(run);
}
