/* The time in which a loop did not look at its clients: its process was stopped, its machine slept, or a
 * callback did not return. It must not count against clients, whose bytes wait in the kernel meanwhile. Reads
 * no clock: the caller says what time it is. All zero: nothing is counted until `expected` is set.
 */
#ifndef PINION_BASE_PAUSES_H
#define PINION_BASE_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_PAUSE_MS 100 /* later than this is a pause; what exceeds it does not count */
#define PINION_PAUSES_MAX                                                                                    \
    16 /* that are remembered: more of them within one timeout, and some count after all */

struct pinion_pauses {
    uint64_t expected; /* when the next turn should be taken at the latest, ms */
    uint64_t total;    /* ms that do not count, all in all */
    uint64_t count;
    struct {
        uint64_t end;    /* when the loop went on */
        uint64_t before; /* the total before that */
    } last[PINION_PAUSES_MAX];
};

/* The loop goes on. True when it should have done so long before. */
bool pinion__pauses_notice(struct pinion_pauses *pauses, uint64_t now);

/* Milliseconds from `then` to `now`, without those that do not count. */
uint64_t pinion__pauses_since(const struct pinion_pauses *pauses, uint64_t then, uint64_t now);

#endif
