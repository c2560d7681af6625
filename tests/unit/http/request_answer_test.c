/* Answers that the application gives: what is sent, and what is refused. */
#include "helpers/routes.h"
#include <stdatomic.h>

/* What a route does is the test's. */
static _Atomic(void (*)(pinion_request *request)) act;

static void run(pinion_request *request, void *context)
{
    atomic_load (&act)(request);
}

static void serve(void (*fn)(pinion_request *request))
{
    act = fn;
    if (endpoint)
        return;
    routes_new(NULL);
    ok(pinion_endpoint_http(endpoint, "GET", "/", run, NULL));
    routes_start();
}

static void get(int status, const char *body)
{
    ask("GET /", "", status, body);
}

static void refused(int rc, int code, const char *why)
{
    if (rc != code || !strstr(pinion_error_detail(), why))
        fail_msg("%s: \"%s\", expected was %s: \"%s\"", pinion_errname(rc), pinion_error_detail(),
                 pinion_errname(code), why);
}

static void answer_with_headers(pinion_request *request)
{
    ok(pinion_request_put_header(request, "x-put", "1"));
    ok(pinion_request_answer(request, 202, PINION_HEADERS({ "x-a", "b" }, { "Content-Type", "a/b" }), "hi",
                             2));
}

static void answer_with_cache(pinion_request *request)
{
    ok(pinion_request_answer(request, 200, PINION_HEADERS({ "Cache-Control", "no-store" }), NULL, 0));
}

static void headers_and_body(void **state)
{
    serve(answer_with_headers);
    get(202, "hi");
    assert_true(heard_header("x-put: 1"));
    assert_true(heard_header("x-a: b"));
    assert_true(heard_header("Content-Type: a/b"));
    assert_true(heard_header("content-length: 2"));
    assert_true(heard_header("cache-control: max-age=0, private, must-revalidate"));
    serve(answer_with_cache);
    get(200, "");
    assert_true(heard_header("Cache-Control: no-store"));
    assert_null(strstr(heard.head, "private"));
}

static atomic_int status;

static void answer_status(pinion_request *request)
{
    ok(pinion_request_answer_text(request, status, "body"));
}

static void statuses_without_content(void **state)
{
    static const int without[] = { 204, 205, 304 };
    for (size_t i = 0; i < 3; i++) {
        status = without[i];
        serve(answer_status);
        get(status, "");
        assert_null(strstr(heard.head, "\r\ncontent-type"));
    }
    status = 599;
    get(599, "body");
    assert_true(heard_header("content-type: text/plain; charset=utf-8"));
}

static void answer_json(pinion_request *request)
{
    ok(pinion_request_answer_json(request, 200, pinion_json("{s:[i,n]}", "a", 1)));
}

static void answer_empty_json(pinion_request *request)
{
    ok(pinion_request_answer_json(request, 200, NULL));
}

static void answer_bad_json(pinion_request *request)
{
    refused(pinion_request_answer_json(request, 200, pinion_json("nonsense")), PINION_EPAYLOAD,
            "could not be built");
    refused(pinion_request_answer_json(request, 200, pinion_payload_binary("a", 1)), PINION_EINVAL, "binary");
    ok(pinion_request_answer_text(request, 200, "still"));
}

static void json(void **state)
{
    serve(answer_json);
    get(200, "{\"a\":[1,null]}");
    assert_true(heard_header("content-type: application/json; charset=utf-8"));
    serve(answer_empty_json);
    get(200, "{}");
    serve(answer_bad_json);
    get(200, "still");
}

static void answer_redirect(pinion_request *request)
{
    refused(pinion_request_redirect(request, 200, "/"), PINION_EINVAL, "not a status of a redirect");
    refused(pinion_request_redirect(request, 304, "/"), PINION_EINVAL, "not a status of a redirect");
    refused(pinion_request_redirect(request, 302, ""), PINION_EINVAL, "the location is empty");
    refused(pinion_request_redirect(request, 302, "/a\r\nx: y"), PINION_EINVAL, "the location");
    refused(pinion_request_redirect(request, 302, "/a b"), PINION_EINVAL, "the location");
    ok(pinion_request_redirect(request, 302, "/a?b=c#d"));
}

static void redirects(void **state)
{
    serve(answer_redirect);
    get(302, "");
    assert_true(heard_header("location: /a?b=c#d"));
}

static void answer_wrongly(pinion_request *request)
{
    refused(pinion_request_answer(request, 199, NULL, NULL, 0), PINION_EINVAL, "199 is not a status");
    refused(pinion_request_answer(request, 600, NULL, NULL, 0), PINION_EINVAL, "600 is not a status");
    refused(
        pinion_request_answer(request, 200, PINION_HEADERS({ "x-lost", "1" }, { "a", "b\r\nc: d" }), "x", 1),
        PINION_EINVAL, "control characters");
    refused(pinion_request_answer(request, 200, PINION_HEADERS({ "content-length", "9" }), "x", 1),
            PINION_EINVAL, "itself");
    refused(pinion_request_put_header(request, "a\n", "b"), PINION_EINVAL, "cannot have the name");
    ok(pinion_request_answer_text(request, 200, "once"));
    refused(pinion_request_answer_text(request, 200, "twice"), PINION_EINVAL, "has its answer");
    refused(pinion_request_put_header(request, "a", "b"), PINION_EINVAL, "has its answer");
}

static void what_is_refused_leaves_nothing(void **state)
{
    serve(answer_wrongly);
    get(200, "once");
    assert_null(strstr(heard.head, "x-lost"));
    assert_null(strstr(heard.head, "c: d"));
    get(200, "once");
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(headers_and_body), ROUTES(statuses_without_content),       ROUTES(json),
        ROUTES(redirects),        ROUTES(what_is_refused_leaves_nothing),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
