/* When a child that crashed is started again: the first time at once, then after a wait that doubles with
 * each further crash, and not at all after too many crashes. It reads no clock. */
#ifndef PINION_SUPERVISE_RESTARTS_H
#define PINION_SUPERVISE_RESTARTS_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_RESTARTS_MAX 100 /* the highest limit */

struct pinion_restarts {
    uint32_t min_ms;    /* the wait after the second crash in a row, ms */
    uint32_t max_ms;    /* the longest wait, ms */
    unsigned limit;     /* restarts within the period, at most PINION_RESTARTS_MAX; 0: no limit */
    uint32_t period_ms; /* ms; a child that lived this long also begins a new row */
    unsigned row;       /* crashes in this row */
    unsigned count;     /* restarts that count towards the limit */
    uint64_t times[PINION_RESTARTS_MAX]; /* of the last `limit` of those, as a ring */
};

/* The child that was started at `began` crashed at `now` (ms). Returns true with *wait_ms, the wait until the
 * next is started; false if this was one crash too many. */
bool pinion__restarts_next(struct pinion_restarts *restarts, uint64_t began, uint64_t now, uint64_t *wait_ms);

/* The same for an end that does not count towards the limit. Returns how long to wait. */
uint64_t pinion__restarts_wait(struct pinion_restarts *restarts, uint64_t began, uint64_t now);

/* Forget all crashes. */
void pinion__restarts_forget(struct pinion_restarts *restarts);

#endif
