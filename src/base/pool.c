#include "base/pool.h"
#include <stdlib.h>

void pinion__pool_init(struct pinion_pool *pool)
{
    pinion__regions_init(&pool->regions);
    for (size_t i = 0; i < PINION_POOL_SIZES; i++)
        pinion__slabs_init(&pool->sizes[i], (i + 1) * PINION_POOL_STEP, &pool->regions);
}

static struct pinion_slabs *slabs_for(struct pinion_pool *pool, size_t size)
{
    size_t index = (size + PINION_POOL_STEP - 1) / PINION_POOL_STEP;
    return index >= 1 && index <= PINION_POOL_SIZES ? &pool->sizes[index - 1] : NULL;
}

void *pinion__pool_take(struct pinion_pool *pool, size_t size)
{
    struct pinion_slabs *slabs = slabs_for(pool, size);
    return slabs ? pinion__slabs_take(slabs) : calloc(1, size);
}

void pinion__pool_give(struct pinion_pool *pool, void *object, size_t size)
{
    struct pinion_slabs *slabs = slabs_for(pool, size);
    if (object && slabs)
        pinion__slabs_give(slabs, object);
    else
        free(object);
}

void pinion__pool_release(struct pinion_pool *pool)
{
    for (size_t i = 0; i < PINION_POOL_SIZES; i++)
        pinion__slabs_release(&pool->sizes[i]);
    pinion__regions_release(&pool->regions);
}
