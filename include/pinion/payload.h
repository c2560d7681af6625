/* Payloads: what a message carries. Immutable, counted; either JSON or raw bytes.
 *
 * Outgoing payloads are consumed by the call they are given to, on failure too, so they can be built in
 * place: pinion_push(channel, "tick", pinion_json("{s:i}", "n", 1)). A NULL payload means {}. A payload
 * that could not be built (out of memory, a bad format, a NULL value) is a poison value: every call
 * consumes it and answers PINION_EPAYLOAD; as a callback's result it crashes the channel. It remembers why it
 * could not be built (jansson's reason), and the log and pinion_error_detail() then say so.
 *
 * What a callback is given is borrowed for the call: pinion_payload_ref keeps it (its bytes are copied
 * once). JSON values are jansson's json_t; see its manual for the format strings.
 *
 * Thread: constructors any. A payload may be handed from thread to thread, and the functions here may be
 * called on one payload by several threads at once; a json_t taken out of one must stay on its thread.
 */
#ifndef PINION_PAYLOAD_H
#define PINION_PAYLOAD_H

#include <jansson.h>
#include <pinion/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a message carries. */
typedef struct pinion_payload pinion_payload;

/* What a payload is. */
typedef enum pinion_payload_type {
    PINION_PAYLOAD_JSON,   /* JSON text: any value, usually an object */
    PINION_PAYLOAD_BINARY, /* raw bytes */
    PINION_PAYLOAD_POISON, /* could not be built */
} pinion_payload_type;

/* A JSON payload from a format, as json_pack() takes it: pinion_json("{s:s, s:O}", "name", n, "v", json).
 * 'O' takes a reference of its own; 'o' consumes the caller's. Never NULL (poison on failure). */
PINION_API pinion_payload *pinion_json(const char *format, ...);

/* A JSON payload from a tree; consumes the caller's reference. Never NULL. */
PINION_API pinion_payload *pinion_payload_json(json_t *tree);

/* A JSON payload from text, which is checked (RFC 8259, UTF-8, at most 128 levels deep) and copied
 * without white space. Never NULL. */
PINION_API pinion_payload *pinion_payload_text(const char *text, size_t length);

/* A binary payload; the bytes are copied. Never NULL. */
PINION_API pinion_payload *pinion_payload_binary(const void *bytes, size_t length);

/* Another reference, to be given to a call that consumes one. Of a payload borrowed in a callback this
 * copies the bytes, once. NULL gives NULL. Never fails but into poison. */
PINION_API pinion_payload *pinion_payload_ref(const pinion_payload *payload);

/* Give a reference back. NULL is allowed. */
PINION_API void pinion_payload_unref(pinion_payload *payload);

/* What the payload is. NULL counts as JSON. */
PINION_API pinion_payload_type pinion_payload_kind(const pinion_payload *payload);

/* The bytes as they travel: compact JSON text ({} for NULL), or the binary bytes. Not terminated.
 * Lifetime: the payload's. Of poison, and where memory ran out: NULL and 0. */
PINION_API const char *pinion_payload_bytes(const pinion_payload *payload, size_t *length);

/* The JSON value as a tree, parsed when first asked for; NULL for NULL, poison and binary, and where memory
 * ran out. Borrowed: lives as long as the payload; must not be changed. An integer beyond 64 bits makes all
 * numbers of this payload's tree reals, and the integer -0 is the real -0.0; its bytes are not affected. What
 * json_t cannot hold has no tree either: an integer beyond the reals, a member whose name holds U+0000. */
PINION_API json_t *pinion_payload_tree(const pinion_payload *payload);

/* A member of a JSON object, borrowed as with pinion_payload_tree; NULL when the payload is no object or
 * has no such member. */
PINION_API json_t *pinion_payload_get(const pinion_payload *payload, const char *key);

#ifdef __cplusplus
}
#endif
#endif
