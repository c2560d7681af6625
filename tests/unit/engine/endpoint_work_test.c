/* Work that belongs to no channel (pinion_endpoint_work): where it runs, and that it is done before the end;
 * on each I/O engine. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#define LOOPS 3

static sem_t go, finished;
static atomic_int works, dones;
static atomic_bool stopped;
static _Atomic pthread_t work_thread, done_thread;
static pthread_t loop_threads[LOOPS];
static _Atomic(pinion_endpoint *) given;

static void work(void *data)
{
    work_thread = pthread_self();
    if (data)
        while (sem_wait(data) != 0)
            continue;
    atomic_fetch_add(&works, 1);
}

static void done(pinion_endpoint *own, void *data)
{
    given = own;
    done_thread = pthread_self();
    atomic_fetch_add(&dones, 1);
    sem_post(&finished);
}

static void await_done(void)
{
    while (sem_wait(&finished) != 0)
        continue;
}

/* The last client's channel saves what it has. */
static void terminate(pinion_channel *channel, pinion_reason reason)
{
    ok(pinion_endpoint_work(pinion_channel_endpoint(channel), work, done, &go));
}

static const pinion_channel_def room = { .terminate = terminate };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void reset(void)
{
    sem_init(&go, 0, 0);
    sem_init(&finished, 0, 0);
    atomic_store(&works, 0);
    atomic_store(&dones, 0);
    atomic_store(&stopped, false);
}

static void make(const pinion_endpoint_options *options)
{
    pinion_endpoint_options own = *options;
    own.host = "127.0.0.1";
    own.io = io;
    own.loops = LOOPS;
    pinion_log_set_level(PINION_LOG_NONE);
    reset();
    ok(pinion_endpoint_new(&endpoint, &own));
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL));
}

static int unmake(void **state)
{
    sem_post(&go);
    int rc = stop(state);
    sem_destroy(&go);
    sem_destroy(&finished);
    return rc;
}

/* ---- where ---- */

static void note_thread(void *loop)
{
    loop_threads[(uintptr_t)loop] = pthread_self();
    sem_post(&finished);
}

static void begin_here(void *loop)
{
    note_thread(loop);
    ok(pinion_endpoint_work(endpoint, work, done, NULL));
}

static void done_runs_on_the_loop_that_began_it(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    for (uintptr_t i = 0; i < LOOPS; i++) {
        ok(pinion_endpoint_post(endpoint, (unsigned)i, begin_here, (void *)i));
        await_done(); /* begun */
        await_done();
        assert_true(pthread_equal(done_thread, loop_threads[i]));
        assert_false(pthread_equal(work_thread, loop_threads[i]));
        assert_ptr_equal(given, endpoint);
    }
}

static void of_other_threads_it_runs_on_the_first_loop(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_post(endpoint, 0, note_thread, (void *)0));
    await_done();
    ok(pinion_endpoint_work(endpoint, work, done, NULL));
    await_done();
    assert_true(pthread_equal(done_thread, loop_threads[0]));
}

static void there_may_be_no_done(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_work(endpoint, work, NULL, NULL));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&works), 1);
}

/* ---- how much ---- */

static void too_much_is_refused(void **state)
{
    make(&(pinion_endpoint_options){ .max_work = 2 });
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_work(endpoint, work, done, &go));
    ok(pinion_endpoint_work(endpoint, work, done, &go));
    assert_int_equal(pinion_endpoint_work(endpoint, work, done, &go), PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "2 are not done yet (max_work)"));
    sem_post(&go);
    await_done();
    ok(pinion_endpoint_work(endpoint, work, done, &go));
    sem_post(&go);
    sem_post(&go);
    await_done();
    await_done();
}

/* ---- the end ---- */

static void *stop_it(void *data)
{
    pinion_endpoint_stop(endpoint);
    atomic_store(&stopped, true);
    return NULL;
}

static int joined_client(void)
{
    char text[200];
    int fd = websocket();
    assert_true(tcp_say_text(fd, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]"));
    assert_true(tcp_hear_frame(fd, text, sizeof text) > 0);
    return fd;
}

static void what_terminate_begins_is_done_before_the_end(void **state)
{
    pthread_t stopper;
    pinion_stats now;
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    int fd = joined_client();
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, NULL), 0);
    close(fd);
    do {
        usleep(1000);
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections + now.channels > 0);
    usleep(50000); /* long enough for a loop that does not wait */
    assert_false(atomic_load(&stopped));
    sem_post(&go);
    pthread_join(stopper, NULL);
    assert_int_equal(atomic_load(&works), 1);
    assert_int_equal(atomic_load(&dones), 1);
}

static void nothing(void *left)
{
}

/* It runs on one loop only. */
static void begin_again(pinion_endpoint *own, void *left)
{
    if (--*(int *)left > 0)
        ok(pinion_endpoint_work(own, nothing, begin_again, left));
}

static void what_done_begins_is_done_too(void **state)
{
    int left = 20;
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    ok(pinion_endpoint_work(endpoint, nothing, begin_again, &left));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(left, 0);
}

static void before_it_runs_work_begins_and_done_waits(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_work(endpoint, work, done, NULL));
    while (atomic_load(&works) == 0)
        usleep(1000);
    assert_int_equal(atomic_load(&dones), 0);
    ok(pinion_endpoint_start(endpoint));
    await_done();
}

static void it_is_done_if_the_endpoint_never_runs(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_work(endpoint, work, done, NULL));
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    assert_int_equal(atomic_load(&works), 1);
    assert_int_equal(atomic_load(&dones), 1);
}

static void when_it_has_stopped_it_is_refused(void **state)
{
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(pinion_endpoint_work(endpoint, work, done, NULL), PINION_ECLOSED);
    assert_non_null(strstr(pinion_error_detail(), "the endpoint has stopped"));
    assert_int_equal(atomic_load(&works), 0);
}

/* ---- any thread ---- */

#define BEGINNERS 4

static void *begin_until_it_ends(void *count)
{
    int rc;
    while ((rc = pinion_endpoint_work(endpoint, work, done, NULL)) == 0)
        ++*(int *)count;
    assert_int_equal(rc, PINION_ECLOSED);
    return NULL;
}

static void each_that_was_accepted_is_done_once(void **state)
{
    pthread_t threads[BEGINNERS];
    int counts[BEGINNERS] = { 0 }, sum = 0;
    make(&(pinion_endpoint_options){ 0 });
    ok(pinion_endpoint_start(endpoint));
    for (int i = 0; i < BEGINNERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, begin_until_it_ends, &counts[i]), 0);
    while (atomic_load(&dones) < 100)
        usleep(1000);
    pinion_endpoint_stop(endpoint);
    for (int i = 0; i < BEGINNERS; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }
    assert_int_equal(atomic_load(&works), sum);
    assert_int_equal(atomic_load(&dones), sum);
}

/* ---- the test kit ---- */

static void the_test_kit_has_it(void **state)
{
    pinion_test *own;
    reset();
    ok(pinion_test_new(&own, NULL));
    ok(pinion_endpoint_work(pinion_test_endpoint(own), work, done, NULL));
    while (atomic_load(&dones) == 0) {
        usleep(1000);
        pinion_test_run(own);
    }
    ok(pinion_endpoint_work(pinion_test_endpoint(own), work, done, NULL));
    pinion_test_free(own);
    assert_int_equal(atomic_load(&dones), 2);
}

#undef TEST
#define TEST(name) cmocka_unit_test_teardown(name, unmake)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(done_runs_on_the_loop_that_began_it),
        TEST(of_other_threads_it_runs_on_the_first_loop),
        TEST(there_may_be_no_done),
        TEST(too_much_is_refused),
        TEST(what_terminate_begins_is_done_before_the_end),
        TEST(what_done_begins_is_done_too),
        TEST(before_it_runs_work_begins_and_done_waits),
        TEST(it_is_done_if_the_endpoint_never_runs),
        TEST(when_it_has_stopped_it_is_refused),
        TEST(each_that_was_accepted_is_done_once),
        TEST(the_test_kit_has_it),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
