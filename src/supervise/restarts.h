/* When a child that crashed is started again: at once the first time, then after a wait that doubles with
 * each further crash, and not at all when it crashes too often. Reads no clock. */
#ifndef PINION_SUPERVISE_RESTARTS_H
#define PINION_SUPERVISE_RESTARTS_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_RESTARTS_MAX 100 /* the highest limit */

struct pinion_restarts {
    uint32_t min_ms;    /* the wait after the second crash in a row */
    uint32_t max_ms;    /* what doubling stops at */
    unsigned limit;     /* restarts within the period, PINION_RESTARTS_MAX at most; 0: no limit */
    uint32_t period_ms; /* also: a child that lived for so long begins a new row */
    unsigned row;       /* crashes in it */
    unsigned count;     /* restarts that count towards the limit */
    uint64_t times[PINION_RESTARTS_MAX]; /* of the last `limit` of those, as a ring */
};

/* The child that was started at `began` crashed at `now` (milliseconds). True: *wait_ms until the next is
 * started. False: this was one crash too many. */
bool pinion__restarts_next(struct pinion_restarts *restarts, uint64_t began, uint64_t now, uint64_t *wait_ms);

/* The same for an end that does not count towards the limit: how long to wait. */
uint64_t pinion__restarts_wait(struct pinion_restarts *restarts, uint64_t began, uint64_t now);

/* As if none had crashed yet. */
void pinion__restarts_forget(struct pinion_restarts *restarts);

#endif
