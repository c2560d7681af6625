/* The memory of one loop for its many small, long-lived objects. There are slabs for each size, in steps of
 * 16 bytes; larger objects come from malloc. Not thread-safe. */
#ifndef PINION_BASE_POOL_H
#define PINION_BASE_POOL_H

#include "base/slab.h"

#define PINION_POOL_STEP  16
#define PINION_POOL_SIZES 32 /* up to 512 bytes */

struct pinion_pool {
    struct pinion_regions regions;
    struct pinion_slabs sizes[PINION_POOL_SIZES];
};

void pinion__pool_init(struct pinion_pool *pool);

/* A zeroed object. NULL when out of memory. */
void *pinion__pool_take(struct pinion_pool *pool, size_t size);

/* `size` is the size it was taken with. object may be NULL. */
void pinion__pool_give(struct pinion_pool *pool, void *object, size_t size);

/* All objects must have been given back. */
void pinion__pool_release(struct pinion_pool *pool);

#endif
