#include "supervise/restarts.h"

static bool within_limit(struct pinion_restarts *restarts, uint64_t now)
{
    if (restarts->limit == 0)
        return true;
    uint64_t *oldest = &restarts->times[restarts->count % restarts->limit];
    if (restarts->count >= restarts->limit && now - *oldest < restarts->period_ms)
        return false;
    *oldest = now;
    return true;
}

static uint64_t wait_of(const struct pinion_restarts *restarts)
{
    if (restarts->row == 0)
        return 0;
    uint64_t wait = restarts->min_ms;
    for (unsigned i = 1; i < restarts->row && wait < restarts->max_ms; i++)
        wait *= 2;
    return wait < restarts->max_ms ? wait : restarts->max_ms;
}

uint64_t pinion__restarts_wait(struct pinion_restarts *restarts, uint64_t began, uint64_t now)
{
    if (now - began >= restarts->period_ms)
        restarts->row = 0;
    uint64_t wait = wait_of(restarts);
    restarts->row++;
    return wait;
}

bool pinion__restarts_next(struct pinion_restarts *restarts, uint64_t began, uint64_t now, uint64_t *wait_ms)
{
    if (!within_limit(restarts, now))
        return false;
    *wait_ms = pinion__restarts_wait(restarts, began, now);
    restarts->count++;
    return true;
}

void pinion__restarts_forget(struct pinion_restarts *restarts)
{
    restarts->row = 0;
    restarts->count = 0;
}
