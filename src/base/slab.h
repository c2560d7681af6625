/* Memory for many objects of one size, carved from slabs of a few pages. Objects have no header, and those
 * taken one after another lie side by side. A slab without used objects goes back to the system, except one,
 * which is kept: an object that comes and goes must not cost a slab each time. Not thread-safe.
 *
 * A slab is aligned to its own size, so an object's slab is found from its address. */
#ifndef PINION_BASE_SLAB_H
#define PINION_BASE_SLAB_H

#include "base/region.h"

#define PINION_SLAB_SIZE      PINION_BLOCK_SIZE
#define PINION_SLAB_ALIGNMENT 8 /* of objects: no type that needs more can be one */

struct pinion_slabs {
    size_t object_size;
    struct pinion_regions *regions;
    struct pinion_list usable; /* slabs with a free object; the first is used first */
    void *spare;               /* the slab without used objects that is kept, or NULL */
    size_t count;              /* number of slabs, full ones included */
};

/* Objects have at least this size, and are aligned to PINION_SLAB_ALIGNMENT. A few hundred should fit into a
 * slab. The regions are borrowed; several pinion_slabs may share them. */
void pinion__slabs_init(struct pinion_slabs *slabs, size_t object_size, struct pinion_regions *regions);

/* Make the first slab now, and touch it, so that the first objects cost no page fault. Returns 0 or
 * PINION_ENOMEM. */
int pinion__slabs_warm(struct pinion_slabs *slabs);

/* A zeroed object. NULL when out of memory. */
void *pinion__slabs_take(struct pinion_slabs *slabs);

void pinion__slabs_give(struct pinion_slabs *slabs, void *object);

/* Free all memory. All objects must have been given back. */
void pinion__slabs_release(struct pinion_slabs *slabs);

#endif
