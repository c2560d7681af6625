/* Requests that are answered later, by a ref and from any thread. */
#include "endpoint/endpoint.h"
#include "helpers/capture.h"
#include "helpers/routes.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define LATE_MS 1500 /* later than a server that goes down waits for clients that do not read */

static _Atomic(pinion_request_ref *) kept; /* the loop writes it, and the test reads it */
static sem_t taken;

/* ---- the routes ---- */

static void take(pinion_request *request, void *context)
{
    ok(pinion_request_put_header(request, "x-put", "1"));
    kept = pinion_request_ref_new(request);
    assert_non_null(kept);
    assert_null(pinion_request_ref_new(request)); /* it has one */
    sem_post(&taken);
}

static void take_body(pinion_request *request, void *context)
{
    pinion_slice body = pinion_request_body(request);
    assert_int_equal(body.len, 2);
    take(request, context);
}

static void drop(pinion_request *request, void *context)
{
    pinion_request_ref_free(pinion_request_ref_new(request));
}

static void answer_both_ways(pinion_request *request, void *context)
{
    take(request, context);
    ok(pinion_request_answer_text(request, 200, "now"));
    assert_int_equal(pinion_request_ref_answer(kept, 200, NULL, "later", 5), 0); /* it is told on the loop */
}

static void answer_first(pinion_request *request, void *context)
{
    ok(pinion_request_answer_text(request, 200, "now"));
    kept = pinion_request_ref_new(request);
}

static void say_now(pinion_request *request, void *context)
{
    pinion_request_answer_text(request, 200, "now");
}

static void serve_with(const pinion_endpoint_options *options)
{
    assert_int_equal(sem_init(&taken, 0, 0), 0);
    routes_new(options);
    ok(pinion_endpoint_http(endpoint, "GET", "/take", take, NULL));
    ok(pinion_endpoint_http(endpoint, "POST", "/take", take_body, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/drop", drop, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/both", answer_both_ways, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/first", answer_first, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/now", say_now, NULL));
    routes_start();
}

static void serve(void)
{
    serve_with(NULL);
}

static int end_test(void **state)
{
    pinion_request_ref_free(kept);
    kept = NULL;
    sem_destroy(&taken);
    return routes_stop(state);
}

static void await_taken(void)
{
    while (sem_wait(&taken) != 0)
        continue;
}

static void get_taken(int fd)
{
    say(fd, "GET /take HTTP/1.1\r\nHost: x\r\n\r\n");
    await_taken();
}

static void free_kept(void)
{
    pinion_request_ref_free(kept);
    kept = NULL;
}

/* ---- answers ---- */

static void from_another_thread(void **state)
{
    serve();
    get_taken(asking);
    ok(pinion_request_ref_answer(kept, 202, PINION_HEADERS({ "x-a", "b" }), "later", 5));
    free_kept();
    hear(asking, 202, "later");
    assert_true(heard_header("x-put: 1"));
    assert_true(heard_header("x-a: b"));
    assert_false(heard.closes);
    get_taken(asking);
    ok(pinion_request_ref_answer_json(kept, 200, pinion_json("[i]", 1)));
    free_kept();
    hear(asking, 200, "[1]");
    assert_true(heard_header("content-type: application/json; charset=utf-8"));
}

static void requests_behind_it_wait(void **state)
{
    serve();
    say(asking, "GET /take HTTP/1.1\r\nHost: x\r\n\r\nGET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    await_taken();
    ok(pinion_request_ref_answer(kept, 200, NULL, "later", 5));
    hear(asking, 200, "later");
    hear(asking, 200, "now");
}

static void after_a_body(void **state)
{
    serve();
    say(asking, "POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
                "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    await_taken();
    ok(pinion_request_ref_answer(kept, 200, NULL, NULL, 0));
    hear(asking, 200, "");
    hear(asking, 200, "now");
}

static void to_a_client_that_sends_no_more(void **state)
{
    serve();
    get_taken(asking);
    assert_int_equal(shutdown(asking, SHUT_WR), 0);
    ask_elsewhere("GET /now", 200, "now");
    ok(pinion_request_ref_answer(kept, 200, NULL, "later", 5));
    hear(asking, 200, "later");
    assert_true(ends(asking));
}

static void a_head_has_no_body(void **state)
{
    serve();
    say(asking, "HEAD /take HTTP/1.1\r\nHost: x\r\n\r\n");
    await_taken();
    ok(pinion_request_ref_answer(kept, 200, NULL, "later", 5));
    hear_head(asking);
    assert_true(heard_header("content-length: 5"));
    ask("GET /now", "", 200, "now");
}

/* ---- what is refused ---- */

static void refused(int rc, int code, const char *why)
{
    if (rc != code || !strstr(pinion_error_detail(), why))
        fail_msg("%s: \"%s\", expected was %s: \"%s\"", pinion_errname(rc), pinion_error_detail(),
                 pinion_errname(code), why);
}

static void answers_that_are_wrong(void **state)
{
    serve();
    get_taken(asking);
    refused(pinion_request_ref_answer(kept, 100, NULL, NULL, 0), PINION_EINVAL, "not a status");
    refused(pinion_request_ref_answer(kept, 200, PINION_HEADERS({ "a", "b\nc" }), NULL, 0), PINION_EINVAL,
            "control characters");
    refused(pinion_request_ref_answer_json(kept, 200, pinion_json("nonsense")), PINION_EPAYLOAD,
            "could not be built");
    ok(pinion_request_ref_answer(kept, 200, NULL, "right", 5));
    refused(pinion_request_ref_answer(kept, 200, NULL, "twice", 5), PINION_EINVAL, "has its answer");
    hear(asking, 200, "right");
}

static void one_answer_of_two(void **state)
{
    serve();
    ask("GET /both", "", 200, "now");
    await_taken();
    ask("GET /now", "", 200, "now");
    refused(pinion_request_ref_answer(kept, 200, NULL, "later", 5), PINION_EINVAL, "has its answer");
    free_kept();
    ask("GET /first", "", 200, "now");
    assert_null(kept);
}

/* ---- broken promises ---- */

static void a_ref_that_is_freed(void **state)
{
    char text[2000];
    struct capture capture = { .reader = -1 };
    serve();
    pinion_log_set_level(PINION_LOG_WARNING);
    assert_int_equal(capture_begin(&capture), 0);
    get_taken(asking);
    free_kept();
    hear_head(asking);
    capture_end(&capture, text, sizeof text);
    assert_int_equal(heard.status, 500);
    assert_non_null(strstr(text, "GET /take is answered 500: its ref was freed"));
}

static void a_ref_that_is_freed_at_once(void **state)
{
    serve();
    ask("GET /drop", "", 500, NULL);
    assert_false(heard.closes);
    ask("GET /now", "", 200, "now");
}

static void await_connections(size_t count)
{
    pinion_stats now;
    do {
        ask_elsewhere("GET /now", 200, "now");
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections > count);
}

static void a_client_that_has_gone(void **state)
{
    serve();
    get_taken(asking);
    tcp_reset(asking);
    asking = 0;
    await_connections(1); /* the one that looks */
    refused(pinion_request_ref_answer(kept, 200, NULL, "later", 5), PINION_ECLOSED, "has gone");
    free_kept();
    asking = connected_fd();
    get_taken(asking); /* freed after its client has gone, too */
    tcp_reset(asking);
    asking = 0;
    await_connections(1);
}

/* ---- the end ---- */

static void a_ref_that_outlives_the_endpoint(void **state)
{
    serve_with(&(pinion_endpoint_options){ .drain_timeout_ms = 1, .close_timeout_ms = 1 });
    get_taken(asking);
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    refused(pinion_request_ref_answer(kept, 200, NULL, "later", 5), PINION_ECLOSED, "has gone");
}

static void *answer_late(void *data)
{
    const struct timespec late = { .tv_sec = LATE_MS / 1000, .tv_nsec = LATE_MS % 1000 * 1000000L };
    while (!atomic_load(&endpoint->stop_requested))
        sched_yield();
    nanosleep(&late, NULL);
    return (void *)(intptr_t)pinion_request_ref_answer(kept, 200, NULL, "late", 4);
}

static void a_server_that_goes_down_waits_for_answers(void **state)
{
    pthread_t thread;
    void *rc;
    serve_with(&(pinion_endpoint_options){ .close_timeout_ms = 1 });
    get_taken(asking);
    assert_int_equal(pthread_create(&thread, NULL, answer_late, NULL), 0);
    pinion_endpoint_stop(endpoint);
    assert_int_equal(pthread_join(thread, &rc), 0);
    assert_int_equal((intptr_t)rc, 0);
    hear(asking, 200, "late");
    assert_true(heard.closes);
}

#define LATER(name) cmocka_unit_test_teardown(name, end_test)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        LATER(from_another_thread),
        LATER(requests_behind_it_wait),
        LATER(after_a_body),
        LATER(to_a_client_that_sends_no_more),
        LATER(a_head_has_no_body),
        LATER(answers_that_are_wrong),
        LATER(one_answer_of_two),
        LATER(a_ref_that_is_freed),
        LATER(a_ref_that_is_freed_at_once),
        LATER(a_client_that_has_gone),
        LATER(a_ref_that_outlives_the_endpoint),
        LATER(a_server_that_goes_down_waits_for_answers),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
