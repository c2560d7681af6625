/* All or nothing: those who start an endpoint, one for each loop and whoever waits for them, take each step
 * together. Nobody begins with the next one before all are done with this one, and when one fails all know.
 * So no loop accepts connections beside another that could not be made. */
#ifndef PINION_ENDPOINT_STARTING_H
#define PINION_ENDPOINT_STARTING_H

#include "base/lock.h"
#include <pthread.h>

struct pinion_starting {
    struct pinion_lock lock;
    pthread_cond_t over;
    unsigned members;
    unsigned arrived; /* of them, at the end of this step */
    unsigned step;    /* how many are over */
    int rc;           /* of the first that failed */
    int outcome;      /* of the step that is over; the next cannot be before all know */
    char sentence[512];
};

void pinion__starting_init(struct pinion_starting *starting);
void pinion__starting_release(struct pinion_starting *starting);

/* For so many members, none of which has begun. */
void pinion__starting_begin(struct pinion_starting *starting, unsigned members);

/* `count` members, this thread and those it speaks for, are done with the step, which came to rc; with a
 * failure its sentence in pinion_error_detail() is kept. Waits for the others, and returns what the step came
 * to for all: 0, or the first failure, whose sentence is this thread's then too. */
int pinion__starting_meet(struct pinion_starting *starting, int rc, unsigned count);

#endif
