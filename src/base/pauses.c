/* PINION_PAUSE_MS of each pause counts as normal time, so that time passes even for a loop that is late in
 * every turn. */
#include "base/pauses.h"

bool pinion__pauses_notice(struct pinion_pauses *pauses, uint64_t now)
{
    uint64_t expected = pauses->expected;

    if (now <= expected || now - expected <= PINION_PAUSE_MS)
        return false;
    pauses->last[pauses->count % PINION_PAUSES_MAX].end = now;
    pauses->last[pauses->count % PINION_PAUSES_MAX].before = pauses->total;
    pauses->count++;
    pauses->total += now - expected - PINION_PAUSE_MS;
    return true;
}

/* The value that `total` had at the time `then`. */
static uint64_t total_at(const struct pinion_pauses *pauses, uint64_t then)
{
    uint64_t kept = pauses->count < PINION_PAUSES_MAX ? pauses->count : PINION_PAUSES_MAX;
    uint64_t total = pauses->total;

    for (uint64_t i = 1; i <= kept; i++) {
        uint64_t at = (pauses->count - i) % PINION_PAUSES_MAX;
        if (pauses->last[at].end <= then)
            break;
        total = pauses->last[at].before;
    }
    return total;
}

uint64_t pinion__pauses_since(const struct pinion_pauses *pauses, uint64_t then, uint64_t now)
{
    uint64_t paused = pauses->total - total_at(pauses, then);
    uint64_t passed = now > then ? now - then : 0;

    return passed > paused ? passed - paused : 0;
}
