/* An endpoint starts as a whole or not at all. Each loop's thread, and the thread that waits for them, take
 * each step together: nobody begins the next step before all are done with this one, and if one fails, all
 * know. So no loop accepts connections when another loop could not be made. */
#ifndef PINION_ENDPOINT_STARTING_H
#define PINION_ENDPOINT_STARTING_H

#include "base/lock.h"
#include <pthread.h>

struct pinion_starting {
    struct pinion_lock lock;
    pthread_cond_t over;
    unsigned members;   /* how many threads take the steps */
    unsigned arrived;   /* how many of them are done with this step */
    unsigned step;      /* how many steps are over */
    int rc;             /* the first failure */
    int outcome;        /* of the step that is over; all have read it before the next one is over */
    char sentence[512]; /* of the first failure */
};

void pinion__starting_init(struct pinion_starting *starting);
void pinion__starting_release(struct pinion_starting *starting);

/* Begin with so many members. None of them has begun yet. */
void pinion__starting_begin(struct pinion_starting *starting, unsigned members);

/* This thread is done with the step, with the result rc; it counts for `count` members. Waits for the others.
 * Returns 0 when all have succeeded, else the first failure. pinion_error_detail() says the same for all. */
int pinion__starting_meet(struct pinion_starting *starting, int rc, unsigned count);

#endif
