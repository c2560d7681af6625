/* What the library hands out and its user has to give back: payloads, refs, subscriptions, frames. Builds
 * with checks (base/check.h) remember for each which public function gave it, and where that was called; when
 * an endpoint is freed they say what has not come back. In other builds all of this is nothing.
 *
 * Objects are looked up by their address, in memory that is neither theirs nor malloc's: so what is watched
 * is as large, and costs as many allocations, as in other builds. Thread: any. */
#ifndef PINION_BASE_HELD_H
#define PINION_BASE_HELD_H

#ifdef PINION_CHECKS

#include <stdbool.h>
#include <stddef.h>

enum pinion_held_kind {
    PINION_HELD_REF,
    PINION_HELD_SUBSCRIPTION,
    PINION_HELD_PAYLOAD,
    PINION_HELD_FRAME,
};

/* In a public function: the user holds this from now on. `owner` is what is asked for by
 * pinion__held_tell, or NULL: whoever is the last. Of one that is held already, this place is the newer. */
#define PINION_HELD(kind, object, owner)                                                                     \
    pinion__held(kind, object, owner, __func__, __builtin_return_address(0))

/* It is freed. Harmless when nobody held it. */
#define PINION_HELD_GONE(object) pinion__held_gone(object)

/* An owner begins; it ends in pinion__held_tell. */
#define PINION_HELD_BEGIN() pinion__held_begin()

/* An owner has ended: its objects that are still held are logged at warning, by the places they come from.
 * After the last one those that have no owner, too. */
#define PINION_HELD_TELL(owner) pinion__held_tell(owner)
#define PINION_HELD_TELL_REST() pinion__held_tell_rest()

/* In a public function that frees: it is held, and not freed already. */
#define PINION_NEED_HELD(object, otherwise)                                                                  \
    PINION_RULE(pinion__held_is(object), otherwise, "%s was freed already, or never was one", #object)

void pinion__held(enum pinion_held_kind kind, const void *object, const void *owner, const char *function,
                  void *caller);
void pinion__held_gone(const void *object);
bool pinion__held_is(const void *object);
void pinion__held_begin(void);
void pinion__held_tell(const void *owner);
void pinion__held_tell_rest(void);

#else
#define PINION_HELD(kind, object, owner)    ((void)0)
#define PINION_HELD_GONE(object)            ((void)0)
#define PINION_HELD_BEGIN()                 ((void)0)
#define PINION_HELD_TELL(owner)             ((void)0)
#define PINION_HELD_TELL_REST()             ((void)0)
#define PINION_NEED_HELD(object, otherwise) ((void)0)
#endif

#endif
