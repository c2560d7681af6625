#include "engine/here.h"

/* The shard whose loop this thread runs. */
static _Thread_local struct pinion_shard *current_shard;

struct pinion_shard *pinion__hub_here(struct pinion_hub *hub)
{
    return current_shard && current_shard->hub == hub ? current_shard : NULL;
}

bool pinion__scheduler_is_here(const struct pinion_scheduler *scheduler)
{
    return current_shard && current_shard->scheduler == scheduler;
}

struct pinion_shard *pinion__shard_bound(void)
{
    return current_shard;
}

void pinion__shard_bind(struct pinion_shard *shard)
{
    current_shard = shard;
    pinion__stock_use(shard ? &shard->stock : NULL);
    if (shard)
        pinion__scheduler_bind(shard->scheduler);
}
