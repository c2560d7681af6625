/* Cookies: those that a request brings, and those that its answer sets. */
#include "helpers/routes.h"

static void say_cookies(pinion_request *request, void *context)
{
    static const char *const names[] = { "a", "b", "A", "c" };
    char text[200] = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pinion_slice value = pinion_request_cookie(request, names[i]);
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "[%.*s]", value.ptr ? (int)value.len : 4,
                 value.ptr ? value.ptr : "none");
    }
    pinion_request_answer_text(request, 200, text);
}

static void refused(int rc, const char *why)
{
    assert_int_equal(rc, PINION_EINVAL);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("\"%s\" does not say \"%s\"", pinion_error_detail(), why);
}

static void set_cookies(pinion_request *request, void *context)
{
    ok(pinion_request_put_cookie(request, "plain", "1", NULL));
    ok(pinion_request_put_cookie(request, "all", "a=b",
                                 &(pinion_cookie_options){ .path = "/a",
                                                           .domain = "example.com",
                                                           .same_site = "None",
                                                           .max_age = 60,
                                                           .secure = true,
                                                           .scripted = true }));
    ok(pinion_request_put_cookie(request, "other", "1", &(pinion_cookie_options){ .same_site = "None" }));
    ok(pinion_request_put_cookie(request, "__Host-a", "1", NULL));
    ok(pinion_request_put_cookie(request, "__secure-b", "1", &(pinion_cookie_options){ .path = "/b" }));
    ok(pinion_request_put_cookie(request, "gone", "", &(pinion_cookie_options){ .max_age = -1 }));
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

static void set_wrongly(pinion_request *request, void *context)
{
    refused(pinion_request_put_cookie(request, "", "1", NULL), "cannot have the name");
    refused(pinion_request_put_cookie(request, "a=b", "1", NULL), "cannot have the name");
    refused(pinion_request_put_cookie(request, "a", "1; Domain=x", NULL), "need an encoding");
    refused(pinion_request_put_cookie(request, "a", "\r\nx: y", NULL), "need an encoding");
    refused(pinion_request_put_cookie(request, "a", "1", &(pinion_cookie_options){ .path = "/;x" }), "path");
    refused(pinion_request_put_cookie(request, "a", "1", &(pinion_cookie_options){ .domain = "a\n" }),
            "domain");
    refused(pinion_request_put_cookie(request, "a", "1", &(pinion_cookie_options){ .same_site = "lax" }),
            "same_site");
    refused(pinion_request_put_cookie(request, "__Host-a", "1", &(pinion_cookie_options){ .path = "/a" }),
            "no domain");
    refused(
        pinion_request_put_cookie(request, "__host-a", "1", &(pinion_cookie_options){ .domain = "a.org" }),
        "no domain");
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

static void serve(void)
{
    routes_new(&(pinion_endpoint_options){ .trusted_proxies = "127.0.0.1" });
    ok(pinion_endpoint_http(endpoint, "GET", "/read", say_cookies, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/set", set_cookies, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/wrong", set_wrongly, NULL));
    routes_start();
}

static void cookies_that_are_sent(void **state)
{
    serve();
    ask("GET /read", "Cookie: a=1; b=x=y;c; A=\"q\"\r\n", 200, "[1][x=y][\"q\"][none]");
    ask("GET /read", "cookie: x=1\r\nCookie: ;;a=;b=2;a=3\r\n", 200, "[][2][none][none]");
    ask("GET /read", "", 200, "[none][none][none][none]");
}

static void cookies_that_are_set(void **state)
{
    serve();
    ask("GET /set", "", 204, "");
    assert_true(heard_header("set-cookie: plain=1; Path=/; SameSite=Lax; HttpOnly"));
    assert_true(
        heard_header("set-cookie: all=a=b; Path=/a; Domain=example.com; Max-Age=60; SameSite=None; Secure"));
    assert_true(heard_header("set-cookie: other=1; Path=/; SameSite=None; Secure; HttpOnly"));
    assert_true(heard_header("set-cookie: __Host-a=1; Path=/; SameSite=Lax; Secure; HttpOnly"));
    assert_true(heard_header("set-cookie: __secure-b=1; Path=/b; SameSite=Lax; Secure; HttpOnly"));
    assert_true(heard_header("set-cookie: gone=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly"));
    ask("GET /set", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", 204, "");
    assert_true(heard_header("set-cookie: plain=1; Path=/; SameSite=Lax; Secure; HttpOnly"));
}

static void cookies_that_cannot_be_set(void **state)
{
    serve();
    ask("GET /wrong", "", 204, "");
    assert_null(strstr(heard.head, "set-cookie"));
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(cookies_that_are_sent),
        ROUTES(cookies_that_are_set),
        ROUTES(cookies_that_cannot_be_set),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
