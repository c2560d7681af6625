#include "endpoint/starting.h"
#include "base/log.h"
#include <stdio.h>

void pinion__starting_init(struct pinion_starting *starting)
{
    pinion__lock_init(&starting->lock, PINION_RANK_STARTING);
    pthread_cond_init(&starting->over, NULL);
}

void pinion__starting_begin(struct pinion_starting *starting, unsigned members)
{
    starting->members = members;
    starting->arrived = 0;
    starting->rc = 0;
    starting->outcome = 0;
}

void pinion__starting_release(struct pinion_starting *starting)
{
    pthread_cond_destroy(&starting->over);
    pinion__lock_destroy(&starting->lock);
}

/* Under the lock. */
static void note_failure(struct pinion_starting *starting, int rc)
{
    if (!rc || starting->rc)
        return;
    starting->rc = rc;
    snprintf(starting->sentence, sizeof starting->sentence, "%s", pinion__error_sentence(rc));
}

/* Under the lock. Others may be at the next step already: a failure there does not change the outcome of this
 * one. */
static int await_others(struct pinion_starting *starting, unsigned count)
{
    unsigned step = starting->step;
    starting->arrived += count;
    if (starting->arrived == starting->members) {
        starting->arrived = 0;
        starting->step++;
        starting->outcome = starting->rc;
        pthread_cond_broadcast(&starting->over);
    }
    while (starting->step == step)
        pinion__lock_wait(&starting->lock, &starting->over);
    return starting->outcome;
}

int pinion__starting_meet(struct pinion_starting *starting, int rc, unsigned count)
{
    pinion__lock(&starting->lock);
    note_failure(starting, rc);
    rc = await_others(starting, count);
    pinion__unlock(&starting->lock);
    return rc ? pinion__fail(rc, "%s", starting->sentence) : 0;
}
