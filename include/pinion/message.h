/* A message of the Phoenix Channels protocol, between its serializers and the engine. For those who write
 * serializers.
 *
 * Slices borrow: a decoded message points into the received bytes or into its own scratch, an encoded one is
 * made of what the caller has.
 *
 * Refs are opaque JSON values that are echoed in the type they came in, so both are kept as compact JSON text
 * ("1" with its quotes, 7, {"a":1}); a length of 0 is null (the text null is never kept).
 */
#ifndef PINION_MESSAGE_H
#define PINION_MESSAGE_H

#include <pinion/slice.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PINION_NAME_MAX 255 /* bytes of a topic, an event, a ref */

/* The numbers are those of V2's binary frames. */
typedef enum pinion_message_kind {
    PINION_MESSAGE_PUSH = 0,      /* to the server: any message; to the client: a push */
    PINION_MESSAGE_REPLY = 1,     /* to the client: the answer to a message of its own */
    PINION_MESSAGE_BROADCAST = 2, /* to the client: what all subscribers of a topic get */
} pinion_message_kind;

/* One message, decoded or to be encoded. */
typedef struct pinion_message {
    pinion_message_kind kind; /* from the client: PINION_MESSAGE_PUSH */
    pinion_slice join_ref;    /* JSON text, or empty for null, as it is in a broadcast */
    pinion_slice ref;         /* the same */
    pinion_slice topic;       /* characters, unescaped */
    pinion_slice event;       /* characters, unescaped; of a reply unused */
    pinion_slice status;      /* of a reply: "ok", "error", … */
    pinion_slice payload;     /* JSON text, of which empty means {}, or bytes */
    bool payload_binary;      /* the payload is bytes, not JSON */
    bool payload_spaced;      /* JSON text that holds white space between tokens */

    /* Decoded only: a topic or event that was no string. Such a topic names no channel and such an event no
     * clause. topic_json is the topic as written, for the answer that echoes it. */
    bool topic_invalid;
    bool event_invalid;
    pinion_slice topic_json; /* set when topic_invalid, else empty */

    /* Decoded only: memory of the serializer's that slices point into, or NULL. The engine free()s it when
     * the message has been handled. */
    void *memory;
} pinion_message;

/* Where decoding may unescape to. One per decode; the message's slices may point into it. */
typedef struct pinion_message_scratch {
    unsigned max_depth; /* in: how deep JSON may nest, the message's own array or object included */
    /* Room for the member of pinion_message that has this name. */
    char topic[PINION_NAME_MAX];
    char event[PINION_NAME_MAX];
    char join_ref[2 + 6 * PINION_NAME_MAX];
    char ref[2 + 6 * PINION_NAME_MAX];
    char topic_json[2 + 6 * PINION_NAME_MAX];
} pinion_message_scratch;

#ifdef __cplusplus
}
#endif
#endif
