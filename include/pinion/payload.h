/* Payloads: what a message carries. A payload is immutable and counted by references. It is JSON or raw
 * bytes.
 *
 * Ownership: a call consumes the payload that it sends, on failure too. So a payload can be built in place:
 * pinion_push(channel, "tick", pinion_json("{s:i}", "n", 1)). NULL means {}. What a callback is given is
 * borrowed for the call; pinion_payload_ref keeps it, and then copies its bytes once.
 *
 * A payload that could not be built (out of memory, a bad format, a NULL value) is poison. Every call
 * consumes poison and returns PINION_EPAYLOAD; as the result of a callback it crashes the channel. Poison
 * remembers the cause (jansson's message), which the log and pinion_error_detail then show.
 *
 * JSON values are jansson's json_t. Its manual explains the format strings.
 *
 * Thread: constructors any. A payload may be handed from thread to thread, and several threads may call the
 * functions here on one payload at once. A json_t that was taken out of a payload must stay on its thread. */
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

/* The kinds of payload. */
typedef enum pinion_payload_type {
    PINION_PAYLOAD_JSON,   /* JSON text: any value, usually an object. */
    PINION_PAYLOAD_BINARY, /* Raw bytes. */
    PINION_PAYLOAD_POISON, /* A payload that could not be built. */
} pinion_payload_type;

/* Make a JSON payload from a format, as json_pack() takes it: pinion_json("{s:s, s:O}", "name", n, "v",
 * json). Never NULL.
 *
 * Ownership: 'O' takes a reference of its own; 'o' consumes the caller's.
 *
 * Errors: poison. */
PINION_API pinion_payload *pinion_json(const char *format, ...);

/* Make a JSON payload from a tree. Never NULL.
 *
 * Ownership: consumes the caller's reference to tree.
 *
 * Errors: poison. */
PINION_API pinion_payload *pinion_payload_json(json_t *tree);

/* Make a JSON payload from text. The text is checked (RFC 8259, UTF-8, up to 128 levels deep) and copied
 * without white space. Never NULL.
 *
 * Errors: poison. */
PINION_API pinion_payload *pinion_payload_text(const char *text, size_t length);

/* Make a binary payload. The bytes are copied. Never NULL.
 *
 * Errors: poison. */
PINION_API pinion_payload *pinion_payload_binary(const void *bytes, size_t length);

/* Take another reference, for a call that consumes one. For a payload that a callback borrowed, the first
 * call copies the bytes. NULL for NULL.
 *
 * Errors: poison: out of memory. */
PINION_API pinion_payload *pinion_payload_ref(const pinion_payload *payload);

/* Give a reference back. NULL is allowed. */
PINION_API void pinion_payload_unref(pinion_payload *payload);

/* The kind of the payload. NULL counts as JSON. */
PINION_API pinion_payload_type pinion_payload_kind(const pinion_payload *payload);

/* The bytes as they are sent: compact JSON text ({} for NULL), or the binary bytes. They are not terminated.
 *
 * Lifetime: the payload's.
 *
 * Errors: NULL and a length of 0: poison, or out of memory. */
PINION_API const char *pinion_payload_bytes(const pinion_payload *payload, size_t *length);

/* The JSON value as a tree. It is parsed by the first call. An integer beyond 64 bits is a real
 * there; the integer -0 is the real -0.0. The bytes of the payload do not change. All who hold the payload,
 * on any thread, get the same tree: each may keep it with json_incref, or in another tree, and only read it.
 *
 * Ownership: borrowed; must not be changed.
 *
 * Lifetime: the payload's.
 *
 * Errors: NULL: payload is NULL, poison or binary; out of memory; or json_t cannot hold the value (an integer
 * beyond the range of reals, a member whose name contains U+0000). */
PINION_API json_t *pinion_payload_tree(const pinion_payload *payload);

/* A member of a JSON object, or NULL when the payload is not an object or has no such member.
 *
 * Ownership: borrowed, as with pinion_payload_tree. */
PINION_API json_t *pinion_payload_get(const pinion_payload *payload, const char *key);

#ifdef __cplusplus
}
#endif
#endif
