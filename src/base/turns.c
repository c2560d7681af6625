/* See turns.h. */
#include "base/turns.h"
#include "base/scheduler.h"

#define PIECES_A_LOOK 8 /* pieces of work between two looks at the clock, except for the first few */

static void go_soon(struct pinion_turns *turns)
{
    pinion__scheduler_defer(turns->scheduler, &turns->go);
}

/* Go on in the next turn of the loop: the timers that are due in this one were taken from the wheel
 * already. */
static void go_next_turn(struct pinion_turns *turns)
{
    pinion__scheduler_timer(turns->scheduler, &turns->timer, 0);
}

static void let_first_go(struct pinion_turns *turns)
{
    struct pinion_turn *first = PINION_CONTAINER_OF(turns->waiting.next, struct pinion_turn, node);
    pinion__turn_remove(first);
    first->run(first);
}

static bool has_time(struct pinion_turns *turns)
{
    return --turns->left > 0 && pinion__scheduler_now(turns->scheduler) < turns->end;
}

static void go(struct pinion_task *task)
{
    struct pinion_turns *turns = PINION_CONTAINER_OF(task, struct pinion_turns, go);

    if (!pinion__list_empty(&turns->waiting))
        let_first_go(turns);
    turns->going = !pinion__list_empty(&turns->waiting) && has_time(turns);
    if (turns->going)
        go_soon(turns);
    else if (!pinion__list_empty(&turns->waiting))
        go_next_turn(turns);
}

static void begin(struct pinion_timer *timer)
{
    struct pinion_turns *turns = PINION_CONTAINER_OF(timer, struct pinion_turns, timer);

    turns->end = pinion__scheduler_now(turns->scheduler) + PINION_TURNS_MS;
    turns->left = PINION_TURNS_GOES;
    turns->going = true;
    go_soon(turns);
}

void pinion__turns_init(struct pinion_turns *turns, struct pinion_scheduler *scheduler)
{
    turns->scheduler = scheduler;
    turns->go.run = go;
    turns->at_once.turn = UINT64_MAX;
    pinion__list_init(&turns->waiting);
    pinion__timer_init(&turns->timer, begin);
}

void pinion__turn_init(struct pinion_turn *turn, void (*run)(struct pinion_turn *turn))
{
    pinion__list_init(&turn->node);
    turn->run = run;
}

void pinion__turns_append(struct pinion_turns *turns, struct pinion_turn *turn)
{
    pinion__list_append(&turns->waiting, &turn->node);
    if (!turns->going && !pinion__timer_active(&turns->timer))
        go_next_turn(turns);
}

/* In the line, the time is that of all goes. */
static void begin_at_once(struct pinion_turns *turns)
{
    turns->at_once.turn = turns->scheduler->turns;
    turns->at_once.end =
        turns->going ? turns->end : pinion__scheduler_now(turns->scheduler) + PINION_TURNS_MS;
    turns->at_once.pieces = 0;
    turns->at_once.over = false;
}

/* After the first piece, the second, the fourth, and then after every eighth. */
static bool looks_at_the_clock(unsigned pieces)
{
    return pieces % PIECES_A_LOOK == 0 || (pieces < PIECES_A_LOOK && (pieces & (pieces - 1)) == 0);
}

bool pinion__turns_over(struct pinion_turns *turns)
{
    if (turns->at_once.turn != turns->scheduler->turns)
        begin_at_once(turns);
    if (looks_at_the_clock(++turns->at_once.pieces))
        turns->at_once.over = pinion__scheduler_now(turns->scheduler) >= turns->at_once.end;
    return turns->at_once.over;
}
