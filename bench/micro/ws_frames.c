/* WebSocket framing: decoding and unmasking a client's frames, and writing our headers. */
#include "micro.h"
#include "proto/ws_frame.h"
#include <stdlib.h>

#define MAX_MESSAGE (1024 * 1024)

static struct pinion_ws_decoder decoder;
static uint8_t *wire;
static size_t wire_len;
static struct pinion_frame *frame;

/* One masked frame. Decoding takes the mask off, and the next time puts it on again, at the same cost. */
static void set_up_masked(size_t size)
{
    size_t head = size < 126 ? 2 : 4;
    wire_len = head + 4 + size;
    wire = calloc(1, wire_len);
    if (!wire)
        micro_fail("a frame");
    wire[0] = 0x82;
    wire[1] = (uint8_t)(0x80 | (head == 2 ? size : 126));
    if (head == 4) {
        wire[2] = (uint8_t)(size >> 8);
        wire[3] = (uint8_t)size;
    }
    wire[head] = 0x5a;
    wire[head + 1] = 0x17;
    wire[head + 2] = 0xc3;
    wire[head + 3] = 0x99;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
}

static void tear_down_masked(void)
{
    pinion__ws_decoder_release(&decoder);
    free(wire);
}

/* Decode all bytes. Returns how many messages there were. */
static unsigned decode(uint8_t *bytes, size_t len)
{
    struct pinion_ws_event event;
    size_t pos = 0;
    unsigned messages = 0;
    for (;;) {
        pinion__ws_decode(&decoder, bytes, len, &pos, &event);
        if (event.type != PINION_WS_MESSAGE)
            break;
        messages++;
    }
    if (event.type != PINION_WS_NEED_MORE)
        micro_fail("decoding");
    return messages;
}

static void decode_whole(unsigned iterations, size_t size)
{
    for (unsigned i = 0; i < iterations; i++) {
        if (decode(wire, wire_len) != 1)
            micro_fail("decoding");
    }
}

static void decode_in_two(unsigned iterations, size_t size)
{
    size_t cut = wire_len / 2;
    for (unsigned i = 0; i < iterations; i++) {
        if (decode(wire, cut) + decode(wire + cut, wire_len - cut) != 1)
            micro_fail("decoding");
    }
}

static void set_up_frame(size_t size)
{
    frame = pinion__frame_new(size);
    if (!frame)
        micro_fail("a frame");
    memset(pinion__frame_body(frame), 'x', size);
    frame->body_len = size;
    frame->opcode = PINION_OPCODE_TEXT;
}

static void encode_header(unsigned iterations, size_t size)
{
    for (unsigned i = 0; i < iterations; i++)
        pinion__ws_frame_header(frame);
}

static void tear_down_frame(void)
{
    pinion__frame_unref(frame);
}

const struct micro micro_ws_frames[] = {
    { "ws/decode/64", 50000, 1, 64, set_up_masked, decode_whole, tear_down_masked },
    { "ws/decode/1024", 20000, 1, 1024, set_up_masked, decode_whole, tear_down_masked },
    { "ws/decode/16384", 1000, 1, 16384, set_up_masked, decode_whole, tear_down_masked },
    { "ws/decode-in-two/1024", 10000, 1, 1024, set_up_masked, decode_in_two, tear_down_masked },
    { "ws/encode-header/64", 200000, 1, 64, set_up_frame, encode_header, tear_down_frame },
    { "ws/encode-header/16384", 200000, 1, 16384, set_up_frame, encode_header, tear_down_frame },
    { 0 },
};
