/* The test kit: pinion/testing.h over the in-process transport. */
#include "testing/kit.h"
#include "actor/actors.h"
#include "actor/check.h"
#include "base/clock.h"
#include "base/held.h"
#include "base/sized.h"
#include "endpoint/endpoint.h"
#include "engine/check.h"
#include "engine/here.h"
#include "engine/subscription.h"
#include "testing/wire.h"
#include <errno.h>
#include <stdlib.h>

#define PATIENCE_MS     5000
#define PATIENCE_END_MS 1000 /* one round of waiting for work when the test is freed */

/* Builds with checks check the shard after each of the first runs, and then after some of them. */
#define RUNS_CHECKED 100
#define RUNS_BETWEEN 20

/* ---- time ---- */

static uint64_t test_clock(void *context)
{
    return ((pinion_test *)context)->now;
}

static void on_post(void *context)
{
    pinion_test *test = context;
    pinion__lock(&test->lock);
    test->posted = true;
    pthread_cond_signal(&test->woken);
    pinion__unlock(&test->lock);
}

/* A turn of the loop. True: another one follows at once. */
static bool take_turn(pinion_test *test)
{
    if (test->wire)
        pinion__wire_deliver(test->wire);
    bool more = pinion__scheduler_turn(test->scheduler) == 0;
    return (test->wire && pinion__wire_settle(test->wire)) || more;
}

static void run(pinion_test *test)
{
    while (take_turn(test))
        continue;
    if (test->runs++ >= RUNS_CHECKED && test->runs % RUNS_BETWEEN != 0)
        return;
    PINION_CHECK(pinion__shard_check(test->shard));
    PINION_CHECK(pinion__actors_check(test->shard));
    pinion__test_http_check(test);
}

void pinion_test_run(pinion_test *test)
{
    PINION_NEED_TEST(test, return );
    run(test);
}

/* Timers fire one after the other, each with what it causes, as in real time. */
void pinion_test_advance(pinion_test *test, uint64_t ms)
{
    PINION_NEED_TEST(test, return );
    uint64_t until = ms < UINT64_MAX - test->now ? test->now + ms : UINT64_MAX;
    run(test);
    while (test->now < until) {
        uint64_t next = pinion__scheduler_next(test->scheduler);
        test->now = next > test->now && next < until ? next : until;
        run(test);
    }
}

/* Wait until another thread posts. False when the deadline has passed. */
static bool await_post(pinion_test *test, const struct timespec *deadline)
{
    int rc = 0;
    pinion__lock(&test->lock);
    while (!test->posted && rc != ETIMEDOUT)
        rc = pinion__lock_wait_until(&test->lock, &test->woken, deadline);
    bool posted = test->posted;
    test->posted = false;
    pinion__unlock(&test->lock);
    return posted;
}

static bool await_for(pinion_test *test, uint32_t ms, bool (*met)(void *context), void *context)
{
    struct timespec deadline = pinion__clock_in_ms(ms);
    for (;;) {
        run(test);
        if (met(context))
            return true;
        if (!await_post(test, &deadline))
            return false;
    }
}

bool pinion__test_await(pinion_test *test, bool (*met)(void *context), void *context)
{
    return await_for(test, test->patience_ms, met, context);
}

void pinion_test_set_patience(pinion_test *test, uint32_t ms)
{
    PINION_NEED(test, return );
    test->patience_ms = ms;
}

/* ---- life ---- */

static int init_wait(pinion_test *test)
{
    if (pinion__condition_init(&test->woken) != 0)
        return PINION_ENOMEM;
    if (pinion__lock_init(&test->lock, PINION_RANK_TEST) != 0) {
        pthread_cond_destroy(&test->woken);
        return PINION_ENOMEM;
    }
    return 0;
}

static int init_endpoint(pinion_test *test, const pinion_test_options *options)
{
    struct pinion_endpoint_driver driver = {
        .wake = on_post, .clock = test_clock, .context = test, .trusted_proxies = options->trusted_proxies
    };
    int rc = pinion__endpoint_new_driven(&test->endpoint, &driver);
    if (rc)
        return rc;
    test->endpoint->hub.context = options->context;
    test->shard = test->endpoint->loops[0].shard;
    test->scheduler = test->shard->scheduler;
    return 0;
}

static int test_new(pinion_test **out, const pinion_test_options *options, size_t size)
{
    pinion_test_options known;
    int rc = PINION_TAKE(pinion_test_options, &known, options, size);
    if (rc)
        return rc;
    if (pinion__shard_bound())
        return pinion__fail(PINION_EBUSY, "this thread has a test, or is a loop's: free that test first");
    pinion_test *test = calloc(1, sizeof *test);
    if (!test)
        return PINION_ENOMEM;
    pinion__list_init(&test->clients);
    pinion__list_init(&test->answers);
    pinion__list_init(&test->broadcasts);
    pinion__list_init(&test->subscriptions);
    test->now = 1000;
    test->patience_ms = PATIENCE_MS;
    rc = init_wait(test);
    if (rc) {
        free(test);
        return rc;
    }
    rc = init_endpoint(test, &known);
    if (rc) {
        pthread_cond_destroy(&test->woken);
        pinion__lock_destroy(&test->lock);
        free(test);
        return rc;
    }
    PINION_HELD(PINION_HELD_TEST, test, test);
    *out = test;
    return 0;
}

int pinion_test_new_sized(pinion_test **out, const pinion_test_options *options, size_t size)
{
    PINION_NEEDED(out);
    PINION_RETURN(test_new(out, options, size));
}

/* A call to an actor is begun too, but it waits for the clock, and not for work. */
static bool all_done(void *context)
{
    const pinion_test *test = context;
    return pinion__begun_count(&test->shard->begun) == pinion__actors_calls(test->shard) &&
           test->endpoint->loops[0].http.works == 0;
}

int pinion_test_finish_work(pinion_test *test)
{
    PINION_NEEDED(test);
    PINION_NEED_TEST_HERE(test, return PINION_EINVAL);
    if (pinion__test_await(test, all_done, test))
        return 0;
    return pinion__fail(PINION_ETIMEDOUT, "work is still under way");
}

static bool channels_gone(void *context)
{
    const pinion_test *test = context;
    return atomic_load(&test->shard->counters.channels) == 0;
}

static bool all_gone(void *context)
{
    return all_done(context) && pinion__test_http_over(context);
}

static void end_clients(pinion_test *test)
{
    PINION_LIST_FOREACH (node, &test->clients) {
        pinion__loopback_disconnect(&PINION_CONTAINER_OF(node, pinion_test_client, node)->connection);
    }
    pinion__test_http_end(test);
    test->shard->closing = true;
    (void)pinion__shard_close_sockets(test->shard, PINION_CLOSE_RESTART, SIZE_MAX); /* of other transports */
    while (!await_for(test, PATIENCE_END_MS, channels_gone, test))
        continue; /* work is still under way, and what it is for cannot be freed before it is done */
    pinion__actors_finish(test->shard);
    while (!await_for(test, PATIENCE_END_MS, all_gone, test))
        continue; /* the same */
}

void pinion_test_free(pinion_test *test)
{
    if (!test)
        return;
    PINION_NEED_HELD(test, return );
    PINION_NEED_TEST(test, return );
    end_clients(test);
    pinion__test_broadcasts_end(test);
    pinion__endpoint_timers_end(test->shard);
    pinion__begun_finish(test->shard);
    pinion__scheduler_close(test->scheduler);
    pinion__subscription_end_all(test->shard);
    PINION_LIST_FOREACH_SAFE (client, &test->clients) {
        pinion__test_client_free(PINION_CONTAINER_OF(client, pinion_test_client, node));
    }
    pinion__test_http_free(test);
    pinion_payload_unref(test->met);
    pinion__test_failure_release(test);
    pinion__test_asking_free(test->asking);
    pinion__endpoint_free_driven(test->endpoint);
    pthread_cond_destroy(&test->woken);
    pinion__lock_destroy(&test->lock);
    PINION_HELD_GONE(test);
    free(test);
}

pinion_endpoint *pinion_test_endpoint(pinion_test *test)
{
    PINION_NEED(test, return NULL);
    return test->endpoint;
}

/* ---- what was met ---- */

void pinion__test_met(pinion_test *test, pinion_payload *payload)
{
    pinion_payload_unref(test->met);
    test->met = payload;
}

json_t *pinion_test_value(const pinion_test *test)
{
    PINION_NEED(test, return NULL);
    return test->met ? pinion_payload_tree(test->met) : NULL;
}

const char *pinion_test_bytes(const pinion_test *test, size_t *length)
{
    PINION_NEED(test, return NULL);
    size_t unused;
    return pinion_payload_bytes(test->met, length ? length : &unused);
}
