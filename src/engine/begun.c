#include "engine/begun.h"
#include "engine/hub.h"
#include <time.h>

/* Set in `count`: nothing may begin any more; only the loop itself may begin something. */
#define OVER ((size_t)1 << (sizeof(size_t) * 8 - 1))
#define LAST (OVER >> 1)

#define LOOK_NS 1000000 /* how often a loop that ends looks whether its work is done */

bool pinion__begun_add(struct pinion_begun *begun, bool here)
{
    size_t refused = here ? OVER : OVER | LAST;
    size_t count = atomic_load_explicit(&begun->count, memory_order_relaxed);
    do {
        if (count & refused)
            return false;
    } while (!atomic_compare_exchange_weak(&begun->count, &count, count + 1));
    return true;
}

void pinion__begun_remove(struct pinion_begun *begun)
{
    atomic_fetch_sub_explicit(&begun->count, 1, memory_order_acq_rel);
}

int pinion__begun_run(struct pinion_shard *shard, struct pinion_task *task)
{
    if (!pinion__begun_add(&shard->begun, true))
        return PINION_ECLOSED;
    int rc = pinion__workers_run(shard->hub->workers, task);
    if (rc)
        pinion__begun_remove(&shard->begun);
    return rc;
}

size_t pinion__begun_count(const struct pinion_begun *begun)
{
    return atomic_load_explicit(&begun->count, memory_order_acquire) & ~(OVER | LAST);
}

bool pinion__begun_any(const struct pinion_begun *begun)
{
    return pinion__begun_count(begun) != 0;
}

void pinion__begun_last(struct pinion_begun *begun)
{
    if (!(atomic_load_explicit(&begun->count, memory_order_relaxed) & LAST))
        atomic_fetch_or_explicit(&begun->count, LAST, memory_order_acq_rel);
}

/* A loop that drains ends only when all is done. Only where that went another way (its I/O failed, it never
 * ran, something was begun at the last moment) is there anything to wait for here. */
void pinion__begun_finish(struct pinion_shard *shard)
{
    size_t none = LAST;
    pinion__begun_last(&shard->begun);
    while (!atomic_compare_exchange_strong(&shard->begun.count, &none, OVER | LAST) && !(none & OVER)) {
        (void)pinion__scheduler_turn(shard->scheduler);
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
        none = LAST;
    }
}
