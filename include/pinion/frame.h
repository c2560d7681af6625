/* Frames: bytes on their way to clients, encoded once and shared by reference. For those who write transports
 * and serializers.
 *
 * Thread: a frame belongs to the loop it was made on; its references are counted without atomics. */
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

#define PINION_FRAME_HEADROOM 14 /* bytes that may be put in front of a frame's own */

/* A frame with a copy of these bytes (NULL: with room for so many, to be written through pinion_frame_body)
 * and one reference. Text must be valid UTF-8. NULL when out of memory. */
PINION_API pinion_frame *pinion_frame_new(bool binary, const void *bytes, size_t length);

/* Another reference. */
PINION_API pinion_frame *pinion_frame_ref(pinion_frame *frame);

/* Give a reference back. NULL is allowed. */
PINION_API void pinion_frame_unref(pinion_frame *frame);

/* Whether the body is binary; else it is text. */
PINION_API bool pinion_frame_is_binary(const pinion_frame *frame);

/* A broadcast, which a client that does not keep up may do without. */
PINION_API bool pinion_frame_is_droppable(const pinion_frame *frame);

/* What goes over the wire: framing, then body. Lifetime: while it has this framing. */
PINION_API pinion_slice pinion_frame_wire(const pinion_frame *frame);

/* The body, to be written by who made the frame, before anybody else has a reference. */
PINION_API char *pinion_frame_body(pinion_frame *frame);

/* Put a transport's framing in front of the body, once. PINION_ETOOBIG: more than PINION_FRAME_HEADROOM
 * bytes. */
PINION_API int pinion_frame_set_head(pinion_frame *frame, const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
