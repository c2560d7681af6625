/* Serializers: messages to frames and back. Stateless; one const table each. */
#ifndef PINION_PROTO_SERIALIZER_H
#define PINION_PROTO_SERIALIZER_H

#include "base/frame.h"
#include "proto/message.h"

struct pinion_serializer {
    const char *name; /* for logs: "1.0.0" */

    /* Expected to read one frame. `opcode` is an enum pinion_opcode; `bytes` is the whole payload of the
     * frame, which for text need not be valid UTF-8 yet (checking it is part of the work). The message's
     * slices point into bytes and scratch. PINION_EPROTO: not a message; the connection ends. */
    int (*decode)(int opcode, struct pinion_slice bytes, struct pinion_message *message,
                  struct pinion_message_scratch *scratch);

    /* Expected to make the frame for one message to a client, with *out holding one reference.
     * PINION_ENOTSUP: this serializer cannot carry it (a binary payload in V1); PINION_ETOOBIG: a topic,
     * event, ref or status longer than the format has room for; PINION_ENOMEM. */
    int (*encode)(const struct pinion_message *message, struct pinion_frame **out);
};

extern const struct pinion_serializer pinion__serializer_v1;
extern const struct pinion_serializer pinion__serializer_v2;

/* The serializer for the connect parameter `vsn`: an empty slice (absent) and 1.0.x give V1, 2.0.x V2
 * (semantic versions, matched as Elixir's Version.match? does with "~> 2.0.0": 2.0.0-rc.1, which precedes
 * 2.0.0, is not one). NULL for anything else. */
const struct pinion_serializer *pinion__serializer_find(struct pinion_slice vsn);

#endif
