/* A message of the Phoenix Channels protocol, between its serializers and the engine. For those who write
 * serializers.
 *
 * Slices borrow. A decoded message points into the received bytes or into its scratch. A message to be
 * encoded points to what the caller has.
 *
 * Refs are opaque JSON values. They are echoed in the type they came in, so they are kept as compact JSON
 * text ("1" with its quotes, 7, {"a":1}). A length of 0 means null; the text null is never kept. */
#ifndef PINION_MESSAGE_H
#define PINION_MESSAGE_H

#include <pinion/slice.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PINION_NAME_MAX 255 /* The most bytes of a topic, an event or a ref. */

/* Kinds of messages. The numbers are those of V2's binary frames. */
typedef enum pinion_message_kind {
    PINION_MESSAGE_PUSH = 0,      /* To the server: any message. To the client: a push. */
    PINION_MESSAGE_REPLY = 1,     /* To the client: the answer to one of its messages. */
    PINION_MESSAGE_BROADCAST = 2, /* To the client: what all subscribers of a topic get. */
} pinion_message_kind;

/* One message, decoded or to be encoded. */
typedef struct pinion_message {
    pinion_message_kind kind; /* From the client always PINION_MESSAGE_PUSH. */
    pinion_slice join_ref;    /* JSON text; empty means null. Empty in a broadcast. */
    pinion_slice ref;         /* JSON text; empty means null. Empty in a broadcast. */
    pinion_slice topic;       /* Characters, unescaped. */
    pinion_slice event;       /* Characters, unescaped. Not used in a reply. */
    pinion_slice status;      /* Only in a reply, for example "ok" or "error". */
    pinion_slice payload;     /* JSON text (empty means {}), or bytes. */
    bool payload_binary;      /* The payload is bytes, not JSON. */
    bool payload_spaced;      /* The payload is JSON text with white space between its tokens. */

    /* Only in decoded messages: the topic or the event was not a string. Such a topic names no channel, and
     * such an event names no clause. topic_json is the topic as it was written, for the answer that echoes
     * it. */
    bool topic_invalid;
    bool event_invalid;
    pinion_slice topic_json; /* Set when topic_invalid is true, else empty. */

    /* Only in decoded messages: memory of the serializer that slices point into, or NULL. The engine calls
     * free() on it when the message has been handled. */
    void *memory;
} pinion_message;

/* Where decoding may unescape to. There is one for each decode; the message's slices may point into it. */
typedef struct pinion_message_scratch {
    unsigned max_depth; /* In: how deep JSON may nest, counting the message's own array or object. */
    /* Room for the members of pinion_message that have these names. */
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
