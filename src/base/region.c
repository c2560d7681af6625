#include "base/region.h"
#include "base/check.h"
#include "base/sanitizer.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define REGION_SIZE (PINION_BLOCK_SIZE * PINION_REGION_BLOCKS)
#define ALL_FREE    UINT64_MAX

_Static_assert(PINION_REGION_BLOCKS == 64, "a bit for each block");

struct pinion_region {
    struct pinion_list link; /* in `usable`, or in no list when no block is free */
    char *memory;
    uint64_t free; /* a bit for each block */
};

/* LeakSanitizer looks for pointers in the heap, but not in mapped memory. */
#if PINION_ADDRESS_SANITIZER

static char *map_region(void)
{
    void *memory;
    return posix_memalign(&memory, PINION_BLOCK_SIZE, REGION_SIZE) == 0 ? memory : NULL;
}

static void unmap_region(char *memory)
{
    free(memory);
}

static void drop_pages(char *block)
{
}

#else

/* mmap aligns to pages only: the memory before and behind the aligned part is unmapped again. */
static char *map_region(void)
{
    size_t size = REGION_SIZE + PINION_BLOCK_SIZE;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)memory & (PINION_BLOCK_SIZE - 1);
    size_t behind = PINION_BLOCK_SIZE - before;
    if (before > 0)
        munmap(memory, before);
    munmap(memory + before + REGION_SIZE, behind);
    return memory + before;
}

static void unmap_region(char *memory)
{
    munmap(memory, REGION_SIZE);
}

static void drop_pages(char *block)
{
    madvise(block, PINION_BLOCK_SIZE, MADV_DONTNEED);
}

#endif

void pinion__regions_init(struct pinion_regions *regions)
{
    pinion__list_init(&regions->usable);
    regions->count = 0;
}

static struct pinion_region *region_new(struct pinion_regions *regions)
{
    struct pinion_region *region = calloc(1, sizeof *region);
    if (!region)
        return NULL;
    region->memory = map_region();
    if (!region->memory) {
        free(region);
        return NULL;
    }
    region->free = ALL_FREE;
    pinion__list_append(&regions->usable, &region->link);
    regions->count++;
    return region;
}

static void region_free(struct pinion_regions *regions, struct pinion_region *region)
{
    pinion__list_remove(&region->link);
    regions->count--;
    unmap_region(region->memory);
    free(region);
}

void *pinion__regions_take(struct pinion_regions *regions, struct pinion_region **from)
{
    struct pinion_region *region =
        pinion__list_empty(&regions->usable)
            ? region_new(regions)
            : PINION_CONTAINER_OF(regions->usable.next, struct pinion_region, link);
    if (!region)
        return NULL;
    unsigned block = (unsigned)__builtin_ctzll(region->free);
    region->free &= ~(UINT64_C(1) << block);
    if (region->free == 0)
        pinion__list_remove(&region->link);
    *from = region;
    return region->memory + block * PINION_BLOCK_SIZE;
}

void pinion__regions_give(struct pinion_regions *regions, struct pinion_region *region, void *block)
{
    size_t index = (size_t)((char *)block - region->memory) / PINION_BLOCK_SIZE;
    assert(!(region->free >> index & 1));
    drop_pages(block);
    region->free |= UINT64_C(1) << index;
    if (pinion__list_empty(&region->link))
        pinion__list_append(&regions->usable, &region->link);
    if (region->free == ALL_FREE && regions->count > 1)
        region_free(regions, region);
}

void pinion__regions_release(struct pinion_regions *regions)
{
    PINION_LIST_FOREACH_SAFE (link, &regions->usable) {
        struct pinion_region *region = PINION_CONTAINER_OF(link, struct pinion_region, link);
        assert(region->free == ALL_FREE);
        region_free(regions, region);
    }
    assert(regions->count == 0);
}

/* ---- checking ---- */

#ifdef PINION_CHECKS

static const char *region_check(const struct pinion_regions *regions, const struct pinion_region *region)
{
    if ((uintptr_t)region->memory & (PINION_BLOCK_SIZE - 1))
        return "a region's memory is not aligned";
    if (region->free == 0)
        return "a region is listed as usable, but has no free block";
    if (region->free == ALL_FREE && regions->count > 1)
        return "more than one region without used blocks was kept";
    return NULL;
}

const char *pinion__regions_check(const struct pinion_regions *regions, size_t *used)
{
    size_t usable, blocks = 0;
    const char *wrong = pinion__list_check(&regions->usable, &usable);

    if (wrong)
        return wrong;
    if (usable > regions->count)
        return "there are more regions than the count says";
    PINION_LIST_FOREACH (link, &regions->usable) {
        const struct pinion_region *region = PINION_CONTAINER_OF(link, struct pinion_region, link);
        wrong = region_check(regions, region);
        if (wrong)
            return wrong;
        blocks += PINION_REGION_BLOCKS - (size_t)__builtin_popcountll(region->free);
    }
    if (used)
        *used = blocks + (regions->count - usable) * PINION_REGION_BLOCKS;
    return NULL;
}

#endif
