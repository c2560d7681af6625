#include "proto/ws_protocols.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const none[] = { NULL };
static const char *const two[] = { "one", "two", NULL };

static char head[1000];
static struct pinion_http_request request;
static struct pinion_ws_protocols found;

static int choose(const char *offered, const char *const *configured, bool auth_token)
{
    if (offered)
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                 offered);
    else
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(pinion__http1_parse(head, strlen(head), 0, &request) > 0);
    return pinion__ws_protocols(&request, configured, auth_token, &found);
}

static void expect(const char *chosen, const char *token)
{
    assert_true(pinion__slice_is(found.chosen, chosen));
    if (token)
        assert_true(found.token.ptr && pinion__slice_is(found.token, token));
    else
        assert_null(found.token.ptr);
}

static void offering_nothing_is_fine(void **state)
{
    assert_int_equal(choose(NULL, two, false), 0);
    expect("", NULL);
    assert_int_equal(choose(NULL, NULL, true), 0);
    expect("", NULL);
}

static void an_offer_of_nothing_is_none_of_ours(void **state)
{
    assert_int_equal(choose("", two, false), PINION_EACCES);
    assert_int_equal(choose(" , ,", two, false), PINION_EACCES);
    assert_int_equal(choose("", NULL, true), PINION_EACCES);
    assert_int_equal(choose("", NULL, false), 0);
}

static void where_nothing_is_configured_anything_is_fine(void **state)
{
    assert_int_equal(choose("mqtt, x", NULL, false), 0);
    expect("", NULL);
}

static void the_first_of_ours_is_agreed_on(void **state)
{
    assert_int_equal(choose("x, two ,one", two, false), 0);
    expect("one", NULL);
    assert_int_equal(choose("two", two, false), 0);
    expect("two", NULL);
    assert_int_equal(choose("three, TWO", two, false), PINION_EACCES);
    assert_int_equal(choose("one", none, false), PINION_EACCES);
}

static void the_token_is_no_offer(void **state)
{
    assert_int_equal(choose("phoenix, base64url.bearer.phx.abc", NULL, true), 0);
    expect("phoenix", "abc");
    assert_int_equal(choose("base64url.bearer.phx.abc", NULL, true), 0);
    expect("", "abc");
    assert_int_equal(choose("base64url.bearer.phx.abc, two", two, true), 0);
    expect("two", "abc");
    assert_int_equal(choose("base64url.bearer.phx., phoenix", NULL, true), 0);
    expect("phoenix", "");
    assert_int_equal(choose("base64url.bearer.phx.abc, three", two, true), PINION_EACCES);
    assert_int_equal(choose("base64url.bearer.phx.abc", two, false), PINION_EACCES);
}

static void of_two_tokens_none_is_one(void **state)
{
    assert_int_equal(choose("phoenix, base64url.bearer.phx.a, base64url.bearer.phx.b", NULL, true), 0);
    expect("phoenix", NULL);
    assert_int_equal(choose("base64url.bearer.phx.a, base64url.bearer.phx.b", NULL, true), PINION_EACCES);
}

static void decode(const char *text, const char *expected)
{
    char out[64];
    size_t len = 0;
    int rc = pinion__ws_token_decode(pinion__slice_str(text), out, &len);
    if (!expected) {
        assert_int_equal(rc, PINION_EPROTO);
        return;
    }
    assert_int_equal(rc, 0);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, len);
}

static void tokens_are_decoded(void **state)
{
    decode("", "");
    decode("YQ", "a");
    decode("YQ==", "a");
    decode("c2VjcmV0Lz8+", "secret/?>");
    decode("c2VjcmV0Lz8-", "secret/?>");
    decode("!", NULL);
    decode("Y", NULL);
    decode("YQ=Q", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offering_nothing_is_fine),
        cmocka_unit_test(an_offer_of_nothing_is_none_of_ours),
        cmocka_unit_test(where_nothing_is_configured_anything_is_fine),
        cmocka_unit_test(the_first_of_ours_is_agreed_on),
        cmocka_unit_test(the_token_is_no_offer),
        cmocka_unit_test(of_two_tokens_none_is_one),
        cmocka_unit_test(tokens_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
