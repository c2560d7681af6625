/* The envelope: a message from one node to others, as bytes. Adapters carry it and do not look inside.
 *
 *   envelope  = version kind node incarnation sequence body     version and kind are a byte each
 *   broadcast = type topic event payload                        the body of PINION_ENVELOPE_BROADCAST
 *
 *   type      = 0 for JSON, 1 for binary, a byte
 *   node, topic, event = length (a byte) bytes
 *   payload   = all bytes that are left
 *
 * Numbers are varints. The incarnation distinguishes the lives of a node. The sequence numbers, from 1, what
 * it has sent in this life. Bodies of other kinds belong to other folders.
 *
 * Reading checks everything except the JSON, and allocates nothing. */
#ifndef PINION_PUBSUB_ENVELOPE_H
#define PINION_PUBSUB_ENVELOPE_H

#include "base/slice.h"
#include <pinion/payload.h>
#include <stdint.h>

#define PINION_ENVELOPE_VERSION 1

enum pinion_envelope_kind {
    PINION_ENVELOPE_BROADCAST = 1,
    PINION_ENVELOPE_PRESENCE = 2,
    PINION_ENVELOPE_LONGPOLL = 3,
};
#define PINION_ENVELOPE_KINDS 4

/* When it is written, the slices are the caller's. When it was read, they point into its bytes. */
struct pinion_envelope {
    enum pinion_envelope_kind kind;
    struct pinion_slice node; /* the sender: UTF-8 without control characters, 1 to 255 bytes */
    uint64_t incarnation;
    uint64_t sequence;
    struct pinion_slice body; /* of every kind except a broadcast */
    struct {
        struct pinion_slice topic; /* topic and event: at most 255 bytes each, UTF-8 without U+0000 */
        struct pinion_slice event;
        pinion_payload_type type;
        struct pinion_slice payload;
    } broadcast;
};

/* True for a valid node id. */
bool pinion__is_node_id(struct pinion_slice name);

/* The length it will have. */
size_t pinion__envelope_size(const struct pinion_envelope *envelope);

/* Write the envelope. `out` has room for pinion__envelope_size bytes. */
void pinion__envelope_write(const struct pinion_envelope *envelope, char *out);

/* Read an envelope. PINION_EPROTO: malformed; PINION_ENOTSUP: another version, or an unknown kind.
 * pinion_error_detail() says more. */
int pinion__envelope_read(struct pinion_slice bytes, struct pinion_envelope *out);

#endif
