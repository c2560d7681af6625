#include "engine/anchor.h"
#include <stdlib.h>

struct pinion_anchor *pinion__anchor_get(struct pinion_anchor **slot, void *target)
{
    if (*slot)
        return pinion__anchor_ref(*slot);
    struct pinion_anchor *anchor = malloc(sizeof *anchor);
    if (!anchor)
        return NULL;
    atomic_init(&anchor->refs, 1);
    anchor->target = target;
    if (!target)
        return anchor;
    *slot = anchor;
    return pinion__anchor_ref(anchor);
}

void pinion__anchor_end(struct pinion_anchor **slot)
{
    if (!*slot)
        return;
    (*slot)->target = NULL;
    pinion__anchor_unref(*slot);
    *slot = NULL;
}

struct pinion_anchor *pinion__anchor_ref(struct pinion_anchor *anchor)
{
    if (anchor)
        atomic_fetch_add_explicit(&anchor->refs, 1, memory_order_relaxed);
    return anchor;
}

void pinion__anchor_unref(struct pinion_anchor *anchor)
{
    if (anchor && atomic_fetch_sub_explicit(&anchor->refs, 1, memory_order_acq_rel) == 1)
        free(anchor);
}
