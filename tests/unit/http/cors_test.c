/* Pages of other origins: which may read answers, and what their browsers are told in advance. */
#include "helpers/routes.h"

static void answer(pinion_request *request, void *context)
{
    pinion_request_answer_text(request, 200, "ok");
}

static const pinion_http_options listed = { .cors_origins =
                                                PINION_LIST("https://example.com", "//*.example.org"),
                                            .cors_credentials = true };
static void answer_nothing(pinion_request *request, void *context)
{
}

static const pinion_http_options posted = { .cors_origins = PINION_LIST("https://example.com"),
                                            .max_body = 2,
                                            .accepts = "application/json" };
static const pinion_http_options any = { .cors_origins = PINION_LIST("*") };

static void serve(void)
{
    routes_new(NULL);
    ok(pinion_endpoint_http(endpoint, "GET", "/listed", answer, &listed));
    ok(pinion_endpoint_http(endpoint, "PUT", "/listed", answer, &any));
    ok(pinion_endpoint_http(endpoint, "DELETE", "/listed", answer, NULL));
    ok(pinion_endpoint_http(endpoint, "POST", "/posted/:id", answer_nothing, &posted));
    routes_start();
}

#define FROM(origin) "Origin: " origin "\r\n"
#define ALLOWED      "access-control-allow-"

static void origins_that_are_listed(void **state)
{
    serve();
    ask("GET /listed", FROM("https://example.com"), 200, "ok");
    assert_true(heard_header("vary: origin"));
    assert_true(heard_header(ALLOWED "origin: https://example.com"));
    assert_true(heard_header(ALLOWED "credentials: true"));
    ask("GET /listed", FROM("http://a.example.org:81"), 200, "ok");
    assert_true(heard_header(ALLOWED "origin: http://a.example.org:81"));
}

static void origins_that_are_not(void **state)
{
    static const char *const others[] = { FROM("http://example.com"), FROM("null"), FROM("https://evil"),
                                          "" };
    serve();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ask("GET /listed", others[i], 200, "ok");
        assert_true(heard_header("vary: origin"));
        assert_null(strstr(heard.head, ALLOWED));
    }
    ask("DELETE /listed", FROM("https://example.com"), 200, "ok");
    assert_null(strstr(heard.head, ALLOWED));
    assert_null(strstr(heard.head, "vary"));
}

/* A page could not tell them from a server that is out of reach. */
static void answers_of_the_library_too(void **state)
{
    static const struct {
        const char *target, *headers;
        int status;
    } requests[] = {
        { "POST /posted/%ff", "", 400 },
        { "POST /posted/1", "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]", 413 },
        { "POST /posted/1", "Content-Type: text/csv\r\nContent-Length: 1\r\n\r\n1", 415 },
        { "POST /posted/1", "", 500 },
        { "GET /posted/1", "", 405 },
    };
    char headers[200];
    serve();
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        snprintf(headers, sizeof headers, FROM("https://example.com") "%s", requests[i].headers);
        ask(requests[i].target, headers, requests[i].status, NULL);
        assert_true(heard_header("vary: origin"));
        assert_true(heard_header(ALLOWED "origin: https://example.com"));
    }
    ask("POST /posted/1", FROM("https://evil"), 500, NULL);
    assert_null(strstr(heard.head, ALLOWED));
    ask("GET /posted/1", FROM("https://evil"), 405, NULL);
    assert_null(strstr(heard.head, ALLOWED));
    ask("PATCH /listed", FROM("https://example.com"), 405, NULL);
    assert_true(heard_header(ALLOWED "origin: https://example.com"));
}

/* This ends the connection. */
static void send_chunks(const char *chunks, int status)
{
    char rest[200];
    snprintf(
        rest, sizeof rest,
        FROM("https://example.com") "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s",
        chunks);
    serve();
    ask("POST /posted/1", rest, status, NULL);
    assert_true(heard.closes);
    assert_true(heard_header(ALLOWED "origin: https://example.com"));
}

static void chunks_that_are_too_long(void **state)
{
    send_chunks("3\r\n[1]\r\n0\r\n", 413);
}

static void chunks_that_are_not_valid(void **state)
{
    send_chunks("x\r\n", 400);
}

static void any_origin(void **state)
{
    serve();
    ask("PUT /listed", FROM("https://example.com"), 200, "ok");
    assert_true(heard_header(ALLOWED "origin: *"));
    assert_null(strstr(heard.head, "credentials"));
    assert_null(strstr(heard.head, "vary"));
}

static void what_browsers_ask_in_advance(void **state)
{
    serve();
    ask("OPTIONS /listed",
        FROM("https://example.com") "Access-Control-Request-Method: GET\r\n"
                                    "Access-Control-Request-Headers: x-a\r\nAccess-Control-Request-Headers: "
                                    "x-b\r\n",
        204, "");
    assert_true(heard_header("allow: GET, HEAD, PUT, DELETE, OPTIONS"));
    assert_true(heard_header(ALLOWED "origin: https://example.com"));
    assert_true(heard_header(ALLOWED "credentials: true"));
    assert_true(heard_header(ALLOWED "methods: GET"));
    assert_true(heard_header(ALLOWED "headers: x-a, x-b"));
    assert_true(heard_header("access-control-max-age: 3600"));
    ask("OPTIONS /listed", FROM("https://other") "Access-Control-Request-Method: PUT\r\n", 204, "");
    assert_true(heard_header(ALLOWED "origin: *"));
    assert_true(heard_header(ALLOWED "methods: PUT"));
    assert_null(strstr(heard.head, ALLOWED "headers"));
}

static void what_is_not_allowed_in_advance(void **state)
{
    static const char *const asked[] = {
        FROM("https://evil") "Access-Control-Request-Method: GET\r\n",
        FROM("https://example.com") "Access-Control-Request-Method: DELETE\r\n",
        FROM("https://example.com") "Access-Control-Request-Method: PATCH\r\n",
        FROM("https://example.com"),
        "Access-Control-Request-Method: GET\r\n",
    };
    serve();
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        ask("OPTIONS /listed", asked[i], 204, "");
        assert_null(strstr(heard.head, ALLOWED));
        assert_null(strstr(heard.head, "max-age: 3600"));
    }
}

static void refused(const pinion_http_options *options, const char *why)
{
    assert_int_equal(pinion_endpoint_http(endpoint, "GET", "/", answer, options), PINION_EINVAL);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("\"%s\" does not say \"%s\"", pinion_error_detail(), why);
}

static void options_that_cannot_be(void **state)
{
    routes_new(NULL);
    refused(&(pinion_http_options){ .cors_origins = PINION_LIST("example.com") }, "is not an origin");
    refused(&(pinion_http_options){ .cors_origins = PINION_LIST("*"), .cors_credentials = true },
            "without \"*\"");
    refused(&(pinion_http_options){ .cors_credentials = true }, "name the origins");
    ok(pinion_endpoint_http(endpoint, "GET", "/", answer, NULL));
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(origins_that_are_listed),      ROUTES(origins_that_are_not),
        ROUTES(answers_of_the_library_too),   ROUTES(chunks_that_are_too_long),
        ROUTES(chunks_that_are_not_valid),    ROUTES(any_origin),
        ROUTES(what_browsers_ask_in_advance), ROUTES(what_is_not_allowed_in_advance),
        ROUTES(options_that_cannot_be),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
