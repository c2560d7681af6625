/* Public functions called where they cannot work: in a callback of what they would wait for, or while it
 * still runs. */
#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

static pinion_endpoint *endpoint;
static pinion_test *test;
static pinion_channel *channel;
static sem_t called;

/* ---- an endpoint ---- */

static void stop_it(void *data)
{
    pinion_endpoint_stop(endpoint);
    sem_post(&called);
}

static void free_it(void *data)
{
    pinion_endpoint_free(endpoint);
    sem_post(&called);
}

/* In a callback, after pinion_endpoint_start. */
static void call_on_a_loop(const void *act)
{
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1 };
    void (*const *fn)(void *) = act;
    if (sem_init(&called, 0, 0) != 0 || pinion_endpoint_new(&endpoint, &options) != 0 ||
        pinion_endpoint_start(endpoint) != 0 || pinion_endpoint_post(endpoint, 0, *fn, NULL) != 0)
        _exit(3);
    sem_wait(&called);
    pinion_endpoint_stop(endpoint);
    pinion_endpoint_free(endpoint);
    sem_destroy(&called);
}

static void expect_refused_on_a_loop(void (*act)(void *), const char *function)
{
    char said[400];
    if (!ASSERTIONS_ARE_ON) {
        call_on_a_loop(&act); /* it has no effect, and nobody waits for himself */
        return;
    }
    assert_true(aborts_saying(call_on_a_loop, &act, said, sizeof said));
    if (!strstr(said, function))
        fail_msg("\"%s\" does not name %s", said, function);
}

static void an_endpoint_is_not_stopped_in_its_own_callback(void **state)
{
    expect_refused_on_a_loop(stop_it, "pinion_endpoint_stop: called in a callback");
}

static void an_endpoint_is_not_freed_in_its_own_callback(void **state)
{
    expect_refused_on_a_loop(free_it, "pinion_endpoint_free: called in a callback");
}

/* ---- the test kit ---- */

static void free_the_test(void)
{
    pinion_test_free(test);
}

static void run_the_test(void)
{
    pinion_test_run(test);
}

static void (*in_join)(void);

static pinion_result join(pinion_channel *joined, const char *topic, const pinion_payload *params)
{
    channel = joined;
    if (in_join)
        in_join();
    return pinion_ok(NULL);
}

static const pinion_channel_def channel_def = { .join = join };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "*", &channel_def }) };

static void join_and(const void *act)
{
    pinion_test_client *client;
    in_join = *(void (*const *)(void))act;
    if (pinion_test_new(&test, NULL) != 0 || pinion_test_connect(test, &socket_def, NULL, "", &client) != 0 ||
        pinion_test_join(client, "a", NULL) != 0)
        _exit(3);
    in_join = NULL;
    pinion_test_free(test);
}

static void expect_refused_in_join(void (*act)(void), const char *function)
{
    char said[400];
    if (!ASSERTIONS_ARE_ON) {
        join_and(&act);
        return;
    }
    assert_true(aborts_saying(join_and, &act, said, sizeof said));
    if (!strstr(said, function))
        fail_msg("\"%s\" does not name %s", said, function);
}

static void a_test_is_not_run_in_its_own_callback(void **state)
{
    expect_refused_in_join(run_the_test, "pinion_test_run: called in a callback");
    expect_refused_in_join(free_the_test, "pinion_test_free: called in a callback");
}

/* ---- both on one thread ---- */

/* A test's loop is this thread's, and stays so when an endpoint that never ran is freed here. */
static void an_endpoint_may_be_freed_beside_a_test(void **state)
{
    pinion_test_client *client;
    assert_int_equal(pinion_test_new(&test, NULL), 0);
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "", &client), 0);
    assert_int_equal(pinion_test_join(client, "a", NULL), 0);
    assert_int_equal(pinion_endpoint_new(&endpoint, NULL), 0);
    pinion_endpoint_free(endpoint);
    assert_int_equal(pinion_broadcast(channel, "event", NULL), 0);
    assert_int_equal(pinion_test_frames(client), 1); /* at once, as on its own loop */
    pinion_test_free(test);
}

static int set_up(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_not_stopped_in_its_own_callback),
        cmocka_unit_test(an_endpoint_is_not_freed_in_its_own_callback),
        cmocka_unit_test(a_test_is_not_run_in_its_own_callback),
        cmocka_unit_test(an_endpoint_may_be_freed_beside_a_test),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
