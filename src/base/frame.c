/* One allocation holds the struct, the headroom and the body. */
#include "base/frame.h"
#include "base/held.h"
#include "base/misuse.h"
#include "base/stock.h"
#include "base/work.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

#define OVERHEAD (sizeof(struct pinion_frame) + PINION_FRAME_HEADROOM)

struct pinion_frame *pinion__frame_new(size_t capacity)
{
    struct pinion_frame *frame =
        capacity <= SIZE_MAX - OVERHEAD ? pinion__block_new(OVERHEAD + capacity) : NULL;

    if (!frame)
        return NULL;
    frame->refs = 1;
    frame->opcode = PINION_OPCODE_TEXT;
    frame->droppable = PINION_LOSS_NEVER;
    frame->begins_run = false;
    frame->head_len = 0;
    frame->body_len = 0;
    frame->capacity = capacity;
    return frame;
}

struct pinion_frame *pinion__frame_copy(const void *bytes, size_t len)
{
    struct pinion_frame *frame = pinion__frame_new(len);

    if (!frame || len == 0)
        return frame;
    PINION_WORK(len);
    memcpy(pinion__frame_body(frame), bytes, len);
    frame->body_len = len;
    return frame;
}

void pinion__frame_unref(struct pinion_frame *frame)
{
    if (!frame)
        return;
    assert(frame->refs > 0);
    if (--frame->refs > 0)
        return;
    PINION_HELD_GONE(frame);
    pinion__block_free(frame, OVERHEAD + frame->capacity);
}

/* ---- public ---- */

static_assert(PINION_FRAME_HEADROOM >= 14, "the longest WebSocket header has to fit");

pinion_frame *pinion_frame_new(bool binary, const void *bytes, size_t length)
{
    struct pinion_frame *frame = bytes ? pinion__frame_copy(bytes, length) : pinion__frame_new(length);
    if (!frame)
        return NULL;
    frame->opcode = binary ? PINION_OPCODE_BINARY : PINION_OPCODE_TEXT;
    frame->body_len = length;
    PINION_HELD(PINION_HELD_FRAME, frame, NULL);
    return frame;
}

pinion_frame *pinion_frame_ref(pinion_frame *frame)
{
    PINION_NEED(frame, return NULL);
    PINION_HELD(PINION_HELD_FRAME, frame, NULL);
    return pinion__frame_ref(frame);
}

void pinion_frame_unref(pinion_frame *frame)
{
    pinion__frame_unref(frame);
}

bool pinion_frame_is_droppable(const pinion_frame *frame)
{
    PINION_NEED(frame, return false);
    return frame->droppable;
}

bool pinion_frame_is_binary(const pinion_frame *frame)
{
    PINION_NEED(frame, return false);
    return frame->opcode == PINION_OPCODE_BINARY;
}

pinion_slice pinion_frame_wire(const pinion_frame *frame)
{
    static const pinion_slice none = { NULL, 0 };
    PINION_NEED(frame, return none);
    return pinion__frame_wire((pinion_frame *)frame);
}

size_t pinion_frame_memory(const pinion_frame *frame)
{
    PINION_NEED(frame, return 0);
    return pinion__frame_memory((pinion_frame *)frame);
}

char *pinion_frame_body(pinion_frame *frame)
{
    PINION_NEED(frame, return NULL);
    return pinion__frame_body(frame);
}

int pinion_frame_set_head(pinion_frame *frame, const void *bytes, size_t length)
{
    PINION_NEEDED(frame);
    PINION_RULE(bytes || length == 0, return PINION_EINVAL, "bytes is NULL, and length %zu", length);
    if (length > PINION_FRAME_HEADROOM)
        return pinion__fail(PINION_ETOOBIG, "a frame's head of %zu bytes is too long: the limit is %d",
                            length, PINION_FRAME_HEADROOM);
    if (length)
        memcpy(pinion__frame_body(frame) - length, bytes, length);
    frame->head_len = (uint8_t)length;
    return 0;
}
