/* An anchor: what the weak handles on a socket or a channel hold. It points at the object until the object
 * ends. Only the loop reads the pointer; any thread may count references. */
#ifndef PINION_ENGINE_ANCHOR_H
#define PINION_ENGINE_ANCHOR_H

#include <stdatomic.h>

struct pinion_anchor {
    atomic_uint refs;
    void *target; /* the socket or the channel; NULL once it has ended */
};

/* The anchor of an object, with a reference for the caller. The first call makes it and keeps it in *slot.
 * When `target` is NULL the object has ended, and the anchor points at nothing. NULL when out of memory.
 * Thread: the loop's. */
struct pinion_anchor *pinion__anchor_get(struct pinion_anchor **slot, void *target);

/* The object ends: handles find nothing from now on. Thread: the loop's. */
void pinion__anchor_end(struct pinion_anchor **slot);

/* NULL is allowed. Thread: any. */
struct pinion_anchor *pinion__anchor_ref(struct pinion_anchor *anchor);
void pinion__anchor_unref(struct pinion_anchor *anchor);

#endif
