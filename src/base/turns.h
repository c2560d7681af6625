/* Work that comes in more than may be done in one go: whoever has some left waits in a line, and has another
 * go when it is first. Each go is a task of its own, so that what one caused comes before the next one. A
 * turn of the loop gives to all of them together no more than PINION_TURNS_MS, and what the last of them
 * takes longer: whoever is not in the line waits no longer than that. Belongs to a loop's thread.
 */
#ifndef PINION_BASE_TURNS_H
#define PINION_BASE_TURNS_H

#include "base/list.h"
#include "base/task.h"
#include "base/wheel.h"

#define PINION_TURNS_MS   4
#define PINION_TURNS_GOES 64 /* and no more of them, in case that the clock stands still */

struct pinion_scheduler;

struct pinion_turns {
    struct pinion_scheduler *scheduler;
    struct pinion_list waiting; /* of pinion_turn.node */
    struct pinion_timer timer;  /* for the first go of a turn of the loop */
    struct pinion_task go;
    bool going;    /* the task is queued, or runs */
    uint64_t end;  /* of the time in this turn of the loop */
    unsigned left; /* goes in it */
};

/* Embedded in whatever has such work. */
struct pinion_turn {
    struct pinion_list node;
    /* A go: some of the work. It has left the line; it may be appended again, or be freed. */
    void (*run)(struct pinion_turn *turn);
};

void pinion__turns_init(struct pinion_turns *turns, struct pinion_scheduler *scheduler);

void pinion__turn_init(struct pinion_turn *turn, void (*run)(struct pinion_turn *turn));

/* It must not wait yet. */
void pinion__turns_append(struct pinion_turns *turns, struct pinion_turn *turn);

static inline bool pinion__turn_waits(const struct pinion_turn *turn)
{
    return !pinion__list_empty(&turn->node);
}

/* Leave the line. Nothing happens when it does not wait. */
static inline void pinion__turn_remove(struct pinion_turn *turn)
{
    pinion__list_remove(&turn->node);
}

#endif
