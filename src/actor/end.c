/* The end of an actor: its last callbacks, then everybody who waits for it is told, then its name is free. */
#include "actor/call.h"
#include "actor/handle.h"
#include "actor/idle.h"
#include "actor/mail.h"
#include "actor/monitor.h"
#include "actor/names.h"
#include "actor/subscription.h"
#include "actor/timer.h"
#include "base/log.h"
#include "engine/channel_end.h"
#include "engine/here.h"

/* The one that has the name now may begin: it was held back, and its run task has run in vain or comes yet.
 */
static void begin_successor(struct pinion_actor *successor)
{
    if (!successor)
        return;
    if (successor->scheduled) {
        pinion__actor_unref(successor);
        return;
    }
    successor->scheduled = true;
    pinion__scheduler_defer(successor->scheduler, &successor->run_task); /* with the reference of the name */
}

static void finish_end(struct pinion_actor *actor)
{
    struct pinion_actor *successor;
    pinion__actor_terminate(actor);
    actor->state_of_life = PINION_ACTOR_ENDED;
    pinion__calls_end(actor);
    pinion__actor_timers_release(actor);
    pinion__actor_subscriptions_release(actor);
    pinion__actor_monitors_release(actor);
    pinion__actor_drop_state(actor);
    pinion__list_remove(&actor->node);
    pinion__names_release(actor, &successor);
    begin_successor(successor);
    atomic_fetch_sub_explicit(&actor->hub->actor_count, 1, memory_order_relaxed);
    atomic_fetch_sub(&pinion__actors_loop(actor->shard)->count, 1);
    pinion__actor_unref(actor);
}

void pinion__actor_end(struct pinion_actor *actor, pinion_reason reason)
{
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return;
    actor->state_of_life = PINION_ACTOR_ENDING;
    actor->reason = (uint8_t)reason;
    pinion__log(PINION_LOG_DEBUG, "actor %s: ends: %s", actor->name, pinion__reason_name(reason));
    pinion__actor_idle_stop(actor);
    (void)pinion__names_close(actor, false);
    pinion__actor_mail_drop(actor);
    if (!pinion__actor_busy(actor))
        finish_end(actor);
}

void pinion__actor_resume_end(struct pinion_actor *actor)
{
    if (actor->state_of_life == PINION_ACTOR_ENDING)
        finish_end(actor);
}

/* ---- asked from anywhere ---- */

static void put(struct pinion_actor *actor)
{
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return;
    pinion__task_queue_push(&actor->queue, &actor->stop_task);
    pinion__actor_schedule(actor);
}

static void run_stop(struct pinion_task *task)
{
    struct pinion_actor *actor = PINION_CONTAINER_OF(task, struct pinion_actor, stop_task);
    put(actor);
    pinion__actor_unref(actor);
}

int pinion__actor_stop(struct pinion_actor *actor, pinion_reason reason)
{
    int none = -1;
    if (!atomic_compare_exchange_strong(&actor->stop, &none, (int)reason))
        return 0;
    actor->stop_task.run = run_stop;
    if (pinion__scheduler_is_here(actor->scheduler)) {
        put(actor);
        return 0;
    }
    (void)pinion__actor_ref(actor);
    int rc = pinion__scheduler_post(actor->scheduler, &actor->stop_task, 0);
    if (rc)
        pinion__actor_unref(actor);
    return rc;
}
