/* Turns: work that takes too long to be done in one go. Whoever has work left waits in a line, and gets
 * another go when it is first. Each go is a task of its own, so what one go causes runs before the next. In
 * each turn of the loop, all goes together take PINION_TURNS_MS, plus what the last one takes longer. Work
 * that is done as it comes takes no longer either: after each piece of it, pinion__turns_over says whether
 * the next one has to wait in line. So everybody who is not in the line waits no longer than this. It belongs
 * to a loop's thread. */
#ifndef PINION_BASE_TURNS_H
#define PINION_BASE_TURNS_H

#include "base/list.h"
#include "base/task.h"
#include "base/wheel.h"

#define PINION_TURNS_MS   4
#define PINION_TURNS_GOES 64 /* the most goes in a turn of the loop, in case the clock stands still */

struct pinion_scheduler;

struct pinion_turns {
    struct pinion_scheduler *scheduler;
    struct pinion_list waiting; /* linked through pinion_turn.node */
    struct pinion_timer timer;  /* starts the first go of a turn of the loop */
    struct pinion_task go;
    bool going;    /* the task is queued or runs */
    uint64_t end;  /* when the time in this turn of the loop is over */
    unsigned left; /* goes left in this turn of the loop */
    struct {
        uint64_t turn; /* of the loop, in which the last piece was done */
        uint64_t end;  /* when the time in that turn was over */
        unsigned pieces;
        bool over;
    } at_once; /* work that is done as it comes */
};

/* Embedded in an object that has such work. */
struct pinion_turn {
    struct pinion_list node;
    /* A go: do some of the work. The turn has left the line. It may be appended again, or freed. */
    void (*run)(struct pinion_turn *turn);
};

void pinion__turns_init(struct pinion_turns *turns, struct pinion_scheduler *scheduler);

void pinion__turn_init(struct pinion_turn *turn, void (*run)(struct pinion_turn *turn));

/* The turn must not be waiting. */
void pinion__turns_append(struct pinion_turns *turns, struct pinion_turn *turn);

/* Call this after each piece of work that was done as it came. Returns true when such work has had its time
 * in this turn of the loop: whoever has more appends its turn. The clock is looked at every few pieces. */
bool pinion__turns_over(struct pinion_turns *turns);

static inline bool pinion__turn_waits(const struct pinion_turn *turn)
{
    return !pinion__list_empty(&turn->node);
}

/* Leave the line. This does nothing if the turn does not wait. */
static inline void pinion__turn_remove(struct pinion_turn *turn)
{
    pinion__list_remove(&turn->node);
}

#endif
