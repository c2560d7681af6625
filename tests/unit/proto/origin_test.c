#include "proto/origin.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct pinion_origin origin(const char *text)
{
    struct pinion_origin read;
    if (!pinion__origin_read(pinion__slice_str(text), &read))
        fail_msg("no origin: %s", text);
    return read;
}

static void expect(const char *text, const char *scheme, const char *host, int port)
{
    struct pinion_origin read = origin(text);
    assert_true(pinion__slice_is(read.scheme, scheme));
    assert_true(pinion__slice_is(read.host, host));
    assert_int_equal(read.port, port);
}

static void origins_are_read(void **state)
{
    expect("http://example.com", "http", "example.com", 80);
    expect("https://example.com", "https", "example.com", 443);
    expect("https://example.com:8443", "https", "example.com", 8443);
    expect("http://[2001:db8::1]:4000", "http", "2001:db8::1", 4000);
    expect("http://[::1]", "http", "::1", 80);
    expect("capacitor://localhost", "capacitor", "localhost", 0);
    expect("https://example.com/", "https", "example.com", 443);
    expect("https://example.com:8443/a/b?c#d", "https", "example.com", 8443);
    expect("https://example.com?//evil.org", "https", "example.com", 443);
    expect("https://example.com#@evil.org", "https", "example.com", 443);
    expect("ws://example.com", "http", "example.com", 80);
    expect("WSS://example.com", "https", "example.com", 443);
    expect("ws://example.com:4000", "http", "example.com", 4000);
    expect("//example.com", "", "example.com", 0);
    expect("//*.example.com:888", "", "*.example.com", 888);
}

static void what_is_no_origin_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "example.com",
        "http:example.com",
        "http:/example.com",
        "http://",
        "://example.com",
        "http://:80",
        "http://example.com:",
        "http://example.com:0",
        "http://example.com:65536",
        "http://example.com:80x",
        "http://user@example.com",
        "http://user@example.com/",
        "http:///example.com",
        "http://?example.com",
        "http://[::1",
        "http://[]",
        "http://a b",
        "http://a*b.com",
    };
    struct pinion_origin read;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (pinion__origin_read(pinion__slice_str(texts[i]), &read))
            fail_msg("taken for an origin: %s", texts[i]);
    }
}

static bool of_request(const char *text, const char *scheme, const char *host)
{
    struct pinion_origin own, sent = origin(text);
    return pinion__origin_of_host(pinion__slice_str(scheme), pinion__slice_str(host), &own) &&
           pinion__origin_equal(&sent, &own);
}

static void the_requests_own_is_all_three(void **state)
{
    assert_true(of_request("http://example.com", "http", "example.com"));
    assert_true(of_request("ws://example.com:4000", "http", "example.com:4000"));
    assert_false(of_request("ws://example.com:443", "https", "example.com"));
    assert_true(of_request("http://EXAMPLE.com:80", "http", "example.com"));
    assert_true(of_request("https://example.com", "https", "example.com:443"));
    assert_true(of_request("http://[::1]:4000", "http", "[::1]:4000"));
    assert_false(of_request("https://example.com", "http", "example.com"));
    assert_false(of_request("http://example.com:81", "http", "example.com"));
    assert_false(of_request("http://www.example.com", "http", "example.com"));
    assert_false(of_request("http://example.com", "http", ""));
    assert_true(of_request("http://[::1]:4000", "http", "[0::1]:4000"));
}

/* A request of HTTP/1.0 may have no Host. */
static void no_host_is_no_origin(void **state)
{
    struct pinion_origin own;
    assert_false(pinion__origin_of_host(pinion__slice_str("http"), pinion__slice(NULL, 0), &own));
    assert_false(pinion__origin_read(pinion__slice(NULL, 0), &own));
}

static bool matches(const char *text, const char *pattern)
{
    struct pinion_origin sent = origin(text), wanted = origin(pattern);
    return pinion__origin_matches(&sent, &wanted);
}

static void patterns_cover_origins(void **state)
{
    assert_true(matches("https://example.com", "https://example.com"));
    assert_true(matches("https://example.com", "https://Example.COM:443"));
    assert_false(matches("https://example.com:8443", "https://example.com"));
    assert_false(matches("http://example.com", "https://example.com"));

    assert_true(matches("http://other.com:888", "//other.com:888"));
    assert_true(matches("https://other.com:888", "//other.com:888"));
    assert_false(matches("http://other.com", "//other.com:888"));
    assert_true(matches("http://other.com:17", "//other.com"));

    assert_true(matches("http://a.example.com", "//*.example.com"));
    assert_true(matches("http://a.b.example.com:1", "//*.example.com"));
    assert_true(matches("http://example.com", "//*.example.com"));
    assert_false(matches("http://badexample.com", "//*.example.com"));
    assert_false(matches("http://example.com.evil.org", "//*.example.com"));
    assert_false(matches("http://.example.org", "//*.example.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_are_read),
        cmocka_unit_test(what_is_no_origin_is_refused),
        cmocka_unit_test(the_requests_own_is_all_three),
        cmocka_unit_test(no_host_is_no_origin),
        cmocka_unit_test(patterns_cover_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
