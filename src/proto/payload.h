/* The inside of a payload. There are three sorts, which differ in where their bytes lie:
 *
 *   owned     on the heap, counted; the bytes follow the struct
 *   view      on the heap, counted; the bytes are another payload's, and it holds a reference to that one
 *   borrowed  on a stack, refs is 0; the bytes lie in somebody's receive buffer, and may contain white space.
 *             Or there is only a tree, and no bytes. When a user takes a reference, a heap copy is made once
 *             and kept in `copy`.
 *
 * Poison is an owned payload without bytes. A terminated text behind the struct says why the payload could
 * not be built. When memory has run out, one static payload, which is never counted, is the poison.
 */
#ifndef PINION_PROTO_PAYLOAD_H
#define PINION_PROTO_PAYLOAD_H

#include "base/held.h"
#include "base/quarantine.h"
#include "base/slice.h"
#include <pinion/payload.h>
#include <stdatomic.h>

struct pinion_payload {
    atomic_uint refs;
    pinion_payload_type type;
    bool spaced; /* JSON text with white space between tokens, or none yet; only in a borrowed payload */
    bool is_view;
    struct pinion_slice bytes; /* JSON text, or binary */
    _Atomic(json_t *) tree;    /* NULL until the text was parsed */
    union {
        size_t room;                    /* of an owned one: bytes of storage */
        struct pinion_payload *base;    /* of a view: the payload that has the bytes */
        _Atomic(pinion_payload *) copy; /* of a borrowed one: its compact copy on the heap, or NULL */
    };
    char storage[];
};

/* Make *payload a borrowed payload of these bytes. JSON must be checked text; `spaced` says that it has white
 * space between tokens. Bytes and payload must stay until pinion__payload_borrow_end. */
void pinion__payload_borrow(struct pinion_payload *payload, pinion_payload_type type,
                            struct pinion_slice bytes, bool spaced);

/* Make *payload a borrowed payload of this tree, which it takes over. Its text is written when somebody wants
 * it. */
void pinion__payload_borrow_tree(struct pinion_payload *payload, json_t *tree);

/* Free what a borrowed payload has collected. References that users took stay valid. */
void pinion__payload_borrow_end(struct pinion_payload *payload);

/* Why a poison payload could not be built; "" for others. Lifetime: the payload's. */
const char *pinion__payload_why(const pinion_payload *payload);

/* The payload, or {} for NULL: callbacks never see NULL. Consumes a reference and returns one. */
static inline pinion_payload *pinion__payload_or_empty(pinion_payload *payload)
{
    return payload ? payload : pinion_payload_text("{}", 2);
}

/* In a public function: the user holds a reference from now on, if the payload is not NULL and is counted. */
#ifdef PINION_CHECKS
#define PINION_PAYLOAD_HELD(payload)                                                                         \
    do {                                                                                                     \
        if ((payload) && atomic_load(&(payload)->refs) > 0)                                                  \
            PINION_HELD(PINION_HELD_PAYLOAD, payload, NULL);                                                 \
    } while (0)
#else
#define PINION_PAYLOAD_HELD(payload) ((void)0)
#endif

/* In a public function: it consumes this payload, which may be NULL. So the caller must hold a reference. A
 * result's payload is consumed by `where`, the callback that returned it. Only builds with checks look. */
#ifdef PINION_CHECKS
#define PINION_CONSUMES(payload)           pinion__payload_consumed(payload, __func__)
#define PINION_CONSUMES_OF(where, payload) pinion__payload_consumed(payload, where)
#define PINION_PAYLOAD_NOT_GONE(payload)   ((payload) ? pinion__payload_not_gone(payload, __func__) : (void)0)
void pinion__payload_consumed(const pinion_payload *payload, const char *where);
void pinion__payload_not_gone(const pinion_payload *payload, const char *where);
#else
#define PINION_CONSUMES(payload)           ((void)0)
#define PINION_CONSUMES_OF(where, payload) ((void)0)
#define PINION_PAYLOAD_NOT_GONE(payload)   ((void)0)
#endif

/* As pinion_payload_ref, for the library itself. */
pinion_payload *pinion__payload_ref(const pinion_payload *payload);

/* For a public function that consumes a payload and was called wrongly: give the reference back. Returns
 * PINION_EINVAL. */
static inline int pinion__payload_lost(pinion_payload *payload)
{
    pinion_payload_unref(payload);
    return PINION_EINVAL;
}

/* Make a JSON payload whose text of `length` bytes the caller writes to *text, before anybody else sees it.
 * When out of memory it is poison, and *text is NULL. */
pinion_payload *pinion__payload_reserve(size_t length, char **text);

/* Make a payload with the bytes of `base`, on which it holds a reference, and with a tree of its own. So the
 * loops can show a broadcast's payload without sharing a json_t. For a borrowed base it shares the base's
 * copy. Returns NULL for NULL, and poison for poison or when out of memory. */
pinion_payload *pinion__payload_view(pinion_payload *base);

#endif
