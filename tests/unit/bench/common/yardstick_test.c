/* The yardsticks' protocol, with a server that writes down what it is asked to do: for every cut of what
 * comes in. */
#include "yardstick.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t written[4096];
static size_t written_len;
static int closes;

static void write_down(const void *bytes, size_t len)
{
    assert_true(written_len + len <= sizeof written);
    memcpy(written + written_len, bytes, len);
    written_len += len;
}

void server_send(struct peer *peer, const void *bytes, size_t len)
{
    write_down(bytes, len);
}

void server_publish(struct topic *topic, const void *bytes, size_t len)
{
    for (uint32_t i = 0; i < topic->count; i++)
        write_down(bytes, len);
}

void server_close(struct peer *peer)
{
    closes++;
}

/* ---- what comes in ---- */

static const char request[] = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static uint8_t input[4096];
static size_t input_len;

static void add_frame(uint8_t opcode, const char *payload)
{
    static const uint8_t mask[4] = { 1, 2, 3, 4 };
    size_t len = strlen(payload);
    uint8_t *at = input + input_len;
    assert_true(len < 65536);
    *at++ = 0x80 | opcode;
    if (len < 126) {
        *at++ = (uint8_t)(0x80 | len);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (uint8_t)(len >> 8);
        *at++ = (uint8_t)len;
    }
    memcpy(at, mask, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        *at++ = (uint8_t)payload[i] ^ mask[i & 3];
    input_len = (size_t)(at - input);
}

static void begin(void)
{
    input_len = strlen(request);
    memcpy(input, request, input_len);
}

/* ---- what goes out ---- */

static uint8_t expected[4096];
static size_t expected_len;

static void expect_bytes(const char *bytes, size_t len)
{
    memcpy(expected + expected_len, bytes, len);
    expected_len += len;
}

static void expect_frame(uint8_t opcode, const char *payload)
{
    size_t len = strlen(payload);
    expected[expected_len++] = 0x80 | opcode;
    expected[expected_len++] = (uint8_t)(len < 126 ? len : 126);
    if (len >= 126) {
        expected[expected_len++] = (uint8_t)(len >> 8);
        expected[expected_len++] = (uint8_t)len;
    }
    expect_bytes(payload, len);
}

static void expect_upgrade(void)
{
    static const char head[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    expected_len = 0;
    expect_bytes(head, strlen(head));
}

/* The input is written over, so each part of it is a copy, as long as it is. */
static void receive(struct peer *peer, size_t from, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, input + from, len);
    yardstick_received(peer, copy, len);
    free(copy);
}

static void check_cut(size_t cut)
{
    struct peer peer = { 0 };
    written_len = 0;
    closes = 0;
    receive(&peer, 0, cut);
    receive(&peer, cut, input_len - cut);
    yardstick_gone(&peer);
    assert_int_equal(written_len, expected_len);
    assert_memory_equal(written, expected, expected_len);
}

static void check_cuts(void)
{
    for (size_t cut = 0; cut <= input_len; cut++)
        check_cut(cut);
    struct peer peer = { 0 };
    written_len = 0;
    closes = 0;
    for (size_t i = 0; i < input_len; i++)
        receive(&peer, i, 1);
    yardstick_gone(&peer);
    assert_int_equal(written_len, expected_len);
    assert_memory_equal(written, expected, expected_len);
}

static void a_client_is_served_however_its_bytes_are_cut(void **state)
{
    begin();
    add_frame(1, "[\"1\",\"1\",\"bench:3\",\"phx_join\",{}]");
    add_frame(1, "[null,\"5\",\"phoenix\",\"heartbeat\",{}]");
    add_frame(
        1, "[\"1\",\"2\",\"bench:3\",\"echo\",{\"a\":[1,2,\"]\"],\"b\":\"a text longer than the shortest of "
           "headers can say, which is one hundred and twenty-five bytes of them\"}]");
    add_frame(1, "[\"1\",\"3\",\"bench:3\",\"bcast\",{\"n\":\"0000000001\"}]");
    add_frame(9, "ping");
    add_frame(1, "[\"1\",\"4\",\"bench:3\",\"phx_leave\",{}]");
    expect_upgrade();
    expect_frame(1, "[\"1\",\"1\",\"bench:3\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(1, "[null,\"5\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(
        1,
        "[\"1\",\"2\",\"bench:3\",\"phx_reply\",{\"response\":{\"a\":[1,2,\"]\"],\"b\":\"a text longer than "
        "the shortest of headers can say, which is one hundred and twenty-five bytes of them\"},"
        "\"status\":\"ok\"}]");
    expect_frame(1, "[null,null,\"bench:3\",\"msg\",{\"n\":\"0000000001\"}]");
    expect_frame(10, "ping");
    expect_frame(1, "[\"1\",\"4\",\"bench:3\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(1, "[\"1\",\"1\",\"bench:3\",\"phx_close\",{}]");
    check_cuts();
}

static void nothing_is_read_after_a_close(void **state)
{
    begin();
    add_frame(8, "\x03\xe8");
    add_frame(1, "[null,\"5\",\"phoenix\",\"heartbeat\",{}]");
    expect_upgrade();
    expect_frame(8, "\x03\xe8");
    check_cuts();
    assert_int_equal(closes, 1);
}

static void a_broadcast_reaches_who_is_there(void **state)
{
    struct peer peers[5] = { 0 };
    begin();
    add_frame(1, "[\"1\",\"1\",\"bench:9\",\"phx_join\",{}]");
    for (int i = 0; i < 5; i++)
        receive(&peers[i], 0, input_len);
    yardstick_gone(&peers[0]);
    yardstick_gone(&peers[3]);
    input_len = 0;
    add_frame(1, "[\"1\",\"3\",\"bench:9\",\"bcast\",{}]");
    written_len = expected_len = 0;
    receive(&peers[1], 0, input_len);
    for (int i = 0; i < 3; i++)
        expect_frame(1, "[null,null,\"bench:9\",\"msg\",{}]");
    assert_int_equal(written_len, expected_len);
    assert_memory_equal(written, expected, expected_len);
    yardstick_gone(&peers[1]);
    yardstick_gone(&peers[2]);
    yardstick_gone(&peers[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_served_however_its_bytes_are_cut),
        cmocka_unit_test(nothing_is_read_after_a_close),
        cmocka_unit_test(a_broadcast_reaches_who_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
