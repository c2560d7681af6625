/* The memory of one loop for its many small, long-lived objects. There are slabs for each size, in steps of
 * 8 bytes; larger objects come from malloc. Not thread-safe. */
#ifndef PINION_BASE_POOL_H
#define PINION_BASE_POOL_H

#include "base/quarantine.h"
#include "base/slab.h"

#define PINION_POOL_STEP  PINION_SLAB_ALIGNMENT
#define PINION_POOL_SIZES 64 /* up to 512 bytes */

struct pinion_pool {
    struct pinion_regions regions;
    struct pinion_slabs sizes[PINION_POOL_SIZES];
#ifdef PINION_CHECKS
    struct pinion_quarantine kept; /* objects that were buried, and are taken still as the slabs see it */
#endif
};

void pinion__pool_init(struct pinion_pool *pool);

/* A zeroed object. NULL when out of memory. */
void *pinion__pool_take(struct pinion_pool *pool, size_t size);

/* `size` is the size it was taken with. object may be NULL. */
void pinion__pool_give(struct pinion_pool *pool, void *object, size_t size);

/* The same for an object that users had a pointer to. Builds with checks keep it for a while
 * (base/quarantine.h), so that they can tell of one who uses it still. */
#ifdef PINION_CHECKS
void pinion__pool_bury(struct pinion_pool *pool, void *object, size_t size);
#else
#define pinion__pool_bury pinion__pool_give
#endif

/* All objects must have been given back. */
void pinion__pool_release(struct pinion_pool *pool);

#endif
