/* What the library hands out and the user has to give back: payloads, refs, refs of requests and of actors,
 * calls, subscriptions, frames, endpoints (those only so that none is freed twice: nobody is told of them).
 * Builds with checks (base/check.h) remember which public function made each object, and where it was called.
 * When an endpoint is freed, they log what was not given back. In other builds all of this compiles to
 * nothing.
 *
 * Objects are found by their address, in a table outside of malloc's memory. So the objects have the same
 * size, and cost the same number of allocations, as in other builds. Thread: any. */
#ifndef PINION_BASE_HELD_H
#define PINION_BASE_HELD_H

#ifdef PINION_CHECKS

#include <stdbool.h>
#include <stddef.h>

enum pinion_held_kind {
    PINION_HELD_REF,
    PINION_HELD_REQUEST_REF,
    PINION_HELD_ACTOR_REF,
    PINION_HELD_CALL,
    PINION_HELD_SUBSCRIPTION,
    PINION_HELD_PAYLOAD,
    PINION_HELD_FRAME,
    PINION_HELD_ENDPOINT,
    PINION_HELD_TEST,
};

/* In a public function: the user holds this object from now on. `owner` is what will be passed to
 * pinion__held_tell; NULL stands for the last owner. If the object is held already, the new place replaces
 * the old one. */
#define PINION_HELD(kind, object, owner)                                                                     \
    pinion__held(kind, object, owner, __func__, __builtin_return_address(0))

/* The object is freed. This does nothing if nobody held it. */
#define PINION_HELD_GONE(object) pinion__held_gone(object)

/* An owner begins. It ends with pinion__held_tell. */
#define PINION_HELD_BEGIN() pinion__held_begin()

/* An owner has ended: log its objects that are still held, at warning, grouped by the place that made them.
 * With the last owner, objects without an owner are logged too. */
#define PINION_HELD_TELL(owner) pinion__held_tell(owner)
#define PINION_HELD_TELL_REST() pinion__held_tell_rest()

#define PINION_RULE_HELD(object, otherwise)                                                                  \
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
#define PINION_RULE_HELD(object, otherwise) ((void)0)
#endif

/* In a public function: the object is not NULL, and is held, so it was not freed already. */
#define PINION_NEED_HELD(object, otherwise)                                                                  \
    do {                                                                                                     \
        PINION_NEED(object, otherwise);                                                                      \
        PINION_RULE_HELD(object, otherwise);                                                                 \
    } while (0)

#endif
