/* A frame: bytes to be sent. It is encoded once, and every connection that sends it queues a reference.
 *
 * A frame belongs to one loop, so its references are counted without atomics. One transport may write its
 * framing into the headroom in front of the body: encoding and framing need one allocation and no copy.
 *
 *   storage: [ unused headroom | head_len bytes of framing | body_len bytes of body | spare ]
 */
#ifndef PINION_BASE_FRAME_H
#define PINION_BASE_FRAME_H

#include "base/slice.h"
#include <pinion/frame.h>
#include <stdint.h>

enum pinion_opcode { /* the numbers are those of RFC 6455 */
                     PINION_OPCODE_TEXT = 1,
                     PINION_OPCODE_BINARY = 2,
};

/* What becomes of a frame for which there is no room. */
enum pinion_loss {
    PINION_LOSS_NEVER,     /* its client is closed */
    PINION_LOSS_BROADCAST, /* where the mount drops broadcasts, it is one of them; else as above */
    PINION_LOSS_FREE,      /* the same, but where the mount drops nothing, it is refused */
};

struct pinion_frame {
    uint32_t refs;
    uint8_t opcode;    /* enum pinion_opcode */
    uint8_t head_len;  /* bytes of framing in front of the body */
    uint8_t droppable; /* enum pinion_loss; true: a full queue may drop it, where the mount says so */
    bool begins_run;   /* a run that begins with it may be there (io/run.h) */
    size_t body_len;
    size_t capacity; /* of the body, bytes */
    char storage[];
};

/* What a frame takes while it waits in a queue, without its bytes: the struct, the headroom, a queue node of
 * two pointers, and what malloc adds to both. Bytes. */
#define PINION_FRAME_QUEUED (sizeof(struct pinion_frame) + PINION_FRAME_HEADROOM + 6 * sizeof(void *))

/* Make a frame with room for `capacity` bytes of body, body_len 0 and one reference. NULL when out of
 * memory. */
struct pinion_frame *pinion__frame_new(size_t capacity);

/* Make a frame that holds a copy of these bytes. NULL when out of memory. */
struct pinion_frame *pinion__frame_copy(const void *bytes, size_t len);

static inline struct pinion_frame *pinion__frame_ref(struct pinion_frame *frame)
{
    frame->refs++;
    return frame;
}

/* frame may be NULL. */
void pinion__frame_unref(struct pinion_frame *frame);

static inline char *pinion__frame_body(struct pinion_frame *frame)
{
    return frame->storage + PINION_FRAME_HEADROOM;
}

/* The bytes to send: framing and body. */
static inline struct pinion_slice pinion__frame_wire(struct pinion_frame *frame)
{
    return pinion__slice(pinion__frame_body(frame) - frame->head_len, frame->head_len + frame->body_len);
}

/* The bytes to send, and all memory the frame takes while it waits: what the limits of queues count. A frame
 * that waits in several queues counts in full in each. */
static inline size_t pinion__frame_memory(struct pinion_frame *frame)
{
    return pinion__frame_wire(frame).len + PINION_FRAME_QUEUED;
}

#endif
