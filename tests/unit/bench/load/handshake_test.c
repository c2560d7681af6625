/* Which answers to an upgrade the load generator takes. */
#include "handshake.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void an_upgrade_is_taken(void **state)
{
    assert_null(handshake_refusal("HTTP/1.1 101 Switching Protocols\r\n" ACCEPT "\r\n"));
    assert_null(handshake_refusal("HTTP/1.1 101 x\r\nupgrade: websocket\r\n"
                                  "sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

static void check_refusal(const char *head, const char *why)
{
    const char *refusal = handshake_refusal(head);
    assert_non_null(refusal);
    assert_non_null(strstr(refusal, why));
}

static void anything_else_is_not(void **state)
{
    check_refusal("HTTP/1.1 403 Forbidden\r\n" ACCEPT "\r\n", "HTTP/1.1 403 Forbidden");
    check_refusal("HTTP/1.1 101 x\r\n\r\n", "Accept");
    check_refusal("HTTP/1.1 101 x\r\nX-" ACCEPT "\r\n", "Accept");
    check_refusal("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: wrong\r\n\r\n", "Accept");
    check_refusal("HTTP/1.1 101 x\r\n" ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                  "extension");
    check_refusal("\r\n\r\n", "answered with");
}

static void the_request_is_complete(void **state)
{
    static const char start[] = "GET /socket HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n";
    char *request = handshake_request("/socket", "127.0.0.1", 4000);
    assert_int_equal(strncmp(request, start, strlen(start)), 0);
    assert_string_equal(request + strlen(request) - 4, "\r\n\r\n");
    assert_non_null(strstr(request, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_is_taken),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(the_request_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
