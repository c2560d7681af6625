/* Frames: what the two ends of a bridge write into their stream socket.
 *
 *   frame = length kind body     length is that of the body, 4 bytes, big-endian; kind is a byte
 *
 *   hello   = version node       the first frame of each end. version is a byte
 *   heard   = nothing            the other end's hello has come: from now on this end sends what it publishes
 *   message = an envelope
 *
 * Frames of other kinds are skipped. */
#ifndef PINION_PUBSUB_BRIDGE_FRAMES_H
#define PINION_PUBSUB_BRIDGE_FRAMES_H

#include "base/slice.h"

#define PINION_BRIDGE_VERSION 1
#define PINION_BRIDGE_HEAD    5 /* bytes of a frame before its body */

enum pinion_bridge_frame { PINION_BRIDGE_HELLO = 1, PINION_BRIDGE_HEARD = 2, PINION_BRIDGE_MESSAGE = 3 };

/* Write the head of a frame. */
void pinion__bridge_head(char out[PINION_BRIDGE_HEAD], enum pinion_bridge_frame kind, size_t len);

/* Reads a stream, in whatever pieces it comes. */
struct pinion_bridge_reader {
    size_t max; /* bytes of a body */
    size_t head_len;
    unsigned char head[PINION_BRIDGE_HEAD];
    char *body; /* of a frame of which a part has come; NULL: none */
    size_t have;
};

void pinion__bridge_reader_init(struct pinion_bridge_reader *reader, size_t max);
void pinion__bridge_reader_release(struct pinion_bridge_reader *reader);

/* A frame has come. The body is borrowed for the call. Anything but 0 ends the reading. */
typedef int pinion_bridge_frame_fn(void *context, unsigned kind, struct pinion_slice body);

/* Take bytes, and hand each frame that is complete to fn. What fn returns, if not 0; PINION_EPROTO: a body is
 * longer than `max`; PINION_ENOMEM. After an error the reader may only be released. */
int pinion__bridge_read(struct pinion_bridge_reader *reader, struct pinion_slice bytes,
                        pinion_bridge_frame_fn *fn, void *context);

#endif
