/* A frame: bytes on their way out, encoded once and queued by reference on every connection they go to.
 *
 * The references are counted without atomics: a frame belongs to one loop. Before the body lies headroom,
 * in which one transport may write its framing, so that encoding and framing need one allocation and no
 * copy.
 *
 *   storage: [ unused headroom | head_len bytes of framing | body_len bytes of body | spare ]
 */
#ifndef PINION_BASE_FRAME_H
#define PINION_BASE_FRAME_H

#include "base/slice.h"
#include <pinion/frame.h>
#include <stdint.h>

enum pinion_opcode { /* the numbers are RFC 6455's */
                     PINION_OPCODE_TEXT = 1,
                     PINION_OPCODE_BINARY = 2,
};

struct pinion_frame {
    uint32_t refs;
    uint8_t opcode;   /* enum pinion_opcode */
    uint8_t head_len; /* bytes of framing in front of the body */
    bool droppable;   /* a broadcast, which a full queue may do without */
    size_t body_len;
    size_t capacity; /* of the body */
    char storage[];
};

/* What a frame takes while it waits in a queue, besides its bytes: its head, its place there (a node of two
 * pointers), and what malloc keeps of both. */
#define PINION_FRAME_QUEUED (sizeof(struct pinion_frame) + PINION_FRAME_HEADROOM + 6 * sizeof(void *))

/* A frame with room for `capacity` bytes of body, body_len 0, one reference. NULL when out of memory. */
struct pinion_frame *pinion__frame_new(size_t capacity);

/* A frame that holds a copy of these bytes. NULL when out of memory. */
struct pinion_frame *pinion__frame_copy(const void *bytes, size_t len);

static inline struct pinion_frame *pinion__frame_ref(struct pinion_frame *frame)
{
    frame->refs++;
    return frame;
}

/* NULL is allowed. */
void pinion__frame_unref(struct pinion_frame *frame);

static inline char *pinion__frame_body(struct pinion_frame *frame)
{
    return frame->storage + PINION_FRAME_HEADROOM;
}

/* What goes on the wire: framing and body. */
static inline struct pinion_slice pinion__frame_wire(struct pinion_frame *frame)
{
    return pinion__slice(pinion__frame_body(frame) - frame->head_len, frame->head_len + frame->body_len);
}

/* What goes on the wire, and all that it takes while it waits there: what limits of queues count. One that
 * waits in several counts whole in each. */
static inline size_t pinion__frame_memory(struct pinion_frame *frame)
{
    return pinion__frame_wire(frame).len + PINION_FRAME_QUEUED;
}

#endif
