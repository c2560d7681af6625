/* Frames: bytes on their way to clients, encoded once and shared by reference. For those who write transports
 * and serializers.
 *
 * Thread: a frame belongs to the loop that made it. Its references are counted without atomics. */
#ifndef PINION_FRAME_H
#define PINION_FRAME_H

#include <pinion/error.h>
#include <pinion/slice.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes on their way to clients. */
typedef struct pinion_frame pinion_frame;

#define PINION_FRAME_HEADROOM 14 /* The most bytes that may be put in front of a frame's own. */

/* Make a frame with one reference and a copy of these bytes. If bytes is NULL, the frame has room for
 * `length` bytes, to be written through pinion_frame_body. Text must be valid UTF-8.
 *
 * Errors: NULL: out of memory. */
PINION_API pinion_frame *pinion_frame_new(bool binary, const void *bytes, size_t length);

/* Take another reference. */
PINION_API pinion_frame *pinion_frame_ref(pinion_frame *frame);

/* Give a reference back. NULL is allowed. */
PINION_API void pinion_frame_unref(pinion_frame *frame);

/* Whether the body is binary. If not, it is text. */
PINION_API bool pinion_frame_is_binary(const pinion_frame *frame);

/* Whether the frame may be dropped for a client that does not keep up. True for broadcasts, for what
 * handle_out pushes, and for pinion_push_droppable. */
PINION_API bool pinion_frame_is_droppable(const pinion_frame *frame);

/* The bytes as they are sent: framing, then body.
 *
 * Lifetime: as long as the frame keeps this framing. */
PINION_API pinion_slice pinion_frame_wire(const pinion_frame *frame);

/* How much memory the frame takes while it waits in a queue: some 90 bytes more than it has on the wire. It
 * is what limits of queues count; a frame that waits in several counts whole in each. */
PINION_API size_t pinion_frame_memory(const pinion_frame *frame);

/* The body, for the code that made the frame. It may write the body until anybody else has a reference. */
PINION_API char *pinion_frame_body(pinion_frame *frame);

/* Put a transport's framing in front of the body. Call it once.
 *
 * Errors: PINION_ETOOBIG: more than PINION_FRAME_HEADROOM bytes. */
PINION_API int pinion_frame_set_head(pinion_frame *frame, const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
