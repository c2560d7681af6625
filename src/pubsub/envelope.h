/* The envelope: what one node sends to others, as bytes. Adapters carry it and do not look inside.
 *
 *   envelope  = version kind node incarnation sequence body     version and kind are a byte each
 *   broadcast = type topic event payload                        the body of PINION_ENVELOPE_BROADCAST
 *
 *   type      = 0 for JSON, 1 for binary, a byte
 *   node, topic, event = length (a byte) bytes
 *   payload   = what is left
 *
 * Numbers are varints. The incarnation tells the lives of a node apart; the sequence counts, from 1, what it
 * has sent in this one. The body of other kinds is their owners'.
 *
 * Reading checks everything there is to check but the JSON, and allocates nothing.
 */
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

/* Slices are the caller's when it is written, and of its bytes when it was read. */
struct pinion_envelope {
    enum pinion_envelope_kind kind;
    struct pinion_slice node; /* who sends it: UTF-8 without control characters, 1 to 255 bytes */
    uint64_t incarnation;
    uint64_t sequence;
    struct pinion_slice body; /* but of a broadcast */
    struct {
        struct pinion_slice topic; /* at most 255 bytes each, UTF-8 without U+0000 */
        struct pinion_slice event;
        pinion_payload_type type;
        struct pinion_slice payload;
    } broadcast;
};

/* True for what may be a node's id. */
bool pinion__is_node_id(struct pinion_slice name);

/* How long it will be. */
size_t pinion__envelope_size(const struct pinion_envelope *envelope);

/* Write it to as many bytes as pinion__envelope_size says. */
void pinion__envelope_write(const struct pinion_envelope *envelope, char *out);

/* Read one into *out. PINION_EPROTO: malformed; PINION_ENOTSUP: of another version, or of a kind that is not
 * known here. pinion_error_detail() says more. */
int pinion__envelope_read(struct pinion_slice bytes, struct pinion_envelope *out);

#endif
