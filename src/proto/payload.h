/* What a payload is inside. There are three sorts, which differ in where the bytes lie:
 *
 *   owned     on the heap, counted; the bytes follow the struct
 *   view      on the heap, counted; the bytes are another payload's, which it holds a reference on
 *   borrowed  on a stack, refs is 0; the bytes are somebody's receive buffer, and may hold white space.
 *             The heap copy that a user's reference needs is made once and kept in `copy`.
 *
 * Poison is an owned one without bytes: what lies behind the struct says, as a terminated text, why the
 * payload could not be built. Where there is no memory it is one static payload that is never counted.
 */
#ifndef PINION_PROTO_PAYLOAD_H
#define PINION_PROTO_PAYLOAD_H

#include "base/held.h"
#include "base/slice.h"
#include <pinion/payload.h>
#include <stdatomic.h>

struct pinion_payload {
    atomic_uint refs;
    pinion_payload_type type;
    bool spaced;                    /* JSON text with white space between tokens; only a borrowed one */
    struct pinion_slice bytes;      /* JSON text, or binary */
    struct pinion_payload *base;    /* of a view: whose bytes they are */
    _Atomic(pinion_payload *) copy; /* of a borrowed one: its compact copy on the heap, once there is one */
    _Atomic(json_t *) tree;         /* once parsed */
    size_t room;                    /* bytes of storage */
    char storage[];
};

/* Make *payload a borrowed one of these bytes, which for JSON are checked text, `spaced` if they hold white
 * space between tokens. Bytes and payload must last until borrow_end. */
void pinion__payload_borrow(struct pinion_payload *payload, pinion_payload_type type,
                            struct pinion_slice bytes, bool spaced);

/* Free what a borrowed payload gathered in its life. References that users took live on. */
void pinion__payload_borrow_end(struct pinion_payload *payload);

/* Why a poison payload could not be built; of others "". Lifetime: the payload's. */
const char *pinion__payload_why(const pinion_payload *payload);

/* The payload, or {} for NULL: for where it is shown to a callback, which never sees NULL. Consumes and gives
 * a reference. */
static inline pinion_payload *pinion__payload_or_empty(pinion_payload *payload)
{
    return payload ? payload : pinion_payload_text("{}", 2);
}

/* In a public function: the user holds a reference on this from now on, if it is not NULL and is counted. */
#ifdef PINION_CHECKS
#define PINION_PAYLOAD_HELD(payload)                                                                         \
    do {                                                                                                     \
        if ((payload) && atomic_load(&(payload)->refs) > 0)                                                  \
            PINION_HELD(PINION_HELD_PAYLOAD, payload, NULL);                                                 \
    } while (0)
#else
#define PINION_PAYLOAD_HELD(payload) ((void)0)
#endif

/* pinion_payload_ref, of the library's own. */
pinion_payload *pinion__payload_ref(const pinion_payload *payload);

/* For a public function that consumes a payload and cannot do anything with it, as it was called wrongly:
 * give the reference back. Gives PINION_EINVAL. */
static inline int pinion__payload_lost(pinion_payload *payload)
{
    pinion_payload_unref(payload);
    return PINION_EINVAL;
}

/* A JSON payload whose text the caller writes, `length` bytes at *text, before anybody else sees it. Poison
 * when out of memory, and *text is NULL. */
pinion_payload *pinion__payload_reserve(size_t length, char **text);

/* A new payload with the bytes of base, on which it holds a reference, and a tree of its own: so that a
 * broadcast's payload can be shown to each loop without sharing a json_t. Of a borrowed base it shares the
 * copy. NULL for NULL; poison for poison, and when out of memory. */
pinion_payload *pinion__payload_view(pinion_payload *base);

#endif
