/* Actors with threads, on each I/O engine: senders on foreign threads, one actor of a name, and the end of
 * the endpoint. */
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#define LOOPS    2
#define THREADS  4
#define SENT     1200
#define CLOSE_MS 100 /* the clients here close nothing themselves */

static sem_t ended_one;
static atomic_size_t begun, ended_ok, ended_closed, destroyed, out_of_order, inits, terminates;

static void await_ends(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (sem_wait(&ended_one) != 0)
            continue;
    }
}

static void ended(int status, const pinion_result *answer, void *data)
{
    atomic_fetch_add(status ? &ended_closed : &ended_ok, 1);
    sem_post(&ended_one);
}

static void destroy(void *data)
{
    atomic_fetch_add(&destroyed, 1);
}

/* ---- an actor that checks the order of each sender ---- */

struct message {
    unsigned thread;
    unsigned number;
};

static unsigned next_of[THREADS];

static pinion_result take(pinion_actor *actor, const pinion_info *info)
{
    const struct message *message = info->data;
    if (message && message->number < next_of[message->thread])
        atomic_fetch_add(&out_of_order, 1);
    if (message)
        next_of[message->thread] = message->number + 1;
    return pinion_noreply();
}

static pinion_result answer(pinion_actor *actor, pinion_call *call, const char *name,
                            const pinion_payload *payload)
{
    return strcmp(name, "lost") == 0 ? pinion_later() : pinion_ok(pinion_payload_ref(payload));
}

static void destroy_message(void *data)
{
    atomic_fetch_add(&destroyed, 1);
    free(data);
}

static const pinion_actor_def orderly = { .handle_call = answer,
                                          .handle_info = take,
                                          .max_mailbox = 64u << 20 };

static void make(void)
{
    sem_init(&ended_one, 0, 0);
    memset(next_of, 0, sizeof next_of);
    atomic_size_t *const counts[] = { &begun,        &ended_ok, &ended_closed, &destroyed,
                                      &out_of_order, &inits,    &terminates };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        atomic_store(counts[i], 0);
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(
        &endpoint, &(pinion_endpoint_options){
                       .host = "127.0.0.1", .io = io, .loops = LOOPS, .close_timeout_ms = CLOSE_MS }));
}

static int unmake(void **state)
{
    int rc = stop(state);
    sem_destroy(&ended_one);
    return rc;
}

static pinion_actor_ref *open_one(const char *name, const pinion_actor_def *def)
{
    pinion_actor_ref *ref;
    ok(pinion_actor_open(endpoint, name, def, NULL, destroy, &ref));
    return ref;
}

static pinion_actor_ref *shared;
static atomic_uint next_thread;

static void *send_in_order(void *data)
{
    unsigned thread = atomic_fetch_add(&next_thread, 1);
    pinion_actor_ref *own = pinion_actor_ref_copy(shared);
    for (unsigned i = 0; i < SENT; i++) {
        struct message *message = malloc(sizeof *message);
        *message = (struct message){ thread, i };
        ok(pinion_actor_send_data(own, "message", message, destroy_message));
        if (i % 10 == 0) {
            ok(pinion_actor_call(own, i % 20 ? "echo" : "lost", NULL,
                                 &(pinion_call_options){ .done = ended }));
            atomic_fetch_add(&begun, 1);
        }
    }
    pinion_actor_ref_free(own);
    return NULL;
}

static void run_threads(void *(*fn)(void *))
{
    pthread_t threads[THREADS];
    atomic_store(&next_thread, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fn, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void messages_of_foreign_threads_stay_in_order(void **state)
{
    make();
    ok(pinion_endpoint_start(endpoint));
    shared = open_one("orderly", &orderly);
    run_threads(send_in_order);
    await_ends(atomic_load(&begun));
    pinion_actor_ref_free(shared);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&out_of_order), 0);
    assert_int_equal(atomic_load(&destroyed), THREADS * SENT + 1);
    assert_int_equal(atomic_load(&ended_ok), atomic_load(&begun) / 2);
    assert_int_equal(atomic_load(&ended_closed), atomic_load(&begun) / 2);
}

/* ---- one of a name ---- */

static atomic_int alive;

static pinion_result begin(pinion_actor *actor, void *argument)
{
    atomic_fetch_add(&inits, 1);
    if (atomic_fetch_add(&alive, 1) != 0)
        atomic_fetch_add(&out_of_order, 1);
    return pinion_ok(NULL);
}

static void end(pinion_actor *actor, pinion_reason reason)
{
    atomic_fetch_add(&terminates, 1);
    atomic_fetch_sub(&alive, 1);
}

static const pinion_actor_def brief = {
    .init = begin, .handle_call = answer, .handle_info = take, .terminate = end, .idle_ms = 1
};

static void *open_and_call(void *data)
{
    for (unsigned i = 0; i < SENT / 3; i++) {
        pinion_actor_ref *ref = open_one("brief", &brief);
        if (pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .done = ended }) == 0)
            atomic_fetch_add(&begun, 1);
        if (i % 7 == 0)
            ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
        if (i % 100 == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL); /* it may become idle */
        pinion_actor_ref_free(ref);
    }
    return NULL;
}

static void there_is_never_more_than_one_of_a_name(void **state)
{
    make();
    atomic_store(&alive, 0);
    ok(pinion_endpoint_start(endpoint));
    run_threads(open_and_call);
    await_ends(atomic_load(&begun));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&out_of_order), 0);
    assert_int_equal(atomic_load(&alive), 0);
    assert_true(atomic_load(&inits) > 1);
    assert_int_equal(atomic_load(&inits), atomic_load(&terminates));
    assert_int_equal(atomic_load(&destroyed), THREADS * (SENT / 3));
    assert_int_equal(atomic_load(&ended_ok) + atomic_load(&ended_closed), atomic_load(&begun));
    assert_true(atomic_load(&ended_ok) > 0);
}

/* One thread stops an actor and opens the name again: it gets another one, which comes after the first. */
static void who_stops_one_and_opens_it_gets_a_new_one(void **state)
{
    static const pinion_actor_def single = { .init = begin, .handle_call = answer, .terminate = end };
    enum { TIMES = 300 };
    make();
    ok(pinion_endpoint_start(endpoint));
    pinion_actor_ref *ref = open_one("single", &single);
    for (int i = 0; i < TIMES; i++) {
        ok(pinion_actor_stop(ref, PINION_REASON_NORMAL));
        pinion_actor_ref_free(ref);
        ref = open_one("single", &single);
        ok(pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .done = ended }));
    }
    await_ends(TIMES);
    assert_int_equal(atomic_load(&ended_ok), TIMES);
    assert_int_equal(atomic_load(&out_of_order), 0);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&inits), TIMES + 1);
    assert_int_equal(atomic_load(&terminates), TIMES + 1);
    assert_int_equal(atomic_load(&destroyed), TIMES + 1);
    pinion_actor_ref_free(ref);
}

/* ---- the end of the endpoint ---- */

static atomic_bool over;
static atomic_uint opened;

static void *send_until_the_end(void *data)
{
    pinion_actor_ref *refs[10];
    for (int i = 0; i < 10; i++)
        refs[i] = open_one(((const char *const[]){ "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" })[i],
                           &orderly);
    atomic_fetch_add(&opened, 1);
    for (unsigned i = 0; !atomic_load(&over); i++) {
        int rc = pinion_actor_send_data(refs[i % 10], "message", NULL, destroy_message);
        assert_true(rc == 0 || rc == PINION_ECLOSED || rc == PINION_EBUSY);
        atomic_fetch_add(&inits, 1);
        rc = pinion_actor_call(refs[i % 10], "echo", NULL, &(pinion_call_options){ .done = ended });
        atomic_fetch_add(&begun, rc == 0);
        assert_true(rc == 0 || rc == PINION_ECLOSED || rc == PINION_EBUSY);
    }
    for (int i = 0; i < 10; i++)
        pinion_actor_ref_free(refs[i]);
    return NULL;
}

static void stopping_under_load_ends_all_once(void **state)
{
    pthread_t threads[THREADS];
    make();
    atomic_store(&over, false);
    atomic_store(&opened, 0);
    ok(pinion_endpoint_start(endpoint));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_until_the_end, NULL), 0);
    await_ends(1000);
    while (atomic_load(&opened) < THREADS) /* one may have had no processor yet */
        sched_yield();
    pinion_endpoint_stop(endpoint);
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&ended_ok) + atomic_load(&ended_closed), atomic_load(&begun));
    assert_int_equal(atomic_load(&destroyed), atomic_load(&inits) + THREADS * 10);
}

static void sleep_long(void *data)
{
    nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static pinion_result slept(pinion_actor *actor, int status, void *data)
{
    return pinion_noreply();
}

static pinion_result take_long(pinion_actor *actor, const pinion_info *info)
{
    ok(pinion_actor_work(actor, sleep_long, slept, NULL));
    return pinion_noreply();
}

/* What waits for it would take a minute. */
static void one_that_is_slow_does_not_hold_up_the_end(void **state)
{
    static const pinion_actor_def slow = { .init = begin, .handle_info = take_long, .terminate = end };
    enum { MESSAGES = 600 };
    make();
    pinion_endpoint_free(endpoint);
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1",
                                                                  .io = io,
                                                                  .loops = LOOPS,
                                                                  .drain_timeout_ms = 100,
                                                                  .close_timeout_ms = 100 }));
    ok(pinion_endpoint_start(endpoint));
    pinion_actor_ref *ref = open_one("slow", &slow);
    for (int i = 0; i < MESSAGES; i++)
        ok(pinion_actor_send_data(ref, "message", NULL, destroy));
    time_t before = time(NULL);
    pinion_endpoint_stop(endpoint);
    assert_in_range(time(NULL) - before, 0, 30); /* 1.2 s on a machine that is not busy */
    assert_int_equal(atomic_load(&terminates), 1);
    assert_int_equal(atomic_load(&destroyed), MESSAGES + 1);
    pinion_actor_ref_free(ref);
}

static void one_of_an_endpoint_that_never_runs_never_begins(void **state)
{
    make();
    pinion_actor_ref *ref = open_one("a", &brief);
    ok(pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .done = ended }));
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    assert_int_equal(atomic_load(&inits), 0);
    assert_int_equal(atomic_load(&destroyed), 1);
    assert_int_equal(atomic_load(&ended_closed), 1);
    assert_int_equal(pinion_actor_send(ref, "a", NULL), PINION_ECLOSED);
    pinion_actor_ref_free(ref);
}

static void one_that_was_opened_before_begins_when_it_runs(void **state)
{
    make();
    pinion_actor_ref *ref = open_one("a", &orderly);
    ok(pinion_actor_call(ref, "echo", NULL, &(pinion_call_options){ .done = ended }));
    assert_int_equal(atomic_load(&ended_ok), 0);
    ok(pinion_endpoint_start(endpoint));
    await_ends(1);
    assert_int_equal(atomic_load(&ended_ok), 1);
    pinion_actor_ref_free(ref);
}

static void after_the_end_none_is_opened(void **state)
{
    pinion_actor_ref *ref = NULL;
    make();
    ok(pinion_endpoint_start(endpoint));
    pinion_actor_ref_free(open_one("a", &orderly));
    pinion_endpoint_stop(endpoint);
    assert_int_equal(pinion_actor_open(endpoint, "a", &orderly, NULL, destroy, &ref), PINION_ECLOSED);
    assert_int_equal(pinion_actor_open(endpoint, "b", &orderly, NULL, destroy, &ref), PINION_ECLOSED);
    assert_null(ref);
    assert_int_equal(atomic_load(&destroyed), 3);
}

/* ---- channels end before actors ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    sem_post(&ended_one);
    return pinion_ok(NULL);
}

static void send_at_the_end(pinion_channel *channel, pinion_reason reason)
{
    ok(pinion_actor_send(shared, "left", NULL));
}

static const pinion_channel_def leaver = { .join = join, .terminate = send_at_the_end };
static const pinion_socket_def leaving = { .channels = PINION_ROUTES({ "room:*", &leaver }) };
static atomic_int left_before, left_at_end;

static pinion_result count_left(pinion_actor *actor, const pinion_info *info)
{
    atomic_fetch_add(&left_before, 1);
    return pinion_noreply();
}

static void note_left(pinion_actor *actor, pinion_reason reason)
{
    atomic_store(&left_at_end, atomic_load(&left_before));
}

#define CLIENTS 16

static void channels_end_before_actors(void **state)
{
    static const pinion_actor_def counter = { .handle_info = count_left, .terminate = note_left };
    int fds[CLIENTS];
    char text[60];
    make();
    atomic_store(&left_before, 0);
    ok(pinion_endpoint_socket(endpoint, "/socket", &leaving, NULL));
    ok(pinion_endpoint_start(endpoint));
    shared = open_one("a", &counter);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = websocket();
        snprintf(text, sizeof text, "[\"1\",\"1\",\"room:%d\",\"phx_join\",{}]", i);
        assert_true(tcp_say_text(fds[i], text));
    }
    await_ends(CLIENTS);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&left_at_end), CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    pinion_actor_ref_free(shared);
}

/* ---- requests have their answers before actors end ---- */

static void work_for_a_while(void *data)
{
    sem_post(&ended_one);
    nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000 }, NULL);
}

static pinion_result worked(pinion_actor *actor, int status, void *data)
{
    return pinion_ok(pinion_json("i", status == 0 ? 42 : 0));
}

static pinion_result begin_work(pinion_actor *actor, pinion_call *call, const char *name,
                                const pinion_payload *payload)
{
    ok(pinion_actor_work(actor, work_for_a_while, worked, NULL));
    return pinion_later();
}

static void ask_worker(pinion_request *request, void *context)
{
    ok(pinion_actor_call(shared, "work", NULL,
                         &(pinion_call_options){ .request = pinion_request_ref_new(request) }));
}

static void requests_are_answered_before_actors_end(void **state)
{
    static const pinion_actor_def worker = { .handle_call = begin_work };
    char head[1000], body[2];
    make();
    ok(pinion_endpoint_http(endpoint, "GET", "/ask", ask_worker, NULL));
    ok(pinion_endpoint_start(endpoint));
    shared = open_one("worker", &worker);
    int fd = connected_fd();
    assert_true(tcp_say(fd, "GET /ask HTTP/1.1\r\nHost: x\r\n\r\n"));
    await_ends(1); /* it works */
    pinion_endpoint_stop(endpoint);
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    assert_true(tcp_read(fd, body, 2));
    assert_memory_equal(body, "42", 2);
    close(fd);
    pinion_actor_ref_free(shared);
}

static void too_many_are_refused(void **state)
{
    pinion_actor_ref *ref = NULL;
    sem_init(&ended_one, 0, 0);
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){
                                          .host = "127.0.0.1", .io = io, .loops = LOOPS, .max_actors = 2 }));
    pinion_actor_ref_free(open_one("a", &orderly));
    pinion_actor_ref_free(open_one("b", &orderly));
    assert_int_equal(pinion_actor_open(endpoint, "c", &orderly, NULL, NULL, &ref), PINION_EBUSY);
    assert_non_null(strstr(pinion_error_detail(), "there are 2 actors (max_actors)"));
    pinion_actor_ref_free(open_one("b", &orderly));
}

#undef TEST
#define TEST(name) cmocka_unit_test_teardown(name, unmake)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_of_foreign_threads_stay_in_order),
        TEST(there_is_never_more_than_one_of_a_name),
        TEST(who_stops_one_and_opens_it_gets_a_new_one),
        TEST(stopping_under_load_ends_all_once),
        TEST(one_that_is_slow_does_not_hold_up_the_end),
        TEST(one_of_an_endpoint_that_never_runs_never_begins),
        TEST(one_that_was_opened_before_begins_when_it_runs),
        TEST(after_the_end_none_is_opened),
        TEST(channels_end_before_actors),
        TEST(requests_are_answered_before_actors_end),
        TEST(too_many_are_refused),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
