/* Memory for slabs, which comes directly from the system: blocks of one size, carved from regions. The heap
 * keeps memory while anything behind it is in use. Here, the pages of a block go back to the system at once,
 * and the addresses of a region go back when all its blocks are free. One free region is kept. Not
 * thread-safe. */
#ifndef PINION_BASE_REGION_H
#define PINION_BASE_REGION_H

#include "base/list.h"

#define PINION_BLOCK_SIZE    ((size_t)16 * 1024)
#define PINION_REGION_BLOCKS 64

struct pinion_region;

struct pinion_regions {
    struct pinion_list usable; /* regions with a free block; the first is used first */
    size_t count;              /* number of regions, full ones included */
};

void pinion__regions_init(struct pinion_regions *regions);

/* Take a block, aligned to its size, and set *from to its region. Its bytes are undefined. NULL when out of
 * memory. */
void *pinion__regions_take(struct pinion_regions *regions, struct pinion_region **from);

/* Give a block back. */
void pinion__regions_give(struct pinion_regions *regions, struct pinion_region *region, void *block);

/* All blocks must have been given back. */
void pinion__regions_release(struct pinion_regions *regions);

#endif
