/* One allocation holds the counter, the headroom and the body. */
#include "base/frame.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OVERHEAD (sizeof(struct pinion_frame) + PINION_FRAME_HEADROOM)

struct pinion_frame *pinion__frame_new(size_t capacity)
{
    struct pinion_frame *frame = capacity <= SIZE_MAX - OVERHEAD ? malloc(OVERHEAD + capacity) : NULL;

    if (!frame)
        return NULL;
    frame->refs = 1;
    frame->opcode = PINION_OPCODE_TEXT;
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
    memcpy(pinion__frame_body(frame), bytes, len);
    frame->body_len = len;
    return frame;
}

void pinion__frame_unref(struct pinion_frame *frame)
{
    if (!frame)
        return;
    assert(frame->refs > 0);
    if (--frame->refs == 0)
        free(frame);
}
