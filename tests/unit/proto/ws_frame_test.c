/* What the decoder gives for a run of bytes is written down as a log and compared: with what a table says,
 * with the log of the same bytes cut differently, and with that of a model which sees all bytes at once. */
#include "helpers/guard.h"
#include "proto/ws_frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MAX_MESSAGE 100000
#define LEN(array)  (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) (text), sizeof(text) - 1

/* ---- the log ---- */

static void log_event(struct pinion_buf *log, const char *what, unsigned number, const void *data, size_t len)
{
    char head[64];
    snprintf(head, sizeof head, "%s %u %zu<", what, number, len);
    assert_int_equal(pinion__buf_append_str(log, head), 0);
    assert_int_equal(pinion__buf_append(log, data, len), 0);
    assert_int_equal(pinion__buf_append_str(log, "> "), 0);
}

/* A text the decoder did not check, for it came whole, is checked here, as its reader would. */
static bool is_bad_text(const struct pinion_ws_event *event)
{
    return event->type == PINION_WS_MESSAGE && event->opcode == PINION_OPCODE_TEXT && !event->utf8_checked &&
           !pinion__utf8_valid(event->data, event->len);
}

static void log_decoded(struct pinion_buf *log, const struct pinion_ws_event *event)
{
    switch (event->type) {
    case PINION_WS_MESSAGE:
        assert_false(event->utf8_checked && event->opcode != PINION_OPCODE_TEXT);
        log_event(log, "message", event->opcode, event->data, event->len);
        break;
    case PINION_WS_PING:
        log_event(log, "ping", 0, event->data, event->len);
        break;
    case PINION_WS_PONG:
        log_event(log, "pong", 0, event->data, event->len);
        break;
    case PINION_WS_CLOSE:
        log_event(log, "close", event->close_code, event->data, event->len);
        break;
    case PINION_WS_ERROR:
        log_event(log, "error", event->close_code, "", 0);
        break;
    default:
        fail_msg("no event");
    }
}

static void assert_same_log(const struct pinion_buf *log, const struct pinion_buf *expected)
{
    assert_int_equal(log->len, expected->len);
    if (log->len > 0)
        assert_memory_equal(log->data, expected->data, log->len);
}

/* ---- a decoder that is fed from a guarded page ---- */

struct peer {
    struct pinion_ws_decoder decoder;
    struct pinion_buf log;
    struct guard guard;
    bool left; /* a text was bad: its reader takes no more */
};

static void peer_start(struct peer *peer, size_t max_message)
{
    *peer = (struct peer){ .guard = guard_new(2 * MAX_MESSAGE) };
    pinion__ws_decoder_init(&peer->decoder, max_message);
    pinion__buf_init(&peer->log, 64 * MAX_MESSAGE);
}

static void peer_restart(struct peer *peer, size_t max_message)
{
    pinion__ws_decoder_release(&peer->decoder);
    pinion__ws_decoder_init(&peer->decoder, max_message);
    peer->log.len = 0;
    peer->left = false;
}

static void peer_stop(struct peer *peer)
{
    pinion__ws_decoder_release(&peer->decoder);
    pinion__buf_release(&peer->log);
    guard_free(&peer->guard);
}

static void peer_feed(struct peer *peer, const void *bytes, size_t len)
{
    uint8_t *data = (uint8_t *)guard_place(&peer->guard, bytes, len);
    size_t pos = 0;
    struct pinion_ws_event event;
    for (pinion__ws_decode(&peer->decoder, data, len, &pos, &event); event.type != PINION_WS_NEED_MORE;
         pinion__ws_decode(&peer->decoder, data, len, &pos, &event)) {
        if (peer->left)
            continue;
        peer->left = is_bad_text(&event);
        if (peer->left)
            log_event(&peer->log, "error", 1007, "", 0);
        else
            log_decoded(&peer->log, &event);
    }
    assert_int_equal(pos, len);
}

static void peer_feed_by(struct peer *peer, const char *bytes, size_t len, size_t step)
{
    for (size_t i = 0; i < len; i += step)
        peer_feed(peer, bytes + i, len - i < step ? len - i : step);
}

static const char *peer_log(struct peer *peer)
{
    assert_int_equal(pinion__buf_append_char(&peer->log, '\0'), 0);
    peer->log.len--;
    return peer->log.data;
}

/* The bytes whole, cut in two everywhere, and one by one: always the same log, which is the one expected. */
static void check_every_cut(const char *bytes, size_t len, size_t max_message, const char *expected)
{
    struct peer peer;
    peer_start(&peer, max_message);
    for (size_t cut = 0; cut <= len; cut++) {
        peer_restart(&peer, max_message);
        peer_feed(&peer, bytes, cut);
        peer_feed(&peer, bytes + cut, len - cut);
        assert_string_equal(peer_log(&peer), expected);
    }
    peer_restart(&peer, max_message);
    peer_feed_by(&peer, bytes, len, 1);
    assert_string_equal(peer_log(&peer), expected);
    peer_stop(&peer);
}

/* ---- frames as clients make them ---- */

static void put_head(struct pinion_buf *wire, uint8_t first, uint64_t len, const char *mask)
{
    unsigned size = len > UINT16_MAX ? 8 : len > 125 ? 2 : 0;
    uint8_t head[14] = { first, (uint8_t)(0x80 | (size == 8 ? 127 : size == 2 ? 126 : len)) };
    for (unsigned i = 0; i < size; i++)
        head[2 + i] = (uint8_t)(len >> (8 * (size - 1 - i)));
    memcpy(head + 2 + size, mask, 4);
    assert_int_equal(pinion__buf_append(wire, head, 2 + size + 4), 0);
}

static void put_frame(struct pinion_buf *wire, uint8_t first, const char *payload, size_t len)
{
    static const char mask[4] = { '\x9a', '\x01', '\xff', '\x37' };
    put_head(wire, first, len, mask);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(pinion__buf_append_char(wire, (char)(payload[i] ^ mask[i % 4])), 0);
}

/* ---- what must be refused ---- */

/* A mask of zeros keeps the payloads readable. */
#define MASK "\0\0\0\0"

static void violations_are_refused_however_they_are_cut(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
        const char *log;
    } table[] = {
        { "reserved bit 1", BYTES("\xc1\x80"), "error 1002 0<> " },
        { "reserved bit 2", BYTES("\xa1\x80"), "error 1002 0<> " },
        { "reserved bit 3", BYTES("\x91\x80"), "error 1002 0<> " },
        { "reserved bit on a control frame", BYTES("\xc9\x80"), "error 1002 0<> " },
        { "unmasked text", BYTES("\x81\x01"), "error 1002 0<> " },
        { "unmasked ping", BYTES("\x89\x00"), "error 1002 0<> " },
        { "opcode 3", BYTES("\x83\x80"), "error 1002 0<> " },
        { "opcode 7", BYTES("\x87\x80"), "error 1002 0<> " },
        { "opcode 11", BYTES("\x8b\x80"), "error 1002 0<> " },
        { "opcode 15", BYTES("\x8f\x80"), "error 1002 0<> " },
        { "fragmented ping", BYTES("\x09\x80"), "error 1002 0<> " },
        { "fragmented close", BYTES("\x08\x80"), "error 1002 0<> " },
        { "ping of 126 bytes", BYTES("\x89\xfe"), "error 1002 0<> " },
        { "close of 127 …", BYTES("\x88\xff"), "error 1002 0<> " },
        { "continuation of nothing", BYTES("\x80\x80"), "error 1002 0<> " },
        { "continuation after a whole message", BYTES("\x81\x81" MASK "a\x80\x80"),
          "message 1 1<a> error 1002 0<> " },
        { "start inside a message", BYTES("\x01\x81" MASK "a\x81\x80"), "error 1002 0<> " },
        { "start inside, after a ping", BYTES("\x02\x80" MASK "\x89\x80" MASK "\x02\x80"),
          "ping 0 0<> error 1002 0<> " },
        { "top bit of the length", BYTES("\x82\xff\x80\0\0\0\0\0\0\0" MASK), "error 1002 0<> " },
        { "125 in two bytes", BYTES("\x82\xfe\0\x7d" MASK), "error 1002 0<> " },
        { "0 in two bytes", BYTES("\x82\xfe\0\0" MASK), "error 1002 0<> " },
        { "65535 in eight bytes", BYTES("\x82\xff\0\0\0\0\0\0\xff\xff" MASK), "error 1002 0<> " },
        { "longer than the limit", BYTES("\x82\xff\0\0\0\0\0\1\x86\xa1" MASK), "error 1009 0<> " },
        { "as long as can be", BYTES("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" MASK), "error 1009 0<> " },
        { "fragments beyond the limit", BYTES("\x02\x81" MASK "a\x80\xff\0\0\0\0\0\1\x86\xa0" MASK),
          "error 1009 0<> " },
        { "close with one byte", BYTES("\x88\x81" MASK "\x03"), "error 1002 0<> " },
        { "close 1005", BYTES("\x88\x82" MASK "\x03\xed"), "error 1002 0<> " },
        { "close with a reason that is no text", BYTES("\x88\x84" MASK "\x03\xe8\xc3("), "error 1007 0<> " },
        { "close with half a character", BYTES("\x88\x83" MASK "\x03\xe8\xc3"), "error 1007 0<> " },
        { "text that is no UTF-8",
          BYTES("\x81\x83" MASK "a\xff"
                "b"),
          "error 1007 0<> " },
        { "an overlong slash", BYTES("\x81\x82" MASK "\xc0\xaf"), "error 1007 0<> " },
        { "a surrogate", BYTES("\x81\x83" MASK "\xed\xa0\x80"), "error 1007 0<> " },
        { "half a character", BYTES("\x81\x82" MASK "\xe2\x82"), "error 1007 0<> " },
        { "half a character in fragments", BYTES("\x01\x81" MASK "\xe2\x80\x81" MASK "\x82"),
          "error 1007 0<> " },
        { "a character broken by the next fragment", BYTES("\x01\x81" MASK "\xe2\x00\x81" MASK "x"),
          "error 1007 0<> " },
    };
    for (size_t i = 0; i < LEN(table); i++) {
        print_message("  %s\n", table[i].what);
        check_every_cut(table[i].bytes, table[i].len, MAX_MESSAGE, table[i].log);
    }
}

static void nothing_is_read_after_an_error_or_a_close(void **state)
{
    check_every_cut(BYTES("\x83\x80" MASK "\x89\x80" MASK), MAX_MESSAGE, "error 1002 0<> ");
    check_every_cut(BYTES("\x88\x80" MASK "\x89\x80" MASK "\x83\x80"), MAX_MESSAGE, "close 1005 0<> ");
}

static void broken_text_is_refused_before_its_frame_is_complete(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    peer_feed(&peer, BYTES("\x81\xfe\x40\0" MASK "a\xff"));
    assert_string_equal(peer_log(&peer), "error 1007 0<> ");
    peer_stop(&peer);
}

static bool may_be_received(unsigned code)
{
    static const unsigned reserved[] = { 1004, 1005, 1006, 1015 };
    for (size_t i = 0; i < LEN(reserved); i++) {
        if (code == reserved[i])
            return false;
    }
    return (code >= 1000 && code <= 1014) || (code >= 3000 && code < 5000);
}

static void close_codes_are_those_a_peer_may_send(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        char frame[] = { '\x88', '\x82', 0, 0, 0, 0, (char)(code >> 8), (char)code };
        char expected[32];
        peer_restart(&peer, MAX_MESSAGE);
        peer_feed(&peer, frame, sizeof frame);
        if (may_be_received(code))
            snprintf(expected, sizeof expected, "close %u 0<> ", code);
        else
            snprintf(expected, sizeof expected, "error 1002 0<> ");
        assert_string_equal(peer_log(&peer), expected);
    }
    peer_stop(&peer);
}

/* ---- what must be understood ---- */

static void each_kind_of_frame_is_understood(void **state)
{
    check_every_cut(BYTES("\x81\x82" MASK "hi"), MAX_MESSAGE, "message 1 2<hi> ");
    check_every_cut(BYTES("\x82\x82" MASK "\xff\xfe"), MAX_MESSAGE, "message 2 2<\xff\xfe> ");
    check_every_cut(BYTES("\x81\x80" MASK), MAX_MESSAGE, "message 1 0<> ");
    check_every_cut(BYTES("\x89\x82" MASK "hi"), MAX_MESSAGE, "ping 0 2<hi> ");
    check_every_cut(BYTES("\x8a\x80" MASK), MAX_MESSAGE, "pong 0 0<> ");
    check_every_cut(BYTES("\x88\x80" MASK), MAX_MESSAGE, "close 1005 0<> ");
    check_every_cut(BYTES("\x88\x85" MASK "\x03\xe9"
                          "bye"),
                    MAX_MESSAGE, "close 1001 3<bye> ");
}

static void fragments_and_control_frames_mix(void **state)
{
    struct pinion_buf wire;
    pinion__buf_init(&wire, 4096);
    put_frame(&wire, 0x81, BYTES("first"));
    put_frame(&wire, 0x01, BYTES("h\xc3"));
    put_frame(&wire, 0x89, BYTES("are you there"));
    put_frame(&wire, 0x00, BYTES(""));
    put_frame(&wire, 0x00, BYTES("\xa9\xe2\x82"));
    put_frame(&wire, 0x8a, BYTES(""));
    put_frame(&wire, 0x80, BYTES("\xac\xf0\x9d\x84\x9e"));
    put_frame(&wire, 0x02, BYTES(""));
    put_frame(&wire, 0x80, BYTES(""));
    put_frame(&wire, 0x02, BYTES(""));
    put_frame(&wire, 0x80, BYTES("\xff"));
    put_frame(&wire, 0x01, BYTES("x"));
    put_frame(&wire, 0x80, BYTES(""));
    put_frame(&wire, 0x88, BYTES("\x0b\xb8gone"));
    check_every_cut(wire.data, wire.len, MAX_MESSAGE,
                    "message 1 5<first> ping 0 13<are you there> pong 0 0<> "
                    "message 1 10<h\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e> message 2 0<> message 2 1<\xff> "
                    "message 1 1<x> close 3000 4<gone> ");
    pinion__buf_release(&wire);
}

static void every_encoding_of_a_length_is_understood(void **state)
{
    static const size_t lengths[] = { 0, 1, 125, 126, 127, 65535, 65536, MAX_MESSAGE };
    static const size_t steps[] = { SIZE_MAX / 2, 4096, 1000, 13 };
    char *payload = malloc(MAX_MESSAGE);
    for (size_t i = 0; i < MAX_MESSAGE; i++)
        payload[i] = (char)(i * 7 + i / 256);
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    for (size_t i = 0; i < LEN(lengths); i++) {
        struct pinion_buf wire, expected;
        pinion__buf_init(&wire, 2 * MAX_MESSAGE);
        pinion__buf_init(&expected, 2 * MAX_MESSAGE);
        put_frame(&wire, 0x82, payload, lengths[i]);
        log_event(&expected, "message", 2, payload, lengths[i]);
        for (size_t j = 0; j < LEN(steps); j++) {
            peer_restart(&peer, MAX_MESSAGE);
            peer_feed_by(&peer, wire.data, wire.len, steps[j]);
            assert_same_log(&peer.log, &expected);
        }
        pinion__buf_release(&wire);
        pinion__buf_release(&expected);
    }
    peer_stop(&peer);
    free(payload);
}

static void the_limit_is_for_all_fragments_together(void **state)
{
    check_every_cut(BYTES("\x02\x82" MASK "ab\x80\x82" MASK "cd"), 4, "message 2 4<abcd> ");
    check_every_cut(BYTES("\x02\x82" MASK "ab\x80\x83" MASK), 4, "error 1009 0<> ");
    check_every_cut(BYTES("\x02\x82" MASK "ab\x80\x82" MASK "cd\x82\x84" MASK "efgh"), 4,
                    "message 2 4<abcd> message 2 4<efgh> ");
    check_every_cut(BYTES("\x89\x85" MASK "hello"), 4, "ping 0 5<hello> ");
    check_every_cut(BYTES("\x82\x80" MASK "\x82\x81" MASK), 0, "message 2 0<> error 1009 0<> ");
}

static void masks_are_taken_off_at_every_alignment(void **state)
{
    static const char mask[4] = { '\x12', '\xf4', '\x00', '\x8d' };
    struct guard guard = guard_new(256);
    for (size_t len = 0; len <= 40; len++) {
        for (size_t spare = 0; spare < 8; spare++) {
            char frame[6 + 40 + 8] = { '\x82', (char)(0x80 | len), mask[0], mask[1], mask[2], mask[3] };
            for (size_t i = 0; i < len; i++)
                frame[6 + i] = (char)((char)i ^ mask[i % 4]);
            memset(frame + 6 + len, 0x55, spare);
            char *data = guard_place(&guard, frame, 6 + len + spare);
            struct pinion_ws_decoder decoder;
            struct pinion_ws_event event;
            size_t pos = 0;
            pinion__ws_decoder_init(&decoder, 64);
            pinion__ws_decode(&decoder, (uint8_t *)data, 6 + len + spare, &pos, &event);
            assert_int_equal(event.type, PINION_WS_MESSAGE);
            assert_int_equal(pos, 6 + len);
            assert_int_equal(event.len, len);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(event.data[i], (char)i);
            for (size_t i = 0; i < spare; i++)
                assert_int_equal(data[6 + len + i], 0x55);
            pinion__ws_decoder_release(&decoder);
        }
    }
    guard_free(&guard);
}

/* ---- what it costs ---- */

static void a_frame_that_is_whole_is_not_copied(void **state)
{
    uint8_t data[] = "\x81\x82" MASK "hi\x89\x81" MASK "p\x82\x81" MASK "b";
    size_t len = sizeof data - 1;
    size_t pos = 0;
    struct pinion_ws_decoder decoder;
    struct pinion_ws_event event;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);

    pinion__ws_decode(&decoder, data, len, &pos, &event);
    assert_int_equal(event.type, PINION_WS_MESSAGE);
    assert_ptr_equal(event.data, data + 6);
    assert_false(event.utf8_checked);
    pinion__ws_decode(&decoder, data, len, &pos, &event);
    assert_int_equal(event.type, PINION_WS_PING);
    assert_ptr_equal(event.data, data + 14);
    pinion__ws_decode(&decoder, data, len, &pos, &event);
    assert_int_equal(event.type, PINION_WS_MESSAGE);
    assert_ptr_equal(event.data, data + 21);
    assert_null(decoder.message.data);
    pinion__ws_decoder_release(&decoder);
}

static void a_frame_whose_header_came_before_is_not_copied_either(void **state)
{
    uint8_t head[] = "\x81\x82\1\2\3", rest[] = "\4ik";
    size_t pos = 0;
    struct pinion_ws_decoder decoder;
    struct pinion_ws_event event;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
    pinion__ws_decode(&decoder, head, 5, &pos, &event);
    assert_int_equal(event.type, PINION_WS_NEED_MORE);
    pos = 0;
    pinion__ws_decode(&decoder, rest, 3, &pos, &event);
    assert_int_equal(event.type, PINION_WS_MESSAGE);
    assert_ptr_equal(event.data, rest + 1);
    assert_memory_equal(event.data, "hi", 2);
    pinion__ws_decoder_release(&decoder);
}

static void a_text_that_came_in_pieces_is_checked(void **state)
{
    uint8_t head[] = "\x81\x82" MASK "h", rest[] = "i";
    size_t pos = 0;
    struct pinion_ws_decoder decoder;
    struct pinion_ws_event event;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
    pinion__ws_decode(&decoder, head, 7, &pos, &event);
    pos = 0;
    pinion__ws_decode(&decoder, rest, 1, &pos, &event);
    assert_int_equal(event.type, PINION_WS_MESSAGE);
    assert_true(event.utf8_checked);
    pinion__ws_decoder_release(&decoder);
}

static void that_a_large_message_may_end_is_known_before(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    assert_false(pinion__ws_decoder_may_end(&peer.decoder, 4, 100));
    peer_feed(&peer, BYTES("\x02\x88" MASK "0123"));
    assert_false(pinion__ws_decoder_may_end(&peer.decoder, 4, 4)); /* not large yet */
    peer_feed(&peer, BYTES("4"));
    assert_false(pinion__ws_decoder_may_end(&peer.decoder, 4, 2));
    assert_true(pinion__ws_decoder_may_end(&peer.decoder, 4, 3));
    peer_feed(&peer, BYTES("567"));
    assert_true(pinion__ws_decoder_may_end(&peer.decoder, 4, 1)); /* the next fragment may be the last */
    peer_stop(&peer);
}

static void a_promise_costs_nothing(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    peer_feed(&peer, BYTES("\x82\xff\0\0\0\0\0\1\x86\xa0" MASK));
    assert_null(peer.decoder.message.data);
    peer_feed(&peer, BYTES("0123456789"));
    assert_in_range(peer.decoder.message.cap, 10, 64);
    peer_stop(&peer);

    peer_start(&peer, MAX_MESSAGE);
    peer_feed(&peer, BYTES("\x89\xfd" MASK));
    assert_null(peer.decoder.control);
    peer_stop(&peer);
}

static void an_idle_decoder_holds_nothing(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    assert_in_range(sizeof peer.decoder, 1, 80);
    peer_feed_by(&peer, BYTES("\x02\x81" MASK "a\x89\x82" MASK "pp\x80\x81" MASK "b"), 1);
    assert_string_equal(peer_log(&peer), "ping 0 2<pp> message 2 2<ab> ");
    assert_null(peer.decoder.message.data);
    assert_null(peer.decoder.control);
    peer_feed_by(&peer, BYTES("\x02\x81" MASK "a\x89\x82" MASK "p"), 1);
    assert_non_null(peer.decoder.message.data);
    assert_non_null(peer.decoder.control);
    pinion__ws_decoder_release(&peer.decoder);
    assert_null(peer.decoder.message.data);
    assert_null(peer.decoder.control);
    peer_stop(&peer);
}

static void an_error_frees_all(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    peer_feed_by(&peer, BYTES("\x01\x81" MASK "a\x89\x82" MASK "pp\x83\x80"), 1);
    assert_string_equal(peer_log(&peer), "ping 0 2<pp> error 1002 0<> ");
    assert_null(peer.decoder.message.data);
    assert_null(peer.decoder.control);
    peer_stop(&peer);
}

/* ---- random sequences against a model ---- */

/* The protocol told once more, plainly: all the bytes there will ever be are in view. */
struct model {
    const uint8_t *bytes;
    size_t len;
    size_t max;
    struct pinion_buf message;
    int message_opcode;
    struct pinion_buf *log;
};

static bool model_error(struct model *model, unsigned code)
{
    log_event(model->log, "error", code, "", 0);
    return false;
}

static bool model_close(struct model *model, const char *payload, size_t len)
{
    if (len == 0) {
        log_event(model->log, "close", 1005, "", 0);
        return false;
    }
    unsigned code = len >= 2 ? (unsigned)((uint8_t)payload[0] * 256 + (uint8_t)payload[1]) : 0;
    if (!may_be_received(code))
        return model_error(model, 1002);
    if (!pinion__utf8_valid(payload + 2, len - 2))
        return model_error(model, 1007);
    log_event(model->log, "close", code, payload + 2, len - 2);
    return false;
}

static bool model_data(struct model *model, bool fin, const char *payload, size_t len, bool whole)
{
    struct pinion_utf8 utf8 = { 0 };
    assert_int_equal(pinion__buf_append(&model->message, payload, len), 0);
    if (model->message_opcode == 1 && !pinion__utf8_feed(&utf8, model->message.data, model->message.len))
        return model_error(model, 1007);
    if (!whole || !fin)
        return whole;
    if (model->message_opcode == 1 && !pinion__utf8_complete(&utf8))
        return model_error(model, 1007);
    log_event(model->log, "message", (unsigned)model->message_opcode, model->message.data,
              model->message.len);
    model->message.len = 0;
    model->message_opcode = 0;
    return true;
}

static bool model_frame(struct model *model)
{
    const uint8_t *at = model->bytes;
    if (model->len < 2)
        return false;
    int opcode = at[0] & 15;
    bool fin = at[0] >> 7, control = opcode >= 8;
    uint64_t len = at[1] & 127;
    if (at[0] & 0x70 || at[1] < 128 || (opcode > 2 && opcode < 8) || opcode > 10)
        return model_error(model, 1002);
    if (control ? !fin || len > 125 : (opcode == 0) != (model->message_opcode != 0))
        return model_error(model, 1002);
    size_t extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (model->len < 6 + extra)
        return false;
    if (extra)
        len = 0;
    for (size_t i = 0; i < extra; i++)
        len = len * 256 + at[2 + i];
    if (len >> 63 || (extra == 2 && len < 126) || (extra == 8 && len < 65536))
        return model_error(model, 1002);
    if (!control && len + model->message.len > model->max)
        return model_error(model, 1009);
    size_t here = model->len - 6 - extra < len ? model->len - 6 - extra : (size_t)len;
    char *payload = malloc(here + 1);
    for (size_t i = 0; i < here; i++)
        payload[i] = (char)(at[6 + extra + i] ^ at[2 + extra + i % 4]);
    model->bytes += 6 + extra + here;
    model->len -= 6 + extra + here;
    if (opcode == 1 || opcode == 2)
        model->message_opcode = opcode;
    bool go_on = here == len;
    if (!control)
        go_on = model_data(model, fin, payload, here, here == len);
    else if (go_on && opcode == 8)
        go_on = model_close(model, payload, here);
    else if (go_on)
        log_event(model->log, opcode == 9 ? "ping" : "pong", 0, payload, here);
    free(payload);
    return go_on;
}

static void run_model(const struct pinion_buf *wire, size_t max, struct pinion_buf *log)
{
    struct model model = { .bytes = (const uint8_t *)wire->data, .len = wire->len, .max = max, .log = log };
    pinion__buf_init(&model.message, max);
    assert_int_equal(pinion__buf_reserve(&model.message, 1), 0);
    while (model_frame(&model))
        continue;
    pinion__buf_release(&model.message);
}

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % limit;
}

static size_t random_payload(char *out)
{
    static const char *const pieces[] = { "a", "plain text", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9d\x84\x9e",
                                          "" };
    size_t len = 0;
    for (unsigned n = random_below(8); n > 0; n--) {
        const char *piece = pieces[random_below(LEN(pieces))];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    if (random_below(4) == 0)
        len -= random_below(3) % (len + 1);
    if (random_below(20) == 0 && len > 0)
        out[random_below((unsigned)len)] = (char)random_below(256);
    return len;
}

static void put_random_frame(struct pinion_buf *wire, bool *in_message)
{
    char payload[512];
    size_t len = random_payload(payload);
    bool fin = random_below(3) > 0;
    unsigned kind = random_below(100);
    if (kind < 70) {
        unsigned opcode = *in_message ? 0 : 1 + random_below(2);
        put_frame(wire, (uint8_t)(fin << 7 | opcode), payload, len);
        *in_message = !fin;
    } else if (kind < 90) {
        put_frame(wire, (uint8_t)(0x89 + random_below(2)), payload, len);
    } else if (kind < 94) {
        memset(payload, 0, 2);
        payload[0] = (char)random_below(20);
        payload[1] = (char)random_below(256);
        put_frame(wire, 0x88, payload, len);
    } else if (kind < 97) {
        put_head(wire, 0x82, 100 + random_below(70000), "abcd");
    } else {
        put_frame(wire, (uint8_t)random_below(256), payload, len);
    }
}

static void random_sequences_come_out_as_in_the_model(void **state)
{
    struct peer peer;
    peer_start(&peer, MAX_MESSAGE);
    for (unsigned round = 0; round < 4000; round++) {
        random_state = round;
        struct pinion_buf wire, expected;
        bool in_message = false;
        size_t max = random_below(2) ? MAX_MESSAGE : 40 + random_below(200);
        pinion__buf_init(&wire, 1 << 20);
        pinion__buf_init(&expected, 1 << 20);
        for (unsigned n = 1 + random_below(12); n > 0; n--)
            put_random_frame(&wire, &in_message);
        run_model(&wire, max, &expected);
        peer_restart(&peer, max);
        for (size_t at = 0, n; at < wire.len; at += n) {
            n = 1 + random_below(random_below(2) ? 4 : 120);
            n = n < wire.len - at ? n : wire.len - at;
            peer_feed(&peer, wire.data + at, n);
        }
        assert_same_log(&peer.log, &expected);
        pinion__buf_release(&wire);
        pinion__buf_release(&expected);
    }
    peer_stop(&peer);
}

/* ---- what we send ---- */

static void check_header(size_t len, const char *header, size_t header_len)
{
    char *body = calloc(1, len + 1);
    struct pinion_frame *frame = pinion__frame_copy(body, len);
    frame->opcode = PINION_OPCODE_BINARY;
    pinion__ws_frame_header(frame);
    assert_int_equal(frame->head_len, header_len);
    assert_int_equal(pinion__frame_wire(frame).len, header_len + len);
    assert_memory_equal(pinion__frame_wire(frame).ptr, header, header_len);
    pinion__frame_unref(frame);
    free(body);
}

static void headers_are_the_shortest(void **state)
{
    check_header(0, BYTES("\x82\x00"));
    check_header(125, BYTES("\x82\x7d"));
    check_header(126, BYTES("\x82\x7e\x00\x7e"));
    check_header(65535, BYTES("\x82\x7e\xff\xff"));
    check_header(65536, BYTES("\x82\x7f\0\0\0\0\0\1\0\0"));
}

static void check_wire(struct pinion_frame *frame, const char *bytes, size_t len)
{
    assert_non_null(frame);
    assert_int_equal(pinion__frame_wire(frame).len, len);
    assert_memory_equal(pinion__frame_wire(frame).ptr, bytes, len);
    pinion__frame_unref(frame);
}

static void control_frames_are_complete(void **state)
{
    check_wire(pinion__ws_control_frame(10, "pong", 4), BYTES("\x8a\x04pong"));
    check_wire(pinion__ws_control_frame(9, NULL, 0), BYTES("\x89\x00"));
    check_wire(pinion__ws_close_frame(1001), BYTES("\x88\x02\x03\xe9"));
    check_wire(pinion__ws_close_frame(1005), BYTES("\x88\x00"));
    check_wire(pinion__ws_close_frame(0), BYTES("\x88\x00"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(violations_are_refused_however_they_are_cut),
        cmocka_unit_test(nothing_is_read_after_an_error_or_a_close),
        cmocka_unit_test(broken_text_is_refused_before_its_frame_is_complete),
        cmocka_unit_test(close_codes_are_those_a_peer_may_send),
        cmocka_unit_test(each_kind_of_frame_is_understood),
        cmocka_unit_test(fragments_and_control_frames_mix),
        cmocka_unit_test(every_encoding_of_a_length_is_understood),
        cmocka_unit_test(the_limit_is_for_all_fragments_together),
        cmocka_unit_test(masks_are_taken_off_at_every_alignment),
        cmocka_unit_test(a_frame_that_is_whole_is_not_copied),
        cmocka_unit_test(a_frame_whose_header_came_before_is_not_copied_either),
        cmocka_unit_test(a_text_that_came_in_pieces_is_checked),
        cmocka_unit_test(that_a_large_message_may_end_is_known_before),
        cmocka_unit_test(a_promise_costs_nothing),
        cmocka_unit_test(an_idle_decoder_holds_nothing),
        cmocka_unit_test(an_error_frees_all),
        cmocka_unit_test(random_sequences_come_out_as_in_the_model),
        cmocka_unit_test(headers_are_the_shortest),
        cmocka_unit_test(control_frames_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
