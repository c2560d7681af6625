#include "engine/spoken.h"
#include "engine/hub.h"

/* All frames that this shard has handed to subscribers. */
static uint64_t deliveries(const struct pinion_shard *shard)
{
    return atomic_load_explicit(&shard->counters.deliveries, memory_order_relaxed);
}

uint64_t pinion__spoken_begin(struct pinion_shard *shard)
{
    struct pinion_spoken *spoken = &shard->spoken;
    uint64_t now = deliveries(shard);

    if (spoken->turn != shard->scheduler->turns)
        *spoken = (struct pinion_spoken){ .turn = shard->scheduler->turns, .before = now };
    return now;
}

bool pinion__spoken_enough(struct pinion_shard *shard, uint64_t mark)
{
    uint64_t now = deliveries(shard);

    return now - mark >= PINION_SPOKEN_MAX || now - shard->spoken.before >= PINION_SPOKEN_MAX_TURN ||
           pinion__turns_over(&shard->turns);
}
