/* Every head is parsed where it ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http1.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LEN(array)  (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) (text), sizeof(text) - 1

#define HOST "Host: example.com\r\n"
#define END  "\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static struct guard guard;
static struct pinion_http_request request;

static long parse(const char *bytes, size_t len)
{
    return pinion__http1_parse(guard_place(&guard, bytes, len), len, 0, &request);
}

static void accept_head(const char *text)
{
    assert_int_equal(parse(text, strlen(text)), strlen(text));
}

static void assert_slice(struct pinion_slice slice, const char *expected)
{
    assert_int_equal(slice.len, strlen(expected));
    assert_memory_equal(slice.ptr, expected, slice.len);
}

struct bytes {
    const char *bytes;
    size_t len;
};

static void refuse_all(const struct bytes *heads, size_t count, int code, int status)
{
    for (size_t i = 0; i < count; i++) {
        long rc = parse(heads[i].bytes, heads[i].len);
        if (rc != code)
            print_message("%.*s", (int)heads[i].len, heads[i].bytes);
        assert_int_equal(rc, code);
        assert_int_equal(request.refusal, status);
    }
}

/* ---- what must be refused ---- */

static void broken_request_lines_are_refused(void **state)
{
    static const struct bytes heads[] = {
        { BYTES("\r\n\r\n") },
        { BYTES("\r\n\r\n" GET END) },
        { BYTES(" GET / HTTP/1.1\r\n" HOST END) },
        { BYTES("GET\r\n" HOST END) },
        { BYTES("GET /\r\n" HOST END) },
        { BYTES("GET / \r\n" HOST END) },
        { BYTES("GET  / HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /  HTTP/1.1\r\n" HOST END) },
        { BYTES("GET\t/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET / HTTP/1.1 \r\n" HOST END) },
        { BYTES("GET / x HTTP/1.1\r\n" HOST END) },
        { BYTES("G@T / HTTP/1.1\r\n" HOST END) },
        { BYTES("G\xc3T / HTTP/1.1\r\n" HOST END) },
        { BYTES("G\0T / HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /\0 HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /\xff HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /\x7f HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /a\tb HTTP/1.1\r\n" HOST END) },
        { BYTES("GET /a#b HTTP/1.1\r\n" HOST END) },
        { BYTES("GET / HTTP/1.1\n" HOST END) },
        { BYTES("GET / HTTP/1.1\r" HOST END) },
        { BYTES("GET / HTTP/1.1\r\r\n" HOST END) },
        { BYTES("GET / http/1.1\r\n" HOST END) },
        { BYTES("GET / HTTP/1\r\n" HOST END) },
        { BYTES("GET / HTTP/1.\r\n" HOST END) },
        { BYTES("GET / HTTP/1.10\r\n" HOST END) },
        { BYTES("GET / HTTP/x.1\r\n" HOST END) },
        { BYTES("GET / HTTP/1,1\r\n" HOST END) },
        { BYTES("GET / HTTP/\r\n\r\n") },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 400);
}

static void other_versions_are_not_supported(void **state)
{
    static const struct bytes heads[] = {
        { BYTES("GET / HTTP/0.9\r\n" HOST END) },
        { BYTES("GET / HTTP/2.0\r\n" HOST END) },
        { BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
    };
    refuse_all(heads, LEN(heads), PINION_ENOTSUP, 505);
}

static void targets_that_name_nothing_here_are_refused(void **state)
{
    static const struct bytes heads[] = {
        { BYTES("GET * HTTP/1.1\r\n" HOST END) },
        { BYTES("OPTIONS ** HTTP/1.1\r\n" HOST END) },
        { BYTES("GET path HTTP/1.1\r\n" HOST END) },
        { BYTES("GET ?query HTTP/1.1\r\n" HOST END) },
        { BYTES("GET ftp://example.com/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http:/example.com/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http:// HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http:///path HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://?query HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://user@example.com/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://:80/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://[::1/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://a:b/ HTTP/1.1\r\n" HOST END) },
        { BYTES("GET http://example.com\\path HTTP/1.1\r\n" HOST END) },
        { BYTES("CONNECT example.com:443 HTTP/1.1\r\n" HOST END) },
        { BYTES("CONNECT / HTTP/1.1\r\n" HOST END) },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 400);
}

static void broken_headers_are_refused(void **state)
{
    static const struct bytes heads[] = {
        { BYTES(GET "Name\r\n" END) },
        { BYTES(GET ": value\r\n" END) },
        { BYTES(GET "Name : value\r\n" END) },
        { BYTES(GET "Name\t: value\r\n" END) },
        { BYTES(GET " Name: value\r\n" END) },
        { BYTES(GET "Name: a\r\n b\r\n" END) },
        { BYTES(GET "Name: a\r\n\tb\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\n " HOST END) },
        { BYTES(GET "Na me: value\r\n" END) },
        { BYTES(GET "Na\0me: value\r\n" END) },
        { BYTES(GET "Na\xc3me: value\r\n" END) },
        { BYTES(GET "Na(me: value\r\n" END) },
        { BYTES(GET "Name: a\0b\r\n" END) },
        { BYTES(GET "Name: a\x01"
                    "b\r\n" END) },
        { BYTES(GET "Name: a\x7f"
                    "b\r\n" END) },
        { BYTES(GET "Name: a\nb\r\n" END) },
        { BYTES(GET "Name: a\nOther: b\r\n" END) },
        { BYTES(GET "Name: a\rb\r\n" END) },
        { BYTES(GET "Name: a\rOther: b\r\n" END) },
        { BYTES(GET "Name: a\r\r\n" END) },
        { BYTES(GET "Name: a\n\r\n" END) },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 400);
}

static void a_request_names_one_host(void **state)
{
    static const struct bytes heads[] = {
        { BYTES("GET / HTTP/1.1\r\n" END) },
        { BYTES(GET "host: example.com\r\n" END) },
        { BYTES(GET "Host: other.com\r\n" END) },
        { BYTES("GET / HTTP/1.0\r\n" HOST HOST END) },
        { BYTES("GET http://example.com/ HTTP/1.1\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: a b\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: user@example.com\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: example.com/path\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: \xc3\xa9.com\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: a:b\r\n" END) },
        { BYTES("GET / HTTP/1.1\r\nHost: [g::1]\r\n" END) },
        { BYTES("GET http://example.com/ HTTP/1.1\r\nHost: a%zz\r\n" END) },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 400);
}

static void a_body_has_one_length(void **state)
{
    static const struct bytes heads[] = {
        { BYTES(GET "Content-Length:\r\n" END) },
        { BYTES(GET "Content-Length: x\r\n" END) },
        { BYTES(GET "Content-Length: -1\r\n" END) },
        { BYTES(GET "Content-Length: +1\r\n" END) },
        { BYTES(GET "Content-Length: 0x1\r\n" END) },
        { BYTES(GET "Content-Length: 1 0\r\n" END) },
        { BYTES(GET "Content-Length: 1.0\r\n" END) },
        { BYTES(GET "Content-Length: 5, 5\r\n" END) },
        { BYTES(GET "Content-Length: 5\r\nContent-Length: 5\r\n" END) },
        { BYTES(GET "Content-Length: 5\r\ncontent-length: 6\r\n" END) },
        { BYTES(GET "Content-Length: 18446744073709551616\r\n" END) },
        { BYTES(GET "Content-Length: 99999999999999999999\r\n" END) },
        { BYTES(GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END) },
        { BYTES(GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END) },
        { BYTES(GET "Transfer-Encoding:\r\n" END) },
        { BYTES(GET "Transfer-Encoding: gzip\r\n" END) },
        { BYTES(GET "Transfer-Encoding: identity\r\n" END) },
        { BYTES(GET "Transfer-Encoding: xchunked\r\n" END) },
        { BYTES("GET / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n" END) },
        { BYTES(GET "Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n" END) },
        { BYTES(GET "Transfer-Encoding: chunked, gzip\r\n" END) },
        { BYTES(GET "Transfer-Encoding: chunked, chunked\r\n" END) },
        { BYTES(GET "Transfer-Encoding: chunked;x=1\r\n" END) },
        { BYTES(GET "Transfer-Encoding: \x0b"
                    "chunked\r\n" END) },
        { BYTES(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END) },
        { BYTES("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END) },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 400);
}

/* Such a body has an end, so that nothing is wrong with the request; we only know no way to read it. */
static void other_codings_are_not_implemented(void **state)
{
    static const struct bytes heads[] = {
        { BYTES(GET "Transfer-Encoding: gzip, chunked\r\n" END) },
        { BYTES(GET "Transfer-Encoding: x;q=1 ,, gzip ,CHUNKED\r\n" END) },
    };
    refuse_all(heads, LEN(heads), PINION_EPROTO, 501);
}

static void what_is_too_long_is_told_apart(void **state)
{
    assert_int_equal(pinion__http1_too_long(BYTES("GET /aaaaaaaa")), 414);
    assert_int_equal(pinion__http1_too_long(BYTES("\r\nGET /aaaa")), 414);
    assert_int_equal(pinion__http1_too_long(BYTES("GET / HTTP/1.1\r\nA: a")), 431);
    assert_int_equal(pinion__http1_too_long(BYTES("\r\nGET / HTTP/1.1\r\nA: a")), 431);
}

static void methods_of_http_are_known(void **state)
{
    static const char *const known[] = { "GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    static const char *const unknown[] = { "", "get", "GETX", "GE", "BREW", "PROPFIND" };
    for (size_t i = 0; i < LEN(known); i++)
        assert_true(pinion__http1_method_known(pinion__slice_str(known[i])));
    for (size_t i = 0; i < LEN(unknown); i++)
        assert_false(pinion__http1_method_known(pinion__slice_str(unknown[i])));
}

static size_t head_with_headers(char *out, size_t size, unsigned count)
{
    size_t len = (size_t)snprintf(out, size, "GET / HTTP/1.1\r\n" HOST);
    for (unsigned i = 1; i < count; i++)
        len += (size_t)snprintf(out + len, size - len, "X-%u: %u\r\n", i, i);
    len += (size_t)snprintf(out + len, size - len, END);
    return len;
}

static void too_many_headers_are_refused(void **state)
{
    char head[4096];
    size_t len = head_with_headers(head, sizeof head, PINION_HTTP_HEADERS_MAX);
    assert_int_equal(parse(head, len), len);
    assert_int_equal(request.header_count, PINION_HTTP_HEADERS_MAX);
    assert_slice(pinion__http1_header(&request, "x-63"), "63");
    len = head_with_headers(head, sizeof head, PINION_HTTP_HEADERS_MAX + 1);
    assert_int_equal(parse(head, len), PINION_ETOOBIG);
    assert_int_equal(request.refusal, 431);
}

static void a_part_of_a_head_asks_for_more(void **state)
{
    static const char head[] = "\r\nPOST /a/b?c=d HTTP/1.1\r\n" HOST "Content-Length: 12\r\nX:y\r\n" END;
    for (size_t len = 0; len < sizeof head - 1; len++)
        assert_int_equal(parse(head, len), PINION_MORE);
    assert_int_equal(parse(head, sizeof head - 1), sizeof head - 1);
}

static void bytes_seen_before_are_not_searched_again(void **state)
{
    static const char head[] = GET "X: y\r\n" END "body\r\n\r\n";
    size_t head_len = sizeof head - 1 - 8;
    for (size_t scanned = 0; scanned < head_len; scanned++) {
        for (size_t len = scanned; len < sizeof head; len++) {
            const char *data = guard_place(&guard, head, len);
            long expected = len < head_len ? PINION_MORE : (long)head_len;
            assert_int_equal(pinion__http1_parse(data, len, scanned, &request), expected);
        }
    }
    /* An end before what is left to search is not found: it was not looked for. */
    const char *data = guard_place(&guard, head, head_len + 4);
    assert_int_equal(pinion__http1_parse(data, head_len + 4, head_len + 3, &request), PINION_MORE);
}

/* Whatever one byte is changed to, the parser answers, and reads nothing beyond the head. */
static void any_byte_anywhere_does_no_harm(void **state)
{
    static const char head[] = "\r\nGET http://h:1/a?b HTTP/1.1\r\nHost: h:1\r\nContent-Length: 10\r\n\r\n";
    char changed[sizeof head];
    for (size_t at = 0; at < sizeof head - 1; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(changed, head, sizeof head);
            changed[at] = (char)byte;
            long rc = parse(changed, sizeof head - 1);
            assert_true(rc == sizeof head - 1 || rc == PINION_EPROTO || rc == PINION_MORE ||
                        rc == PINION_ENOTSUP || (rc == 4 && at < 4));
        }
    }
}

/* ---- what must be understood ---- */

static void the_parts_of_a_request_are_found(void **state)
{
    accept_head("POST /socket/longpoll?vsn=2.0.0&a=%20?b HTTP/1.1\r\n"
                "Host: example.com:4000\r\nX-Empty:\r\nx-spaced: \t a b\t \r\nX-Latin: caf\xe9\r\n\r\n");
    assert_slice(request.method, "POST");
    assert_slice(request.target, "/socket/longpoll?vsn=2.0.0&a=%20?b");
    assert_slice(request.path, "/socket/longpoll");
    assert_slice(request.query, "vsn=2.0.0&a=%20?b");
    assert_int_equal(request.minor, 1);
    assert_int_equal(request.header_count, 4);
    assert_slice(request.headers[0].name, "Host");
    assert_slice(request.headers[0].value, "example.com:4000");
    assert_slice(request.headers[2].value, "a b");
    assert_slice(pinion__http1_header(&request, "x-latin"), "caf\xe9");
    assert_slice(pinion__http1_header(&request, "x-empty"), "");
    assert_non_null(pinion__http1_header(&request, "x-empty").ptr);
    assert_null(pinion__http1_header(&request, "x-absent").ptr);
    assert_null(pinion__http1_header(&request, "x-").ptr);
    assert_false(request.chunked);
    assert_false(request.has_content_length);
}

static void the_head_ends_before_what_follows(void **state)
{
    static const char pipelined[] = GET END GET END;
    assert_int_equal(parse(BYTES(pipelined)), strlen(GET END));
    assert_int_equal(parse(BYTES("\r\n" GET END "body")), strlen("\r\n" GET END));
}

static void check_target(const char *method, const char *target, const char *path, const char *query,
                         const char *host)
{
    char head[256];
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\n" HOST END, method, target);
    accept_head(head);
    assert_slice(request.target, target);
    assert_slice(request.path, path);
    assert_slice(request.query, query);
    assert_slice(pinion__http1_header(&request, "host"), host);
}

static void each_form_of_target_is_understood(void **state)
{
    check_target("GET", "/", "/", "", "example.com");
    check_target("GET", "/?", "/", "", "example.com");
    check_target("GET", "//a/../b", "//a/../b", "", "example.com");
    check_target("GET", "/a?b|{c}\"", "/a", "b|{c}\"", "example.com");
    check_target("GET", "http://other.com/a?b", "/a", "b", "other.com");
    check_target("GET", "HTTP://other.com:80", "/", "", "other.com:80");
    check_target("GET", "https://[::1]:443?b", "/", "b", "[::1]:443");
    check_target("OPTIONS", "*", "*", "", "example.com");
    check_target("OPTIONS", "/a", "/a", "", "example.com");
}

static void lengths_are_understood(void **state)
{
    accept_head(GET "Content-Length: 0\r\n" END);
    assert_true(request.has_content_length);
    assert_int_equal(request.content_length, 0);
    accept_head(GET "content-LENGTH: \t0018446744073709551615 \r\n" END);
    assert_true(request.content_length == UINT64_MAX);
    accept_head(GET "Transfer-Encoding: Chunked\r\n" END);
    assert_true(request.chunked);
    assert_false(request.has_content_length);
}

static bool keeps_alive(const char *head)
{
    accept_head(head);
    return request.keep_alive;
}

static void keep_alive_is_as_the_version_has_it(void **state)
{
    assert_true(keeps_alive(GET END));
    assert_true(keeps_alive(GET "Connection: upgrade\r\n" END));
    assert_false(keeps_alive(GET "Connection: close\r\n" END));
    assert_false(keeps_alive(GET "Connection: keep-alive\r\nConnection: x , CLOSE\r\n" END));
    assert_false(keeps_alive("GET / HTTP/1.0\r\n" END));
    assert_true(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END));
    assert_false(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" END));
}

/* RFC 9110 section 2.5: what comes in a later minor version may be ignored. */
static void a_later_minor_version_is_read_as_1_1(void **state)
{
    accept_head("GET / HTTP/1.2\r\n" HOST END);
    assert_int_equal(request.minor, 1);
    assert_true(request.keep_alive);
    accept_head("GET / HTTP/1.9\r\n" HOST "Transfer-Encoding: chunked\r\n" END);
    assert_int_equal(request.minor, 1);
    assert_true(request.chunked);
    assert_int_equal(parse(BYTES("GET / HTTP/1.2\r\n" END)), PINION_EPROTO);
}

static void tokens_are_found_in_lists(void **state)
{
    accept_head(GET "Connection: a,, b\t,C\r\nOther: d\r\nconnection: keep-alive, Upgrade\r\n" END);
    assert_true(pinion__http1_has_token(&request, "connection", "a"));
    assert_true(pinion__http1_has_token(&request, "connection", "b"));
    assert_true(pinion__http1_has_token(&request, "connection", "c"));
    assert_true(pinion__http1_has_token(&request, "connection", "upgrade"));
    assert_false(pinion__http1_has_token(&request, "connection", "d"));
    assert_false(pinion__http1_has_token(&request, "connection", "keep"));
    assert_false(pinion__http1_has_token(&request, "connection", "alive"));
    assert_false(pinion__http1_has_token(&request, "absent", "a"));
}

static void paths_are_decoded(void **state)
{
    char out[16];
    assert_int_equal(pinion__http1_decode_path(pinion__slice_str("/a%2Fb+c"), out), 6);
    assert_memory_equal(out, "/a/b+c", 6);
    assert_int_equal(pinion__http1_decode_path(pinion__slice_str("/%00"), out), PINION_EPROTO);
    assert_int_equal(pinion__http1_decode_path(pinion__slice_str("/%4"), out), PINION_EPROTO);
}

static int set_up(void **state)
{
    guard = guard_new(8192);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    return 0;
}

static void keep_header(struct pinion_slice name, struct pinion_slice value, void *data)
{
    char *text = data;
    size_t len = strlen(text);
    snprintf(text + len, 100 - len, "%.*s=%.*s;", (int)name.len, name.ptr, (int)value.len, value.ptr);
}

static void headers_are_found_by_the_beginning_of_their_name(void **state)
{
    char text[100] = "";
    accept_head(GET "X-One: 1\r\nY-X-: 2\r\nx-two: 3\r\nX: 4\r\n" END);
    pinion__http1_each_header(&request, "x-", keep_header, text);
    assert_string_equal(text, "X-One=1;x-two=3;");
    pinion__http1_each_header(&request, "z", keep_header, text);
    assert_string_equal(text, "X-One=1;x-two=3;");
    text[0] = '\0';
    pinion__http1_each_header(&request, "", keep_header, text);
    assert_string_equal(text, "Host=example.com;X-One=1;Y-X-=2;x-two=3;X=4;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_request_lines_are_refused),
        cmocka_unit_test(other_versions_are_not_supported),
        cmocka_unit_test(targets_that_name_nothing_here_are_refused),
        cmocka_unit_test(broken_headers_are_refused),
        cmocka_unit_test(a_request_names_one_host),
        cmocka_unit_test(a_body_has_one_length),
        cmocka_unit_test(other_codings_are_not_implemented),
        cmocka_unit_test(what_is_too_long_is_told_apart),
        cmocka_unit_test(methods_of_http_are_known),
        cmocka_unit_test(a_later_minor_version_is_read_as_1_1),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(a_part_of_a_head_asks_for_more),
        cmocka_unit_test(bytes_seen_before_are_not_searched_again),
        cmocka_unit_test(any_byte_anywhere_does_no_harm),
        cmocka_unit_test(the_parts_of_a_request_are_found),
        cmocka_unit_test(the_head_ends_before_what_follows),
        cmocka_unit_test(each_form_of_target_is_understood),
        cmocka_unit_test(lengths_are_understood),
        cmocka_unit_test(keep_alive_is_as_the_version_has_it),
        cmocka_unit_test(tokens_are_found_in_lists),
        cmocka_unit_test(paths_are_decoded),
        cmocka_unit_test(headers_are_found_by_the_beginning_of_their_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
