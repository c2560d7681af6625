/* The WebSocket decoder: however the input is cut, the events are the same, and each can be made a frame
 * again that is decoded as the same event. The first byte says (modulo 8) how many bytes with lengths of
 * pieces follow; the rest is the stream.
 *
 * Fuzzes: src/proto/ws_frame.c */
#include "base/frame.h"
#include "fuzz.h"
#include "proto/ws_frame.h"

#define MAX_MESSAGE 1000 /* small, so that it is reached */

/* Our frame as a client would send it: with a mask, of zeros. */
static struct pinion_slice masked(const struct pinion_frame *frame, uint8_t *out)
{
    const uint8_t *head = (const uint8_t *)pinion__frame_body((struct pinion_frame *)frame) - frame->head_len;
    memcpy(out, head, frame->head_len);
    out[1] |= 0x80;
    memset(out + frame->head_len, 0, 4);
    memcpy(out + frame->head_len + 4, head + frame->head_len, frame->body_len);
    return pinion__slice((char *)out, frame->head_len + 4 + frame->body_len);
}

static struct pinion_frame *frame_of(const struct pinion_ws_event *event)
{
    if (event->type == PINION_WS_PING || event->type == PINION_WS_PONG)
        return pinion__ws_control_frame(event->type == PINION_WS_PING ? 9 : 10, event->data, event->len);
    if (event->type == PINION_WS_CLOSE || event->type == PINION_WS_ERROR)
        return pinion__ws_close_frame(event->close_code);
    struct pinion_frame *frame = pinion__frame_new(event->len);
    REQUIRE(frame);
    if (event->len)
        memcpy(pinion__frame_body(frame), event->data, event->len);
    frame->opcode = event->opcode;
    frame->body_len = event->len;
    pinion__ws_frame_header(frame);
    return frame;
}

static void check_written(const struct pinion_ws_event *event)
{
    struct pinion_ws_decoder decoder;
    struct pinion_ws_event again;
    struct pinion_frame *frame = frame_of(event);
    REQUIRE(frame && frame->head_len <= 10);
    uint8_t *bytes = allocate(frame->head_len + 4 + frame->body_len);
    struct pinion_slice sent = masked(frame, bytes);
    size_t pos = 0;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
    REQUIRE(pinion__ws_decoder_idle(&decoder));
    pinion__ws_decode(&decoder, bytes, sent.len, &pos, &again);
    REQUIRE(again.type == (event->type == PINION_WS_ERROR ? PINION_WS_CLOSE : event->type));
    REQUIRE(pos == sent.len && again.close_code == event->close_code);
    if (event->type != PINION_WS_CLOSE &&
        event->type != PINION_WS_ERROR) { /* the reasons of these are left out */
        REQUIRE(again.len == event->len && memcmp(again.data, event->data, event->len) == 0);
        REQUIRE(pinion__ws_decoder_idle(&decoder));
    }
    pinion__ws_decoder_release(&decoder);
    free(bytes);
    pinion__frame_unref(frame);
}

static void log_event(struct pinion_buf *log, const struct pinion_ws_event *event)
{
    char head[64];
    snprintf(head, sizeof head, "%d %u %u %zu ", (int)event->type, event->opcode, event->close_code,
             event->len);
    REQUIRE(pinion__buf_append_str(log, head) == 0);
    REQUIRE(event->len == 0 || pinion__buf_append(log, event->data, event->len) == 0);
}

/* The reader of a text that came whole must check it. */
static bool is_bad_text(const struct pinion_ws_event *event)
{
    return event->type == PINION_WS_MESSAGE && event->opcode == PINION_OPCODE_TEXT && !event->utf8_checked &&
           !pinion__utf8_valid(event->data, event->len);
}

/* Feed one piece. Returns false once the stream is over. */
static bool feed(struct pinion_ws_decoder *decoder, struct pinion_slice piece, struct pinion_buf *log)
{
    struct pinion_ws_event event = { .type = PINION_WS_MESSAGE };
    uint8_t *data = allocate(piece.len);
    size_t pos = 0;
    bool open = true;
    if (piece.len)
        memcpy(data, piece.ptr, piece.len);
    while (event.type != PINION_WS_NEED_MORE) {
        pinion__ws_decode(decoder, data, piece.len, &pos, &event);
        if (!open)
            REQUIRE(event.type == PINION_WS_NEED_MORE);
        if (is_bad_text(&event)) {
            event = (struct pinion_ws_event){ .type = PINION_WS_ERROR, .close_code = 1007 };
            decoder->finished = true;
        }
        open = open && event.type != PINION_WS_ERROR && event.type != PINION_WS_CLOSE;
        REQUIRE(event.type != PINION_WS_MESSAGE || event.len <= MAX_MESSAGE);
        if (event.type != PINION_WS_NEED_MORE) {
            check_written(&event);
            log_event(log, &event);
        }
    }
    REQUIRE(pos == piece.len);
    free(data);
    return open;
}

static void run(struct input stream, const size_t *lengths, size_t count, struct pinion_buf *log)
{
    struct pinion_ws_decoder decoder;
    bool open = true;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
    for (size_t i = 0; stream.left > 0 && open; i++)
        open = feed(&decoder, input_bytes(&stream, lengths[i % count]), log);
    pinion__ws_decoder_release(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    size_t lengths[8] = { 1 }, whole = SIZE_MAX;
    size_t count = input_pick(&input, 8);
    for (size_t i = 0; i < count; i++)
        lengths[i] = 1 + (size_t)input_byte(&input);

    struct pinion_buf expected, log;
    pinion__buf_init(&expected, SIZE_MAX);
    pinion__buf_init(&log, SIZE_MAX);
    run(input, &whole, 1, &expected);
    run(input, lengths, count ? count : 1, &log);
    REQUIRE(log.len == expected.len && (log.len == 0 || memcmp(log.data, expected.data, log.len) == 0));
    pinion__buf_release(&log);
    pinion__buf_release(&expected);
    return 0;
}
