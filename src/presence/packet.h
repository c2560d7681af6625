/* Packets: what the gossip of a shard sends to other nodes. They are the body of PINION_ENVELOPE_PRESENCE.
 *
 *   packet = kind name shard shards body      kind, shard and shards are a byte each
 *   name   = length (a byte) bytes            of the presence
 *
 * The body of a message packet is a message (message.h). The body of a goodbye is the incarnation that ends,
 * a varint: the node stops, and what is tracked there has left. */
#ifndef PINION_PRESENCE_PACKET_H
#define PINION_PRESENCE_PACKET_H

#include "base/buf.h"
#include "base/slice.h"
#include <stdint.h>

enum pinion_presence_packet_kind { PINION_PRESENCE_MESSAGE = 1, PINION_PRESENCE_GOODBYE = 2 };

/* In a packet that was read, the slices point into its bytes. */
struct pinion_presence_packet {
    enum pinion_presence_packet_kind kind;
    struct pinion_slice name;
    uint8_t shard;
    uint8_t shards;
    struct pinion_slice body;
};

/* Append the packet. Errors: as pinion__buf_append. */
int pinion__presence_packet_write(const struct pinion_presence_packet *packet, struct pinion_buf *out);

/* Read a packet. PINION_EPROTO: malformed. */
int pinion__presence_packet_read(struct pinion_slice bytes, struct pinion_presence_packet *out);

#endif
