#include "base/stock.h"
#include "base/sanitizer.h"
#include <assert.h>
#include <stdlib.h>

/* AddressSanitizer finds faults in a block only if it comes from malloc and goes back there. */
#if PINION_ADDRESS_SANITIZER
#define KEEPS 0
#else
#define KEEPS 1
#endif

static _Thread_local struct pinion_stock *here;

void pinion__stock_init(struct pinion_stock *stock)
{
    *stock = (struct pinion_stock){ .bytes = 0 };
}

void pinion__stock_use(struct pinion_stock *stock)
{
    here = stock;
}

void pinion__stock_release(struct pinion_stock *stock)
{
    for (size_t i = 0; i < PINION_STOCK_SIZES; i++) {
        for (void **block = stock->first[i]; block;) {
            void **next = *block;
            free(block);
            block = next;
        }
    }
    pinion__stock_init(stock);
}

/* The smallest class with blocks of this size. */
static size_t class_of(size_t size)
{
    return size > PINION_STOCK_STEP + 8 ? (size - 9) / PINION_STOCK_STEP : 0;
}

/* Any thread that frees the block may keep it, so all blocks have the full length of their size class. */
void *pinion__block_new(size_t size)
{
    assert(size > 0);
    if (!KEEPS || size > PINION_STOCK_BLOCK)
        return malloc(size);
    size_t n = class_of(size);
    struct pinion_stock *stock = here;
    void **block = stock ? stock->first[n] : NULL;
    if (!block)
        return malloc(pinion__stock_bytes(n));
    stock->first[n] = *block;
    stock->bytes -= pinion__stock_bytes(n);
    return block;
}

void pinion__block_free(void *block, size_t size)
{
    struct pinion_stock *stock = here;
    size_t n = class_of(size), bytes = pinion__stock_bytes(n);
    if (!KEEPS || !stock || !block || n >= PINION_STOCK_SIZES || stock->bytes + bytes > PINION_STOCK_MAX) {
        free(block);
        return;
    }
    *(void ***)block = stock->first[n];
    stock->first[n] = block;
    stock->bytes += bytes;
}
