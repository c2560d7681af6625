/* A message of the Phoenix Channels protocol, between its serializers and the engine.
 *
 * Slices borrow: a decoded message points into the received bytes or into its own scratch, an encoded one
 * is made of what the caller has.
 *
 * Refs are opaque JSON values that are echoed in the type they came in, so both are kept as compact JSON
 * text ("1" with its quotes, 7, {"a":1}); a length of 0 is null (the text null is never kept).
 */
#ifndef PINION_PROTO_MESSAGE_H
#define PINION_PROTO_MESSAGE_H

#include "base/slice.h"
#include <stdint.h>

#define PINION_NAME_MAX 255 /* bytes of a topic, an event, a ref */

/* The numbers are those of V2's binary frames. */
enum pinion_message_kind {
    PINION_MESSAGE_PUSH = 0, /* to the server: any message; to the client: a push */
    PINION_MESSAGE_REPLY = 1,
    PINION_MESSAGE_BROADCAST = 2,
};

struct pinion_message {
    enum pinion_message_kind kind;
    struct pinion_slice join_ref; /* JSON text, or empty for null, as it is in a broadcast */
    struct pinion_slice ref;      /* the same */
    struct pinion_slice topic;    /* characters, unescaped */
    struct pinion_slice event;    /* characters, unescaped; of a reply unused */
    struct pinion_slice status;   /* of a reply: "ok", "error", … */
    struct pinion_slice payload;  /* JSON text, of which empty means {}, or bytes */
    bool payload_binary;
    bool payload_spaced; /* JSON text that holds white space between tokens */
    /* Decoded only: a topic or event that was no JSON string. Such a topic names no channel and such an
     * event no clause. topic_json is the topic as written, for the answer that echoes it. */
    bool topic_invalid;
    bool event_invalid;
    struct pinion_slice topic_json; /* set when topic_invalid, else empty */
};

/* Where decoding unescapes to. One per decode; the message's slices may point into it. */
struct pinion_message_scratch {
    char topic[PINION_NAME_MAX];
    char event[PINION_NAME_MAX];
    char join_ref[2 + 6 * PINION_NAME_MAX];
    char ref[2 + 6 * PINION_NAME_MAX];
    char topic_json[2 + 6 * PINION_NAME_MAX];
};

#endif
