/* Level l has one slot for each 64^l milliseconds. Write the due time and now as 6-bit digits: a timer lies
 * at the level of the highest digit in which they differ, in the slot of that digit. So everything at a level
 * is due before anything at the levels above, and the first occupied slot of the lowest occupied level comes
 * next. Time jumps from one such slot to the next: empty slots cost nothing.
 *
 * When time reaches a slot of level 0, its timers are due. When it reaches a slot of another level, its
 * timers are placed again, at a lower level. Only the top level wraps around: there, the slot of the current
 * digit means a whole turn from now. */
#include "base/wheel.h"
#include "base/check.h"
#include <assert.h>

#define SLOT_BITS       6
#define SLOT_MASK       (PINION_WHEEL_SLOTS - 1)
#define CHECKED_AT_ONCE 24 /* slots in each check */
#define FARTHEST_MS     (UINT64_C(1) << (SLOT_BITS * PINION_WHEEL_LEVELS))

static_assert(PINION_WHEEL_SLOTS == 1 << SLOT_BITS, "a digit selects a slot");

void pinion__wheel_init(struct pinion_wheel *wheel, uint64_t now_ms)
{
    wheel->now = now_ms;
    for (int level = 0; level < PINION_WHEEL_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (int slot = 0; slot < PINION_WHEEL_SLOTS; slot++)
            pinion__list_init(&wheel->slots[level][slot]);
    }
}

void pinion__timer_init(struct pinion_timer *timer, void (*fire)(struct pinion_timer *timer))
{
    pinion__list_init(&timer->node); /* it asserts that the timer is on no wheel */
    timer->due = 0;
    timer->fire = fire;
}

bool pinion__timer_active(const struct pinion_timer *timer)
{
    return !pinion__list_empty(&timer->node);
}

static unsigned level_of(const struct pinion_wheel *wheel, uint64_t due)
{
    uint64_t difference = due ^ wheel->now;

    if (difference < PINION_WHEEL_SLOTS)
        return 0;
    if (difference >= FARTHEST_MS)
        return PINION_WHEEL_LEVELS - 1;
    return (unsigned)(63 - __builtin_clzll(difference)) / SLOT_BITS;
}

/* The timer is in no list, and not due before now. */
static void place(struct pinion_wheel *wheel, struct pinion_timer *timer)
{
    unsigned level = level_of(wheel, timer->due);
    unsigned slot = (unsigned)(timer->due >> (SLOT_BITS * level)) & SLOT_MASK;

    pinion__list_append(&wheel->slots[level][slot], &timer->node);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void pinion__timer_set(struct pinion_wheel *wheel, struct pinion_timer *timer, uint64_t due_ms)
{
    assert(timer->fire);
    pinion__list_remove(&timer->node);
    if (due_ms < wheel->now)
        due_ms = wheel->now;
    else if (due_ms - wheel->now > FARTHEST_MS)
        due_ms = wheel->now + FARTHEST_MS;
    timer->due = due_ms;
    place(wheel, timer);
}

void pinion__timer_cancel(struct pinion_timer *timer)
{
    pinion__list_remove(&timer->node);
}

static inline uint64_t rotate_right(uint64_t x, unsigned bits)
{
    return (x >> bits) | (x << (-bits & 63));
}

/* Find the first slot of a level that holds timers. *tick is its time in slot lengths since time zero.
 * Returns false when there is none. A cancelled timer leaves the bit of its slot set; this function clears
 * it. */
static bool first_at_level(struct pinion_wheel *wheel, unsigned level, uint64_t *tick)
{
    /* Level 0 begins with the current millisecond. At other levels the current slot is a whole turn ahead. */
    uint64_t first = (wheel->now >> (SLOT_BITS * level)) + (level > 0);

    while (wheel->occupied[level]) {
        *tick = first + (unsigned)__builtin_ctzll(rotate_right(wheel->occupied[level], first & SLOT_MASK));
        if (!pinion__list_empty(&wheel->slots[level][*tick & SLOT_MASK]))
            return true;
        wheel->occupied[level] &= ~(UINT64_C(1) << (*tick & SLOT_MASK));
    }
    return false;
}

/* The slot that time reaches first, its level, and the time; NULL when the wheel is empty. */
static struct pinion_list *first_slot(struct pinion_wheel *wheel, unsigned *level, uint64_t *time)
{
    uint64_t tick;

    for (*level = 0; *level < PINION_WHEEL_LEVELS; ++*level) {
        if (first_at_level(wheel, *level, &tick)) {
            *time = tick << (SLOT_BITS * *level);
            return &wheel->slots[*level][tick & SLOT_MASK];
        }
    }
    return NULL;
}

static void place_again(struct pinion_wheel *wheel, struct pinion_list *slot)
{
    struct pinion_list timers = PINION_LIST_HEAD(timers);

    pinion__list_splice(&timers, slot);
    PINION_LIST_FOREACH_SAFE (node, &timers) {
        pinion__list_remove(node);
        place(wheel, PINION_CONTAINER_OF(node, struct pinion_timer, node));
    }
}

/* Move time to now_ms, and all timers due by then to `due`. */
static void collect(struct pinion_wheel *wheel, uint64_t now_ms, struct pinion_list *due)
{
    struct pinion_list *slot;
    unsigned level;
    uint64_t time;

    while ((slot = first_slot(wheel, &level, &time)) && time <= now_ms) {
        wheel->now = time;
        if (level == 0)
            pinion__list_splice(due, slot);
        else
            place_again(wheel, slot);
    }
    wheel->now = now_ms;
}

/* ---- checking ---- */

#ifdef PINION_CHECKS

/* May a timer with this due time lie here? Time has passed since it was placed, but has not reached its slot.
 * So it may lie at a higher level than if it were placed now, but never at a lower one. */
static bool belongs(const struct pinion_wheel *wheel, const struct pinion_timer *timer, unsigned level,
                    unsigned slot)
{
    return timer->fire && timer->due >= wheel->now && level_of(wheel, timer->due) <= level &&
           ((unsigned)(timer->due >> (SLOT_BITS * level)) & SLOT_MASK) == slot;
}

static const char *slot_check(const struct pinion_wheel *wheel, unsigned level, unsigned slot)
{
    const struct pinion_list *head = &wheel->slots[level][slot];
    const char *wrong = pinion__list_check(head, NULL);

    if (wrong)
        return wrong;
    if (!(wheel->occupied[level] >> slot & 1) && !pinion__list_empty(head))
        return "a slot of a wheel has timers, but is marked as empty";
    PINION_LIST_FOREACH (node, head) {
        if (!belongs(wheel, PINION_CONTAINER_OF(node, struct pinion_timer, node), level, slot))
            return "a timer lies in the wrong slot of a wheel, or has no function to call";
    }
    return NULL;
}

const char *pinion__wheel_check(const struct pinion_wheel *wheel)
{
    const char *wrong = NULL;

    for (unsigned level = 0; level < PINION_WHEEL_LEVELS && !wrong; level++) {
        for (unsigned slot = 0; slot < PINION_WHEEL_SLOTS && !wrong; slot++)
            wrong = slot_check(wheel, level, slot);
    }
    return wrong;
}

/* Look at a few slots each time, so that all are looked at again and again. */
static void check_some(struct pinion_wheel *wheel)
{
    for (int i = 0; i < CHECKED_AT_ONCE; i++) {
        wheel->checked = (wheel->checked + 1) % (PINION_WHEEL_LEVELS * PINION_WHEEL_SLOTS);
        PINION_CHECK(
            slot_check(wheel, wheel->checked / PINION_WHEEL_SLOTS, wheel->checked % PINION_WHEEL_SLOTS));
    }
}

#else

static void check_some(struct pinion_wheel *wheel)
{
}

#endif

/* ---- advancing ---- */

/* All due timers leave the wheel before the first callback runs: timers that callbacks set fire at the next
 * advance. */
void pinion__wheel_advance(struct pinion_wheel *wheel, uint64_t now_ms)
{
    struct pinion_list due = PINION_LIST_HEAD(due);

    check_some(wheel);
    collect(wheel, now_ms > wheel->now ? now_ms : wheel->now, &due);
    while (!pinion__list_empty(&due)) {
        struct pinion_timer *timer = PINION_CONTAINER_OF(due.next, struct pinion_timer, node);
        pinion__list_remove(&timer->node);
        timer->fire(timer);
    }
}

uint64_t pinion__wheel_next(struct pinion_wheel *wheel)
{
    unsigned level;
    uint64_t time;

    return first_slot(wheel, &level, &time) ? time : UINT64_MAX;
}
