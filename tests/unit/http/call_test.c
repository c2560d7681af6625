/* Requests that reach the application: what it reads of them, their bodies, and answers that it owes. */
#include "endpoint/endpoint.h"
#include "helpers/capture.h"
#include "helpers/routes.h"

#define BODY(text) "POST /echo HTTP/1.1\r\nHost: x\r\n" text

/* ---- the routes ---- */

static void echo(pinion_request *request, void *context)
{
    pinion_slice type = pinion_request_header(request, "Content-Type"), body = pinion_request_body(request);
    char text[100];
    snprintf(text, sizeof text, "%.*s", (int)type.len, type.ptr ? type.ptr : "");
    pinion_header headers[] = { { "content-type", text }, { NULL, NULL } };
    pinion_request_answer(request, 200, type.ptr ? headers : NULL, body.ptr, body.len);
}

static void say_route(pinion_request *request, void *context)
{
    const char *id = pinion_request_path_param(request, "id"),
               *rest = pinion_request_path_param(request, "*");
    char text[200];
    snprintf(text, sizeof text, "%s %s %s %s", pinion_request_method(request),
             context ? (const char *)context : "-", id ? id : "-", rest ? rest : "-");
    pinion_request_answer_text(request, 200, text);
}

static void fail_to_sign(pinion_request *request, void *context)
{
    char *token;
    if (pinion_token_sign(pinion_request_endpoint(request), "user", NULL, NULL, &token) == 0)
        free(token);
}

static void say_nothing(pinion_request *request, void *context)
{
}

static void dawdle(pinion_request *request, void *context)
{
    usleep(130000);
    pinion_request_answer(request, 200, NULL, NULL, 0);
}

static void say_lines(pinion_slice name, pinion_slice value, void *data)
{
    char *text = data;
    size_t len = strlen(text);
    snprintf(text + len, 1000 - len, "%.*s=%.*s;", (int)name.len, name.ptr, (int)value.len, value.ptr);
}

static void say_headers(pinion_request *request, void *context)
{
    char text[1000] = "";
    pinion_request_headers(request, "X-", say_lines, text);
    pinion_request_answer_text(request, 200, text);
}

static void say_peer(pinion_request *request, void *context)
{
    char text[200];
    bool port = pinion_request_peer_port(request) != 0;
    snprintf(text, sizeof text, "%s %s %s %d", pinion_request_scheme(request), pinion_request_peer(request),
             port ? "port" : "none", pinion_request_endpoint(request) == endpoint);
    pinion_request_answer_text(request, 200, text);
}

static void say_json(pinion_request *request, void *context)
{
    pinion_payload *payload = NULL;
    int rc = pinion_request_json(request, &payload);
    if (rc)
        pinion_request_answer_text(request, 400, pinion_errname(rc));
    else
        pinion_request_answer_json(request, 201, payload);
}

static void say_query(pinion_request *request, void *context)
{
    const pinion_payload *params = pinion_request_params(request);
    assert_ptr_equal(params, pinion_request_params(request));
    if (params)
        pinion_request_answer_json(request, 200, pinion_payload_ref(params));
    else
        pinion_request_answer_text(request, 400, pinion_request_query(request));
}

static const pinion_http_options small = { .max_body = 10 };
static const pinion_http_options typed = { .accepts = "application/json" };
static const pinion_http_options with_context = { .context = "context" };

static void serve_with(const pinion_endpoint_options *options)
{
    routes_new(options);
    ok(pinion_endpoint_http(endpoint, "POST", "/echo", echo, &small));
    ok(pinion_endpoint_http(endpoint, "POST", "/large", echo, NULL));
    ok(pinion_endpoint_http(endpoint, "POST", "/json", say_json, &typed));
    ok(pinion_endpoint_http(endpoint, "GET", "/rooms/:id", say_route, NULL));
    ok(pinion_endpoint_http(endpoint, "DELETE", "/rooms/:id", say_route, &with_context));
    ok(pinion_endpoint_http(endpoint, "GET", "/rooms/lobby", say_route, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/rest/:id/*", say_route, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/nothing", say_nothing, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/failing", fail_to_sign, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/slow", dawdle, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/headers", say_headers, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/peer", say_peer, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/query", say_query, NULL));
    ok(pinion_endpoint_get(endpoint, "/page", endpoint_page, NULL));
    routes_start();
}

static void serve(void)
{
    serve_with(NULL);
}

/* ---- what is read ---- */

static void parameters_and_context(void **state)
{
    serve_with(&(pinion_endpoint_options){ .context = "shared" });
    ask("GET /rooms/a%20b", "", 200, "GET shared a b -");
    ask("DELETE //rooms/7/", "", 200, "DELETE context 7 -");
    ask("GET /rooms/lobby", "", 200, "GET shared - -");
    ask("DELETE /rooms/lobby", "", 200, "DELETE context lobby -");
    ask("GET /rest/1", "", 200, "GET shared 1 ");
    ask("GET /rest/1/a//b/", "", 200, "GET shared 1 a/b");
    ask("GET /rooms/%ff", "", 400, NULL);
    ask("GET /rooms/%zz", "", 400, NULL);
    assert_false(heard.closes);
}

static void headers_in_any_case(void **state)
{
    serve();
    ask("GET /headers", "x-a: 1\r\nAccept: b\r\nX-B: 2\r\nX: 3\r\n", 200, "x-a=1;X-B=2;");
}

static void the_query(void **state)
{
    serve();
    ask("GET /query?a=1&b[]=%20", "", 200, "{\"a\":\"1\",\"b\":[\" \"]}");
    ask("GET /query", "", 200, "{}");
    ask("GET /query?a=%ff", "", 400, "a=%ff");
}

static void where_it_comes_from(void **state)
{
    serve();
    ask("GET /peer", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", 200,
        "http 127.0.0.1 port 1");
    (void)routes_stop(NULL);
    serve_with(&(pinion_endpoint_options){ .trusted_proxies = "127.0.0.1" });
    ask("GET /peer", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", 200,
        "https 192.0.2.7 none 1");
}

static void json_of_a_body(void **state)
{
    serve();
    say(asking, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
                "Content-Length: 8\r\n\r\n{\"a\": 1}");
    hear(asking, 201, "{\"a\":1}");
    assert_true(heard_header("content-type: application/json; charset=utf-8"));
    say(asking,
        "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: APPLICATION/JSON\r\nContent-Length: 2\r\n\r\n{]");
    hear(asking, 400, "PINION_EPROTO");
    ask("POST /json", "", 400, "PINION_EPROTO"); /* without a body it needs no type */
}

/* ---- bodies ---- */

static void bodies_come_whole(void **state)
{
    serve();
    say(asking, BODY("Content-Type: text/x\r\nContent-Length: 10\r\n\r\n0123456789"));
    hear(asking, 200, "0123456789");
    assert_true(heard_header("content-type: text/x"));
    say(asking, BODY("Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n01234\r\n5\r\n56789\r\n0\r\nT: v\r\n\r\n"));
    hear(asking, 200, "0123456789");
    assert_false(heard_header("content-type: text/x"));
    say(asking, BODY("\r\n") BODY("Content-Length: 0\r\n\r\n") BODY("Content-Length: 1\r\n\r\nx"));
    hear(asking, 200, "");
    hear(asking, 200, "");
    hear(asking, 200, "x");
    assert_false(heard.closes);
}

static void a_body_in_pieces(void **state)
{
    static const char text[] = BODY("Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
    const int on = 1;
    serve();
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        int fd = connected_fd();
        setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof on); /* TCP_NODELAY */
        assert_true(tcp_send(fd, text, cut));
        ask("GET /rooms/1", "", 200, NULL); /* the first part has been looked at */
        say(fd, text + cut);
        hear(fd, 200, "abcde");
        close(fd);
    }
}

static void a_body_that_is_too_long(void **state)
{
    serve();
    say(asking, BODY("Content-Length: 11\r\n\r\n0123456789a"));
    hear(asking, 413, NULL);
    assert_false(heard.closes); /* it was read, and dropped */
    ask("GET /rooms/1", "", 200, NULL);
    say(asking, BODY("Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n"));
    hear(asking, 413, NULL);
    assert_true(heard.closes);
    assert_true(ends(asking));
}

static void a_body_that_will_not_be_read(void **state)
{
    serve();
    say(asking, BODY("Content-Length: 2000000\r\n\r\n"));
    hear(asking, 413, NULL);
    assert_true(heard.closes);
}

static void the_default_takes_a_mebibyte(void **state)
{
    char head[200], *body = calloc(1, 1 << 20), *got = calloc(1, 1 << 20);
    assert_non_null(body);
    assert_non_null(got);
    memset(body, 'b', 1 << 20);
    serve();
    snprintf(head, sizeof head, "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 1 << 20);
    say(asking, head);
    assert_true(tcp_send(asking, body, 1 << 20));
    hear_head(asking);
    assert_int_equal(heard.status, 200);
    assert_true(tcp_read(asking, got, 1 << 20));
    assert_memory_equal(got, body, 1 << 20);
    say(asking, "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n");
    hear(asking, 413, NULL);
    free(body);
    free(got);
}

static void a_body_of_another_type(void **state)
{
    serve();
    say(asking, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    hear(asking, 415, NULL);
    say(asking, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    hear(asking, 415, NULL);
    say(asking, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonx\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    hear(asking, 415, NULL);
    ask("GET /rooms/1", "", 200, NULL);
}

static void a_body_that_is_waited_for(void **state)
{
    serve();
    say(asking, BODY("Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    hear_head(asking);
    assert_int_equal(heard.status, 100);
    say(asking, "hi");
    hear(asking, 200, "hi");
    assert_false(heard.closes); /* the body has come, so what follows is a request */
    say(asking, BODY("Expect: 100-continue\r\nContent-Length: 20\r\n\r\n"));
    hear(asking, 413, NULL);
    assert_true(heard.closes); /* nobody knows whether the body follows */
    assert_true(ends(asking));
}

static void a_body_that_is_not_valid(void **state)
{
    serve();
    say(asking, BODY("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"));
    hear(asking, 400, NULL);
    assert_true(heard.closes);
}

static void a_body_that_stops(void **state)
{
    routes_new(NULL);
    endpoint->http_limits.stall_ms = 200;
    ok(pinion_endpoint_http(endpoint, "POST", "/echo", echo, NULL));
    routes_start();
    say(asking, BODY("Content-Length: 3\r\n\r\nab"));
    hear(asking, 408, NULL);
    assert_true(heard.closes);
    assert_true(ends(asking));
}

/* ---- methods ---- */

static void a_head_is_answered_without_its_body(void **state)
{
    serve();
    say(asking, "HEAD /rooms/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_head(asking);
    assert_int_equal(heard.status, 200);
    assert_true(heard_header("content-length: 10")); /* "HEAD - 1 -" */
    ask("GET /rooms/1", "", 200, "GET - 1 -");
}

static void methods_that_a_path_has(void **state)
{
    serve();
    ask("OPTIONS /rooms/1", "", 204, "");
    assert_true(heard_header("allow: GET, HEAD, DELETE, OPTIONS"));
    ask("PUT /rooms/1", "", 405, NULL);
    assert_true(heard_header("allow: GET, HEAD, DELETE, OPTIONS"));
    ask("GET /echo", "", 405, NULL);
    assert_true(heard_header("allow: POST, OPTIONS"));
    ask("TRACE /echo", "", 405, NULL);
    ask("STEAL /echo", "", 501, NULL);
    ask("POST /page", "", 405, NULL);
    assert_true(heard_header("allow: GET, HEAD, OPTIONS"));
    ask("PUT /elsewhere", "", 404, NULL);
    ask("OPTIONS /elsewhere", "", 404, NULL);
}

/* ---- promises ---- */

/* Ask, and have what is logged meanwhile. */
static void ask_and_look(const char *request, int status, char *text, size_t size)
{
    struct capture capture = { .reader = -1 };
    serve();
    pinion_log_set_level(PINION_LOG_WARNING);
    assert_int_equal(capture_begin(&capture), 0);
    say(asking, request);
    hear_head(asking);
    capture_end(&capture, text, size);
    assert_int_equal(heard.status, status);
}

static void a_function_that_does_not_answer(void **state)
{
    char text[2000];
    ask_and_look("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 500, text, sizeof text);
    assert_non_null(
        strstr(text, "GET /nothing is answered 500: its function has returned without an answer"));
    assert_non_null(strstr(text, "127.0.0.1"));
}

/* As where a login cannot sign its token. */
static void the_call_that_failed_is_named(void **state)
{
    char text[2000];
    ask_and_look("GET /failing HTTP/1.1\r\nHost: x\r\n\r\n", 500, text, sizeof text);
    if (!strstr(text, "; a call has failed: "))
        fail_msg("%s", text);
}

static void a_slow_function_is_named(void **state)
{
    char text[2000];
    ask_and_look("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", 200, text, sizeof text);
    assert_non_null(strstr(text, "endpoint: http(GET /slow) held its loop for "));
    assert_non_null(strstr(text, "do slow work in pinion_request_work"));
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(parameters_and_context),
        ROUTES(headers_in_any_case),
        ROUTES(the_query),
        ROUTES(where_it_comes_from),
        ROUTES(json_of_a_body),
        ROUTES(bodies_come_whole),
        ROUTES(a_body_in_pieces),
        ROUTES(a_body_that_is_too_long),
        ROUTES(a_body_that_will_not_be_read),
        ROUTES(the_default_takes_a_mebibyte),
        ROUTES(a_body_of_another_type),
        ROUTES(a_body_that_is_waited_for),
        ROUTES(a_body_that_is_not_valid),
        ROUTES(a_body_that_stops),
        ROUTES(a_head_is_answered_without_its_body),
        ROUTES(methods_that_a_path_has),
        ROUTES(a_function_that_does_not_answer),
        ROUTES(the_call_that_failed_is_named),
        ROUTES(a_slow_function_is_named),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
