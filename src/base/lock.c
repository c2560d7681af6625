/* See lock.h. This file remembers which locks a thread holds, in builds with checks. */
#include "base/lock.h"

#ifdef PINION_CHECKS

#include <stdio.h>
#include <stdlib.h>

#define HELD_MAX 16

static const char *const names[] = {
#define NAME_OF(name, what) what,
    PINION_LOCK_RANKS(NAME_OF)
#undef NAME_OF
};

/* In the order in which they were taken, so the last one has the highest rank. */
static _Thread_local const struct pinion_lock *held[HELD_MAX];
static _Thread_local unsigned count;

static _Noreturn void stop(const char *what, const struct pinion_lock *lock)
{
    fprintf(stderr, "locks: %s", what);
    if (lock)
        fprintf(stderr, " \"%s\"", names[lock->rank]);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, "%s\"%s\"", i ? ", " : " while this thread holds ", names[held[i]->rank]);
    fprintf(stderr, "\n");
    abort();
}

void pinion__lock_order(const struct pinion_lock *lock)
{
    if (count > 0 && held[count - 1]->rank >= lock->rank)
        stop("a lock is taken out of order:", lock);
    if (count == HELD_MAX)
        stop("a thread takes too many locks:", lock);
    held[count++] = lock;
}

void pinion__lock_released(const struct pinion_lock *lock)
{
    unsigned i = count;
    while (i > 0 && held[i - 1] != lock)
        i--;
    if (i == 0)
        stop("a lock is given back that this thread does not hold:", lock);
    for (count--; i <= count; i++)
        held[i - 1] = held[i];
}

void pinion__lock_waits(const struct pinion_lock *lock)
{
    if (count != 1 || held[0] != lock)
        stop("this thread waits for a condition with", lock);
}

void pinion__lock_none(void)
{
    if (count > 0)
        stop("a callback of the application is called", NULL);
}

#endif
