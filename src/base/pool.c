#include "base/pool.h"
#include <stdlib.h>

void pinion__pool_init(struct pinion_pool *pool)
{
    pinion__regions_init(&pool->regions);
#ifdef PINION_CHECKS
    pool->kept = (struct pinion_quarantine){ .count = 0 };
#endif
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

#ifdef PINION_CHECKS
void pinion__pool_bury(struct pinion_pool *pool, void *object, size_t size)
{
    pinion__quarantine_put(&pool->kept, object, size);
    while ((object = pinion__quarantine_excess(&pool->kept, &size)))
        pinion__pool_give(pool, object, size);
}

static void give_buried(struct pinion_pool *pool)
{
    size_t size;
    void *object;
    while ((object = pinion__quarantine_take(&pool->kept, &size)))
        pinion__pool_give(pool, object, size);
}
#else
static void give_buried(struct pinion_pool *pool)
{
    (void)pool;
}
#endif

void pinion__pool_release(struct pinion_pool *pool)
{
    give_buried(pool);
    for (size_t i = 0; i < PINION_POOL_SIZES; i++)
        pinion__slabs_release(&pool->sizes[i]);
    pinion__regions_release(&pool->regions);
}
