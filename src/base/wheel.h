/* A clock wheel: timers by the millisecond, set, moved and cancelled in constant time, for any number of
 * them. Hierarchical: 6 levels of 64 slots; a timer far away lies in a coarse slot and moves inwards as
 * its time comes near. It reads no clock: the caller says what time it is. Not thread-safe.
 */
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
    unsigned checked; /* slots, one after the other */
#endif
    uint64_t now;
    uint64_t occupied[PINION_WHEEL_LEVELS]; /* a bit per slot that may hold timers */
    struct pinion_list slots[PINION_WHEEL_LEVELS][PINION_WHEEL_SLOTS];
};

/* The wheel is all zero, or holds no timer. */
void pinion__wheel_init(struct pinion_wheel *wheel, uint64_t now_ms);

/* Prepare a timer that is all zero, or give one that is not on a wheel another function. */
void pinion__timer_init(struct pinion_timer *timer, void (*fire)(struct pinion_timer *timer));

/* True while the timer is on a wheel (or due and about to fire). */
bool pinion__timer_active(const struct pinion_timer *timer);

/* Put the timer on the wheel, or move it. A due time that has passed counts as now: it fires at the next
 * advance, even if no time passes until then.
 * Due times more than 2^36 ms (two years) ahead are clipped to that. */
void pinion__timer_set(struct pinion_wheel *wheel, struct pinion_timer *timer, uint64_t due_ms);

/* Take it off; harmless when it is not on. */
void pinion__timer_cancel(struct pinion_timer *timer);

/* Let time pass: fires every timer due at or before now_ms, in the order of their due times as far as the
 * milliseconds tell. A timer set from within a callback to a time that has passed fires at the next
 * advance, not in this one. Timers may be set and cancelled from callbacks freely. */
void pinion__wheel_advance(struct pinion_wheel *wheel, uint64_t now_ms);

/* A time at which advance should be called again at the latest, UINT64_MAX when no timer is set. May be
 * earlier than the next timer (when only a coarse slot is known), never later. */
uint64_t pinion__wheel_next(struct pinion_wheel *wheel);

#endif
