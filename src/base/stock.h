/* Memory for what lives as long as a message: frames, payloads, broadcasts. The blocks come from malloc, and
 * any thread may take and free them. A loop's thread keeps a stock of the blocks that were freed on it, and
 * takes the next ones from there: a turn of a loop needs hundreds of one size at once, and malloc keeps only
 * seven ready.
 *
 * The size of a block must be known when it is freed. */
#ifndef PINION_BASE_STOCK_H
#define PINION_BASE_STOCK_H

#include <stddef.h>

/* The size classes are those of malloc: of what it takes, each block has 8 bytes less than a multiple of
 * 16. */
#define PINION_STOCK_STEP  16
#define PINION_STOCK_SIZES 128
#define PINION_STOCK_BLOCK ((size_t)PINION_STOCK_STEP * PINION_STOCK_SIZES + 8) /* the largest */
#define PINION_STOCK_MAX   ((size_t)128 << 10) /* the most bytes that a stock keeps */

/* The bytes of a block of class n, from 0. */
static inline size_t pinion__stock_bytes(size_t n)
{
    return (n + 1) * PINION_STOCK_STEP + 8;
}

struct pinion_stock {
    void **first[PINION_STOCK_SIZES]; /* one list for each size class; each block points at the next */
    size_t bytes;
};

void pinion__stock_init(struct pinion_stock *stock);

/* The calling thread uses this stock from now on; NULL: none. The stock must not be freed while it is
 * used. */
void pinion__stock_use(struct pinion_stock *stock);

/* Free all blocks that it keeps. */
void pinion__stock_release(struct pinion_stock *stock);

/* A block of at least one byte, not zeroed. NULL when out of memory. */
void *pinion__block_new(size_t size);

/* `size` is the size it was made with. block may be NULL. */
void pinion__block_free(void *block, size_t size);

#endif
