/* Memory for many objects of one size, carved from slabs of a few pages: no header for each object, and
 * those taken one after another lie side by side. A slab that is all free goes back to the system, but for
 * one: an object that comes and goes shall not cost a slab each time. Not thread-safe.
 *
 * The object's slab is found from its address: a slab is aligned to its own size.
 */
#ifndef PINION_BASE_SLAB_H
#define PINION_BASE_SLAB_H

#include "base/region.h"

#define PINION_SLAB_SIZE PINION_BLOCK_SIZE

struct pinion_slabs {
    size_t object_size;
    struct pinion_regions *regions;
    struct pinion_list usable; /* those with a free object, the one to take from first */
    void *spare;               /* the one that is all free, or NULL */
    size_t count;              /* of slabs, full ones too */
};

/* Objects have at least this size, and are aligned as malloc aligns; some hundred should fit into a slab. The
 * regions, which several slabs may share, are borrowed. */
void pinion__slabs_init(struct pinion_slabs *slabs, size_t object_size, struct pinion_regions *regions);

/* Make the first slab now, and touch it, so that the first objects cost no page fault. 0 or PINION_ENOMEM. */
int pinion__slabs_warm(struct pinion_slabs *slabs);

/* A zeroed object. NULL when out of memory. */
void *pinion__slabs_take(struct pinion_slabs *slabs);

/* Give an object back. */
void pinion__slabs_give(struct pinion_slabs *slabs, void *object);

/* Free what is kept. Every object must have been given back. */
void pinion__slabs_release(struct pinion_slabs *slabs);

#endif
