#include "actor/idle.h"
#include "actor/names.h"

static bool has_work(const struct pinion_actor *actor)
{
    return actor->state_of_life != PINION_ACTOR_RUNNING || pinion__actor_busy(actor);
}

/* Milliseconds until it has been idle for long enough. 0: it has. */
static uint64_t left(const struct pinion_actor *actor)
{
    uint64_t now = pinion__scheduler_now(actor->scheduler), until = actor->touched + actor->def->idle_ms;
    return until > now ? until - now : 0;
}

/* If it was opened since the last look, it has as much time again: whoever opened it is about to send. */
static void look(struct pinion_timer *timer)
{
    struct pinion_actor *actor = PINION_CONTAINER_OF(timer, struct pinion_actor, idle);
    uint64_t wait = left(actor);
    if (wait == 0 && !has_work(actor) && pinion__names_close(actor, true))
        pinion__actor_end(actor, PINION_REASON_NORMAL);
    else
        pinion__scheduler_timer(actor->scheduler, &actor->idle, wait ? wait : actor->def->idle_ms);
}

void pinion__actor_idle_start(struct pinion_actor *actor)
{
    if (!actor->def->idle_ms)
        return;
    pinion__names_note(actor);
    actor->touched = pinion__scheduler_now(actor->scheduler);
    if (!pinion__timer_active(&actor->idle))
        pinion__timer_init(&actor->idle, look);
    pinion__scheduler_timer(actor->scheduler, &actor->idle, actor->def->idle_ms);
}

void pinion__actor_idle_stop(struct pinion_actor *actor)
{
    pinion__timer_cancel(&actor->idle);
}
