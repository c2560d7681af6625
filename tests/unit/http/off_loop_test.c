/* Requests whose work is done on another thread. */
#include "helpers/capture.h"
#include "helpers/routes.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static _Atomic pthread_t loop_thread;
static atomic_int worked, done_status;
static sem_t begun, may_end, done_ran;
static atomic_int left; /* how often the work is done once more */

static void work(void *data)
{
    assert_false(pthread_equal(pthread_self(), loop_thread));
    atomic_fetch_add(&worked, 1);
}

static void wait_to_end(void *data)
{
    sem_post(&begun);
    sem_wait(&may_end);
    work(data);
}

static void answer(pinion_request *request, int status, void *data)
{
    char text[200];
    assert_true(pthread_equal(pthread_self(), loop_thread));
    assert_int_equal(status, 0);
    snprintf(text, sizeof text, "%s %s %.*s", pinion_request_path(request), pinion_request_peer(request),
             (int)pinion_request_header(request, "x-a").len, pinion_request_header(request, "x-a").ptr);
    ok(pinion_request_answer_text(request, 200, text));
}

static void begin(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, work, answer, NULL));
}

static void go_on(pinion_request *request, int status, void *data)
{
    ok(pinion_request_work(request, work, atomic_fetch_sub(&left, 1) > 1 ? go_on : answer, NULL));
}

static void begin_again(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, work, go_on, NULL));
}

static void do_nothing(pinion_request *request, int status, void *data)
{
}

static void begin_for_nothing(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, work, do_nothing, NULL));
}

static void answer_by_ref(pinion_request *request, int status, void *data)
{
    pinion_request_ref *ref = pinion_request_ref_new(request);
    assert_non_null(ref);
    ok(pinion_request_ref_answer(ref, 200, NULL, "ref", 3));
    pinion_request_ref_free(ref);
}

static void begin_for_ref(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, work, answer_by_ref, NULL));
}

static void answer_at_once(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, work, do_nothing, NULL));
    ok(pinion_request_answer_text(request, 200, "now"));
    assert_int_equal(pinion_request_work(request, work, do_nothing, NULL), PINION_EINVAL);
}

static void keep_status(pinion_request *request, int status, void *data)
{
    atomic_store(&done_status, status);
    if (status)
        assert_int_equal(pinion_request_answer_text(request, 200, "for nobody"), status);
    else
        ok(pinion_request_answer_text(request, 200, "done"));
    assert_string_equal(pinion_request_path(request), "/wait");
    sem_post(&done_ran);
}

static void begin_to_wait(pinion_request *request, void *context)
{
    loop_thread = pthread_self();
    ok(pinion_request_work(request, wait_to_end, keep_status, NULL));
}

static void say_now(pinion_request *request, void *context)
{
    pinion_request_answer_text(request, 200, "now");
}

static void serve(void)
{
    atomic_store(&worked, 0);
    atomic_store(&done_status, 1);
    assert_int_equal(sem_init(&begun, 0, 0), 0);
    assert_int_equal(sem_init(&may_end, 0, 0), 0);
    assert_int_equal(sem_init(&done_ran, 0, 0), 0);
    routes_new(&(pinion_endpoint_options){ .close_timeout_ms = 1 });
    ok(pinion_endpoint_http(endpoint, "GET", "/work", begin, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/again", begin_again, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/nothing", begin_for_nothing, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/ref", begin_for_ref, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/at-once", answer_at_once, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/wait", begin_to_wait, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/now", say_now, NULL));
    routes_start();
}

static void await(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        continue;
}

static void done_answers(void **state)
{
    serve();
    ask("GET /work", "X-A: b\r\n", 200, "/work 127.0.0.1 b");
    assert_int_equal(atomic_load(&worked), 1);
    assert_false(heard.closes);
    ask("GET /ref", "", 200, "ref");
}

static void work_may_go_on(void **state)
{
    serve();
    left = 3;
    ask("GET /again", "X-A: b\r\n", 200, "/again 127.0.0.1 b");
    assert_int_equal(atomic_load(&worked), 4);
}

static void a_done_that_does_not_answer(void **state)
{
    char text[2000];
    struct capture capture = { .reader = -1 };
    serve();
    pinion_log_set_level(PINION_LOG_WARNING);
    assert_int_equal(capture_begin(&capture), 0);
    say(asking, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_head(asking);
    capture_end(&capture, text, sizeof text);
    assert_int_equal(heard.status, 500);
    assert_non_null(strstr(text, "GET /nothing is answered 500: its ref was freed, or its work was done"));
}

static void an_answer_before_the_work_is_done(void **state)
{
    serve();
    ask("GET /at-once", "", 200, "now");
    ask("GET /work", "X-A: b\r\n", 200, NULL);
}

static void a_client_that_has_gone(void **state)
{
    pinion_stats now;
    serve();
    say(asking, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&begun);
    tcp_reset(asking);
    asking = 0;
    do {
        ask_elsewhere("GET /now", 200, "now");
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections > 1);
    sem_post(&may_end);
    await(&done_ran);
    assert_int_equal(atomic_load(&done_status), PINION_ECLOSED);
}

static void *let_end(void *data)
{
    while (connect_is_taken())
        sched_yield();
    sem_post(&may_end);
    return NULL;
}

static void a_server_that_goes_down_waits_for_work(void **state)
{
    pthread_t thread;
    serve();
    say(asking, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&begun);
    assert_int_equal(pthread_create(&thread, NULL, let_end, NULL), 0);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&done_status), 0);
    hear(asking, 200, "done");
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(done_answers),
        ROUTES(work_may_go_on),
        ROUTES(a_done_that_does_not_answer),
        ROUTES(an_answer_before_the_work_is_done),
        ROUTES(a_client_that_has_gone),
        ROUTES(a_server_that_goes_down_waits_for_work),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
