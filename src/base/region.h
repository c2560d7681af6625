/* Memory for slabs, straight from the system and given back to it: blocks of one size, carved from regions.
 * What the heap gives it keeps as long as anything lies behind it; a block's pages go back at once, and a
 * region's addresses when all its blocks are free (but for one region, which stays). Not thread-safe.
 */
#ifndef PINION_BASE_REGION_H
#define PINION_BASE_REGION_H

#include "base/list.h"

#define PINION_BLOCK_SIZE    ((size_t)16 * 1024)
#define PINION_REGION_BLOCKS 64

struct pinion_region;

struct pinion_regions {
    struct pinion_list usable; /* those with a free block, the one to take from first */
    size_t count;              /* of regions, full ones too */
};

void pinion__regions_init(struct pinion_regions *regions);

/* A block, aligned to its size, and the region it is from. Its bytes are anything. NULL when out of memory.
 */
void *pinion__regions_take(struct pinion_regions *regions, struct pinion_region **from);

/* Give it back. */
void pinion__regions_give(struct pinion_regions *regions, struct pinion_region *region, void *block);

/* Every block must have been given back. */
void pinion__regions_release(struct pinion_regions *regions);

#endif
