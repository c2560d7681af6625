/* Memory for what lives as long as a message: frames, payloads, broadcasts. The blocks are malloc's, and any
 * thread may take and free them. But a loop's thread keeps a stock of those that were freed on it and takes
 * the next ones from there: a turn of a loop needs hundreds of one size at once, of which malloc keeps seven
 * at hand.
 *
 * A block's size must be known when it is freed. Larger blocks than PINION_STOCK_BLOCK are malloc's alone.
 */
#ifndef PINION_BASE_STOCK_H
#define PINION_BASE_STOCK_H

#include <stddef.h>

#define PINION_STOCK_STEP  16
#define PINION_STOCK_SIZES 128 /* sizes apart by a step, which is as close as malloc has them */
#define PINION_STOCK_BLOCK ((size_t)PINION_STOCK_STEP * PINION_STOCK_SIZES)
#define PINION_STOCK_MAX   ((size_t)128 << 10) /* bytes that one keeps */

struct pinion_stock {
    void **first[PINION_STOCK_SIZES]; /* each links to the next */
    size_t bytes;
};

void pinion__stock_init(struct pinion_stock *stock);

/* The stock of the calling thread from now on; NULL: it has none. It must outlive its being so. */
void pinion__stock_use(struct pinion_stock *stock);

/* Free what it keeps. */
void pinion__stock_release(struct pinion_stock *stock);

/* Of a byte at least; not zeroed. NULL when out of memory. */
void *pinion__block_new(size_t size);

/* `size` as it was made with. NULL is allowed. */
void pinion__block_free(void *block, size_t size);

#endif
