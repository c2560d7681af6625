#include "proto/ws_handshake.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define GET        "GET /socket/websocket HTTP/1.1\r\nHost: example.com\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define KEY        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define END        "\r\n"

/* Check a request, with a sentence of at most size - 1 characters, in memory that ends there. */
static char *check_within(const char *head, size_t size)
{
    struct pinion_http_request request;
    assert_int_equal(pinion__http1_parse(head, strlen(head), 0, &request), strlen(head));
    char *text = malloc(size);
    const char *answer = pinion__ws_handshake_check(&request, text, size);
    if (answer) {
        assert_ptr_equal(answer, text);
        return text;
    }
    free(text);
    return NULL;
}

static void requests_that_are_no_upgrade_are_told_why(void **state)
{
    static const struct {
        const char *head;
        const char *why;
    } table[] = {
        { "POST / HTTP/1.1\r\nHost: a\r\n" CONNECTION UPGRADE KEY VERSION END, "" },
        { "HEAD / HTTP/1.1\r\nHost: a\r\n" CONNECTION UPGRADE KEY VERSION END, "" },
        { "get / HTTP/1.1\r\nHost: a\r\n" CONNECTION UPGRADE KEY VERSION END, "" },
        { "POST / HTTP/1.0\r\n" END, "" },
        { "GET / HTTP/1.0\r\n" CONNECTION UPGRADE KEY VERSION END, "HTTP version HTTP/1.0 unsupported" },
        { GET END, "'connection' header must contain 'upgrade', got []" },
        { GET UPGRADE KEY VERSION END, "'connection' header must contain 'upgrade', got []" },
        { GET "Connection: keep-alive, close\r\nConnection: x\r\n" UPGRADE KEY VERSION END,
          "'connection' header must contain 'upgrade', got [\"keep-alive, close\", \"x\"]" },
        { GET CONNECTION KEY VERSION END, "'upgrade' header must contain 'websocket', got []" },
        { GET CONNECTION "Upgrade: h2c\r\n" KEY VERSION END,
          "'upgrade' header must contain 'websocket', got [\"h2c\"]" },
        { GET CONNECTION UPGRADE VERSION END, "'sec-websocket-key' header is absent" },
        { GET CONNECTION UPGRADE END, "'sec-websocket-key' header is absent" },
        { GET CONNECTION UPGRADE KEY KEY VERSION END, "'sec-websocket-key' header is there more than once" },
        { GET CONNECTION UPGRADE "Sec-WebSocket-Key: !!!!\r\n" VERSION END,
          "'sec-websocket-key' header must be 16 bytes in base64, got [\"!!!!\"]" },
        { GET CONNECTION UPGRADE KEY END, "'sec-websocket-version' header must equal '13', got []" },
        { GET CONNECTION UPGRADE KEY "Sec-WebSocket-Version: 8\r\n" END,
          "'sec-websocket-version' header must equal '13', got [\"8\"]" },
        { GET CONNECTION UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n" END,
          "'sec-websocket-version' header must equal '13', got [\"13, 8\"]" },
        { GET CONNECTION UPGRADE KEY VERSION VERSION END,
          "'sec-websocket-version' header must equal '13', got [\"13\", \"13\"]" },
    };
    for (size_t i = 0; i < LEN(table); i++) {
        char *why = check_within(table[i].head, 256);
        assert_non_null(why);
        assert_string_equal(why, table[i].why);
        free(why);
    }
}

static void what_a_peer_sent_is_escaped(void **state)
{
    char *why =
        check_within(GET CONNECTION "Upgrade: a\"b\\c#{d}#e\tf\xc3\xa9\xff<\r\n" KEY VERSION END, 256);
    assert_string_equal(why, "'upgrade' header must contain 'websocket', got "
                             "[\"a\\\"b\\\\c\\#{d}#e\\tf\\xC3\\xA9\\xFF<\"]");
    free(why);
}

static void a_sentence_that_is_too_long_is_cut_between_characters(void **state)
{
    static const char whole[] = "'upgrade' header must contain 'websocket', got [\"\\xFF\\\"\\\"\", \"b\"]";
    for (size_t size = 1; size <= sizeof whole; size++) {
        char *why = check_within(GET CONNECTION "Upgrade: \xff\"\"\r\nUpgrade: b\r\n" KEY VERSION END, size);
        assert_in_range(strlen(why), 0, size - 1);
        assert_memory_equal(why, whole, strlen(why));
        assert_true(strlen(why) == 0 || why[strlen(why) - 1] != '\\' || why[strlen(why) - 2] == '\\');
        if (size == sizeof whole)
            assert_string_equal(why, whole);
        free(why);
    }
}

static void good_requests_pass(void **state)
{
    static const char *const heads[] = {
        GET CONNECTION UPGRADE KEY VERSION END,
        GET "connection: keep-alive, UPGRADE\r\nupgrade: h2c, WebSocket\r\n" KEY VERSION END,
        GET CONNECTION UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAA/==\r\n" VERSION END,
        GET "Connection: a\r\n" CONNECTION "Upgrade: b\r\n" UPGRADE KEY VERSION END,
    };
    for (size_t i = 0; i < LEN(heads); i++)
        assert_null(check_within(heads[i], 256));
}

static void the_accept_key_is_that_of_the_standard(void **state)
{
    char accept[29];
    assert_int_equal(pinion__ws_accept_key(pinion__slice_str("dGhlIHNhbXBsZSBub25jZQ=="), accept), 0);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(pinion__ws_accept_key(pinion__slice_str(""), accept), 0);
    assert_string_equal(accept, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
}

#define RESPONSE                                                                                             \
    "HTTP/1.1 101 Switching Protocols\r\n"                                                                   \
    "cache-control: max-age=0, private, must-revalidate\r\n"                                                 \
    "connection: Upgrade\r\n"                                                                                \
    "upgrade: websocket\r\n"                                                                                 \
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* The response fits into just the memory it needs, and into no less. */
static void check_response(const char *protocol, const char *expected)
{
    struct pinion_slice key = pinion__slice_str("dGhlIHNhbXBsZSBub25jZQ==");
    size_t len = strlen(expected);
    for (size_t size = 0; size <= len + 1; size++) {
        char *out = malloc(size);
        long rc = pinion__ws_handshake_response(key, pinion__slice_str(protocol), out, size);
        assert_int_equal(rc, size <= len ? PINION_ETOOBIG : (long)len);
        if (size > len)
            assert_memory_equal(out, expected, len);
        free(out);
    }
}

static void the_response_is_complete(void **state)
{
    check_response(NULL, RESPONSE "\r\n");
    check_response("phoenix", RESPONSE "sec-websocket-protocol: phoenix\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_no_upgrade_are_told_why),
        cmocka_unit_test(what_a_peer_sent_is_escaped),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_between_characters),
        cmocka_unit_test(good_requests_pass),
        cmocka_unit_test(the_accept_key_is_that_of_the_standard),
        cmocka_unit_test(the_response_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
