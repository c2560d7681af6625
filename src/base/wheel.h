/* A clock wheel: any number of timers, which are set, moved and cancelled in constant time. It is
 * hierarchical, with 6 levels of 64 slots: a timer far ahead lies in a coarse slot, and moves to finer ones
 * as its time comes near. It reads no clock: the caller passes the time. Not thread-safe. */
#ifndef PINION_BASE_WHEEL_H
#define PINION_BASE_WHEEL_H

#include "base/list.h"
#include <stdint.h>

#define PINION_WHEEL_LEVELS 6
#define PINION_WHEEL_SLOTS  64

struct pinion_timer {
    struct pinion_list node;
    uint64_t due;                             /* milliseconds, on the wheel's clock */
    void (*fire)(struct pinion_timer *timer); /* called once, after the timer was taken off the wheel */
};

struct pinion_wheel {
#ifdef PINION_CHECKS
    unsigned checked; /* slots that were checked, one after the other */
#endif
    uint64_t now;
    uint64_t occupied[PINION_WHEEL_LEVELS]; /* a bit for each slot that may hold timers */
    struct pinion_list slots[PINION_WHEEL_LEVELS][PINION_WHEEL_SLOTS];
};

/* The wheel must be all zero, or hold no timer. */
void pinion__wheel_init(struct pinion_wheel *wheel, uint64_t now_ms);

/* Prepare a timer that is all zero, or give a timer that is not on a wheel another function. */
void pinion__timer_init(struct pinion_timer *timer, void (*fire)(struct pinion_timer *timer));

/* True while the timer is on a wheel, or due and about to fire. */
bool pinion__timer_active(const struct pinion_timer *timer);

/* Put the timer on the wheel, or move it. A due time that has passed counts as now: the timer fires at the
 * next advance, even if no time passes until then. Due times more than 2^36 ms (two years) ahead are cut to
 * this. */
void pinion__timer_set(struct pinion_wheel *wheel, struct pinion_timer *timer, uint64_t due_ms);

/* Take the timer off the wheel. This does nothing if it is not on one. */
void pinion__timer_cancel(struct pinion_timer *timer);

/* Let time pass: fire every timer that is due at or before now_ms, ordered by their due milliseconds. If a
 * callback sets a timer to a time that has passed, it fires at the next advance, not in this one. Callbacks
 * may set and cancel any timer. */
void pinion__wheel_advance(struct pinion_wheel *wheel, uint64_t now_ms);

/* The time by which advance must be called again, UINT64_MAX when no timer is set. It may be earlier than the
 * next timer, when only a coarse slot is known, but never later. */
uint64_t pinion__wheel_next(struct pinion_wheel *wheel);

#endif
