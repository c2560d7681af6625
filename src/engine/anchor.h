/* An anchor: the fixed point of the weak handles on a socket or a channel. The handles hold the anchor; the
 * anchor points at the object until that ends. The pointer is read on the loop only; the count is for any
 * thread. */
#ifndef PINION_ENGINE_ANCHOR_H
#define PINION_ENGINE_ANCHOR_H

#include <stdatomic.h>

struct pinion_anchor {
    atomic_uint refs;
    void *target; /* NULL once it has ended */
};

/* The anchor of an object, made when first asked for and kept in *slot; with a reference for the caller.
 * target NULL: the object has ended, and the anchor is one that leads nowhere. NULL when out of memory.
 * Thread: the loop's. */
struct pinion_anchor *pinion__anchor_get(struct pinion_anchor **slot, void *target);

/* The object ends: handles find nothing from now on. Thread: the loop's. */
void pinion__anchor_end(struct pinion_anchor **slot);

/* Thread: any. NULL is allowed. */
struct pinion_anchor *pinion__anchor_ref(struct pinion_anchor *anchor);
void pinion__anchor_unref(struct pinion_anchor *anchor);

#endif
