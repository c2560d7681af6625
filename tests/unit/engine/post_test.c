/* The application's own tasks on the loops (pinion_endpoint_post), on each I/O engine. */
#include "helpers/engine.h"
#include "helpers/io.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define LOOPS 3

static pinion_endpoint *endpoint;

static int make(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return pinion_endpoint_new(&endpoint,
                               &(pinion_endpoint_options){ .host = "127.0.0.1", .io = io, .loops = LOOPS });
}

static int unmake(void **state)
{
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    return 0;
}

/* Let what was posted to this loop run. */
static void post_done(void *done)
{
    sem_post(done);
}

static void await(unsigned loop)
{
    sem_t done;
    sem_init(&done, 0, 0);
    ok(pinion_endpoint_post(endpoint, loop, post_done, &done));
    while (sem_wait(&done) != 0)
        continue;
    sem_destroy(&done);
}

/* ---- where ---- */

static void note_thread(void *thread)
{
    *(pthread_t *)thread = pthread_self();
}

static void a_task_runs_on_its_loop(void **state)
{
    pthread_t threads[LOOPS], again[LOOPS];
    ok(pinion_endpoint_start(endpoint));
    assert_int_equal(pinion_endpoint_loops(endpoint), LOOPS);
    for (unsigned i = 0; i < LOOPS; i++) {
        ok(pinion_endpoint_post(endpoint, i, note_thread, &threads[i]));
        ok(pinion_endpoint_post(endpoint, i, note_thread, &again[i]));
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        await(i);
        assert_true(pthread_equal(threads[i], again[i]));
        assert_false(pthread_equal(threads[i], pthread_self()));
        for (unsigned j = 0; j < i; j++)
            assert_false(pthread_equal(threads[i], threads[j]));
    }
}

static void a_loop_that_is_none_is_refused(void **state)
{
    pthread_t thread;
    assert_int_equal(pinion_endpoint_post(endpoint, LOOPS, note_thread, &thread), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "no loop 3: the endpoint has 3"));
    assert_int_equal(pinion_endpoint_post(endpoint, UINT32_MAX, note_thread, &thread), PINION_EINVAL);
}

/* ---- when ---- */

static void set(void *flag)
{
    atomic_store((atomic_bool *)flag, true);
}

static void a_task_waits_until_the_endpoint_runs(void **state)
{
    atomic_bool ran = false;
    ok(pinion_endpoint_post(endpoint, 1, set, &ran));
    ok(pinion_endpoint_listen(endpoint));
    assert_false(atomic_load(&ran));
    ok(pinion_endpoint_start(endpoint));
    await(1);
    assert_true(atomic_load(&ran));
}

/* So that nothing leaks which it was to free. */
static void a_task_of_an_endpoint_that_never_runs_runs_as_it_is_freed(void **state)
{
    atomic_bool ran = false;
    ok(pinion_endpoint_post(endpoint, 1, set, &ran));
    unmake(state);
    assert_true(atomic_load(&ran));
}

static void after_a_stop_tasks_are_refused(void **state)
{
    atomic_bool ran = false;
    ok(pinion_endpoint_start(endpoint));
    pinion_endpoint_stop(endpoint);
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(pinion_endpoint_post(endpoint, i, set, &ran), PINION_ECLOSED);
    unmake(state);
    assert_false(atomic_load(&ran));
}

/* ---- in which order ---- */

#define POSTERS 4
#define POSTS   2000

/* `next` and `disordered` are the loop's, the rest the thread's. */
struct poster {
    int next;       /* the number that is due */
    int disordered; /* those that were not */
    int accepted;
    int refused;
    struct numbered {
        struct poster *poster;
        int number;
    } posts[POSTS];
};

static void take_number(void *data)
{
    struct numbered *post = data;
    post->poster->disordered += post->number != post->poster->next;
    post->poster->next++;
}

static void *post_numbers(void *data)
{
    struct poster *poster = data;
    for (int i = 0; i < POSTS; i++) {
        poster->posts[i] = (struct numbered){ poster, i };
        int rc = pinion_endpoint_post(endpoint, 0, take_number, &poster->posts[i]);
        poster->accepted += rc == 0;
        poster->refused += rc == PINION_ECLOSED;
    }
    return NULL;
}

static struct poster posters[POSTERS];
static pthread_t threads[POSTERS];

static void start_posting(void)
{
    memset(posters, 0, sizeof posters);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_numbers, &posters[i]), 0);
}

static void end_posting(void)
{
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void what_one_thread_posts_keeps_its_order(void **state)
{
    ok(pinion_endpoint_start(endpoint));
    start_posting();
    end_posting();
    await(0);
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(posters[i].next, POSTS);
        assert_int_equal(posters[i].disordered, 0);
    }
}

/* Whatever was accepted has run once when the endpoint has stopped, and nothing else has. */
static void a_stop_in_between_loses_nothing(void **state)
{
    ok(pinion_endpoint_start(endpoint));
    start_posting();
    await(0);
    pinion_endpoint_stop(endpoint);
    end_posting();
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(posters[i].accepted + posters[i].refused, POSTS);
        assert_int_equal(posters[i].next, posters[i].accepted);
        assert_int_equal(posters[i].disordered, 0);
    }
}

/* ---- like a callback ---- */

static struct {
    bool inside;
    bool nested;
    int left;
    sem_t done;
} chain;

static void post_another(void *data)
{
    chain.nested |= chain.inside;
    chain.inside = true;
    if (--chain.left == 0)
        sem_post(&chain.done);
    else if (pinion_endpoint_post(endpoint, 2, post_another, NULL) != 0)
        chain.nested = true;
    chain.inside = false;
}

static void a_task_may_post_and_none_runs_inside_another(void **state)
{
    memset(&chain, 0, sizeof chain);
    chain.left = 1000;
    sem_init(&chain.done, 0, 0);
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_post(endpoint, 2, post_another, NULL));
    while (sem_wait(&chain.done) != 0)
        continue;
    await(2);
    assert_false(chain.nested);
    sem_destroy(&chain.done);
}

static void broadcast(void *data)
{
    *(int *)data = pinion_endpoint_broadcast(endpoint, "a:b", "event", NULL);
}

static void a_task_may_use_the_endpoint(void **state)
{
    int rc = 1;
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_post(endpoint, 0, broadcast, &rc));
    await(0);
    assert_int_equal(rc, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_runs_on_its_loop),
        TEST(a_loop_that_is_none_is_refused),
        TEST(a_task_waits_until_the_endpoint_runs),
        TEST(a_task_of_an_endpoint_that_never_runs_runs_as_it_is_freed),
        TEST(after_a_stop_tasks_are_refused),
        TEST(what_one_thread_posts_keeps_its_order),
        TEST(a_stop_in_between_loses_nothing),
        TEST(a_task_may_post_and_none_runs_inside_another),
        TEST(a_task_may_use_the_endpoint),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
