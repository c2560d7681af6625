/* Every body is read whole and cut at each place, always up to a guard page. */
#include "helpers/guard.h"
#include "proto/http1_body.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct guard guard;

struct outcome {
    int rc;      /* of the last read */
    size_t used; /* of all the input */
    char data[4096];
    size_t len;
};

/* Read one piece of the input to its end. */
static void feed(struct pinion_http_body *body, const char *bytes, size_t len, struct outcome *outcome)
{
    const uint8_t *placed = (const uint8_t *)guard_place(&guard, bytes, len);
    struct pinion_slice piece;
    size_t pos = 0;
    while ((outcome->rc = pinion__http_body_read(body, placed, len, &pos, &piece)) == 1) {
        assert_true(piece.len > 0);
        assert_true(outcome->len + piece.len <= sizeof outcome->data);
        memcpy(outcome->data + outcome->len, piece.ptr, piece.len);
        outcome->len += piece.len;
    }
    outcome->used += pos;
}

static void read_cut(const struct pinion_http_request *request, const char *text, size_t len, size_t cut,
                     struct outcome *outcome)
{
    struct pinion_http_body body;
    pinion__http_body_init(&body, request);
    *outcome = (struct outcome){ .rc = PINION_MORE };
    feed(&body, text, cut, outcome);
    if (outcome->rc == PINION_MORE)
        feed(&body, text + cut, len - cut, outcome);
}

static void check(const struct pinion_http_request *request, const char *text, int rc, size_t used,
                  const char *data)
{
    struct outcome outcome;
    size_t len = strlen(text);
    for (size_t cut = 0; cut <= len; cut++) {
        read_cut(request, text, len, cut, &outcome);
        if (outcome.rc != rc)
            print_message("cut %zu of: %s\n", cut, text);
        assert_int_equal(outcome.rc, rc);
        if (rc != 0)
            continue;
        assert_int_equal(outcome.used, used);
        assert_int_equal(outcome.len, strlen(data));
        assert_memory_equal(outcome.data, data, outcome.len);
    }
}

static const struct pinion_http_request chunked = { .chunked = true };

static void accept_chunks(const char *text, const char *rest, const char *data)
{
    char all[1024];
    snprintf(all, sizeof all, "%s%s", text, rest);
    check(&chunked, all, 0, strlen(text), data);
}

static void a_length_counts_bytes(void **state)
{
    const struct pinion_http_request five = { .has_content_length = true, .content_length = 5 };
    const struct pinion_http_request none = { .has_content_length = true };
    check(&five, "hello", 0, 5, "hello");
    check(&five, "helloGET /", 0, 5, "hello");
    check(&five, "hell", PINION_MORE, 4, "hell");
    check(&none, "GET /", 0, 0, "");
}

static void a_length_may_be_larger_than_memory(void **state)
{
    const struct pinion_http_request huge = { .has_content_length = true, .content_length = UINT64_MAX };
    check(&huge, "hello", PINION_MORE, 5, "hello");
}

static void chunks_are_joined(void **state)
{
    accept_chunks("0\r\n\r\n", "", "");
    accept_chunks("5\r\nhello\r\n0\r\n\r\n", "", "hello");
    accept_chunks("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "GET / HTTP/1.1\r\n", "hello");
    accept_chunks("0002\r\nhe\r\n00\r\n\r\n", "x", "he");
    accept_chunks("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "", "01234567890123456789");
    accept_chunks("4\r\n\r\n\r\n\r\n0\r\n\r\n", "", "\r\n\r\n");
}

static void extensions_and_trailers_are_dropped(void **state)
{
    accept_chunks("5;name=value\r\nhello\r\n0 ; last\r\n\r\n", "", "hello");
    accept_chunks("1 ;a ; b = c ;d=\"\\\"\"\t;e\r\nh\r\n0\r\nX-y: \"\xe9\"\t\r\n\r\n", "", "h");
    accept_chunks("5;quoted=\"a;b\"\r\nhello\r\n0\r\nExpires: never\r\nX:\r\n\r\n", "next", "hello");
}

static void malformed_chunks_are_refused(void **state)
{
    static const char *const bodies[] = {
        "\r\n\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\nh\r\n",
        "0x1\r\nh\r\n",
        " 1\r\nh\r\n",
        ";a\r\n",
        "1\nh\r\n",
        "1\r\rh",
        "1\r\nhello",
        "1\r\nh\n0\r\n",
        "1\r\nh\r0\r\n",
        "1;a\nb\r\nh\r\n",
        "1;\x7f\r\nh\r\n",
        "3 4\r\nabc\r\n",
        "3 xyz\r\nabc\r\n",
        "3 \r\nabc\r\n",
        "3;\r\nabc\r\n",
        "3; \r\nabc\r\n",
        "3;;a\r\nabc\r\n",
        "3;a=\r\nabc\r\n",
        "3;a=b c\r\nabc\r\n",
        "3;a=b =c\r\nabc\r\n",
        "3;a b\r\nabc\r\n",
        "3;a \r\nabc\r\n",
        "3;a=\"b\r\nabc\r\n",
        "3;a=\"b\"c\r\nabc\r\n",
        "3;a=\"\\\r\nabc\r\n",
        "3;a=\"b\x01\"\r\nabc\r\n",
        "3;(\r\nabc\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\n A: b\r\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n",
        "0\r\n\n",
        "0\r\n\rx",
        "0\r\nA: b\nc: d\r\n\r\n",
        "0\r\nA: b\r\rc",
        "10000000000000000\r\n",
        "ffffffffffffffff\r\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        check(&chunked, bodies[i], PINION_EPROTO, 0, "");
}

static void a_body_that_is_broken_stays_so(void **state)
{
    struct pinion_http_body body;
    struct outcome outcome = { 0 };
    pinion__http_body_init(&body, &chunked);
    feed(&body, "x", 1, &outcome);
    feed(&body, "0\r\n\r\n", 5, &outcome);
    assert_int_equal(outcome.rc, PINION_EPROTO);
}

static void extensions_have_an_end(void **state)
{
    static char text[20 * 1024];
    struct outcome outcome;
    memset(text, 'a', sizeof text);
    text[0] = '1';
    text[1] = ';';
    read_cut(&chunked, text, 16 * 1024, 0, &outcome);
    assert_int_equal(outcome.rc, PINION_MORE);
    read_cut(&chunked, text, sizeof text, 0, &outcome);
    assert_int_equal(outcome.rc, PINION_EPROTO);
}

static int setup(void **state)
{
    guard = guard_new(32 * 1024);
    return 0;
}

static int teardown(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_counts_bytes),
        cmocka_unit_test(a_length_may_be_larger_than_memory),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(extensions_and_trailers_are_dropped),
        cmocka_unit_test(malformed_chunks_are_refused),
        cmocka_unit_test(a_body_that_is_broken_stays_so),
        cmocka_unit_test(extensions_have_an_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
