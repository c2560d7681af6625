#include "actor/actor.h"
#include "actor/handle.h"
#include "actor/idle.h"
#include "actor/mail.h"
#include "actor/names.h"
#include "base/owned.h"
#include "engine/here.h"
#include "engine/refused.h"
#include <stdlib.h>
#include <string.h>

#define TAKEN_AT_ONCE 64 /* messages in one task, unless they cause something that runs after them */

/* ---- memory ---- */

struct pinion_slice pinion__actor_name(const struct pinion_actor *actor)
{
    return pinion__slice(actor->name, actor->name_len);
}

struct pinion_actor *pinion__actor_ref(struct pinion_actor *actor)
{
    atomic_fetch_add_explicit(&actor->refs, 1, memory_order_relaxed);
    return actor;
}

void pinion__actor_unref(struct pinion_actor *actor)
{
    if (atomic_fetch_sub_explicit(&actor->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__task_gone(&actor->run_task);
    pinion__task_gone(&actor->stop_task);
    pinion__list_gone(&actor->node);
    free(actor->extra);
    pinion__scheduler_unref(actor->scheduler);
    free(actor);
}

struct pinion_actor_extra *pinion__actor_extra(struct pinion_actor *actor)
{
    if (!actor->extra) {
        struct pinion_actor_extra *extra = calloc(1, sizeof *extra);
        if (!extra)
            return NULL;
        pinion__delays_init(&extra->timers);
        pinion__list_init(&extra->subscriptions);
        pinion__list_init(&extra->monitors);
        extra->next_monitor = 1;
        actor->extra = extra;
    }
    return actor->extra;
}

/* ---- its task ---- */

/* The first run: init, unless nothing may begin any more. */
static bool begin(struct pinion_actor *actor)
{
    struct pinion_actors_loop *loop = pinion__actors_loop(actor->shard);
    pinion__list_append(&loop->all, &actor->node);
    if (loop->ending) {
        pinion__actor_end(actor, PINION_REASON_SHUTDOWN);
        return false;
    }
    if (!pinion__actor_init(actor))
        return false;
    if (actor->state_of_life == PINION_ACTOR_RUNNING &&
        (!actor->extra || pinion__list_empty(&actor->extra->monitors)))
        pinion__actor_idle_start(actor);
    return true;
}

static bool may_take(const struct pinion_actor *actor)
{
    return actor->state_of_life == PINION_ACTOR_RUNNING && !pinion__actor_busy(actor) &&
           !pinion__task_queue_empty(&actor->queue);
}

static void take_some(struct pinion_actor *actor)
{
    uint64_t mark = pinion__scheduler_mark(actor->scheduler);
    for (unsigned i = 0; i < TAKEN_AT_ONCE && may_take(actor); i++) {
        pinion__actor_mail_take(actor);
        if (pinion__scheduler_mark(actor->scheduler) != mark)
            break;
    }
}

static void count_busy(struct pinion_actor *actor)
{
    if (atomic_load_explicit(&actor->busy, memory_order_relaxed) > 0)
        atomic_fetch_add_explicit(&actor->hub->actor_busy, atomic_exchange(&actor->busy, 0),
                                  memory_order_relaxed);
}

static void run(struct pinion_task *task)
{
    struct pinion_actor *actor = PINION_CONTAINER_OF(task, struct pinion_actor, run_task);
    actor->scheduled = false;
    count_busy(actor);
    if (!actor->waits && (actor->state_of_life != PINION_ACTOR_NEW || begin(actor)))
        take_some(actor);
    pinion__actor_schedule(actor);
    pinion__actor_unref(actor);
}

void pinion__actor_schedule(struct pinion_actor *actor)
{
    if (actor->scheduled || actor->waits || !may_take(actor))
        return;
    actor->scheduled = true;
    (void)pinion__actor_ref(actor);
    pinion__scheduler_defer(actor->scheduler, &actor->run_task);
}

struct pinion_actor *pinion__actor_new(struct pinion_actors *actors, struct pinion_shard *shard,
                                       struct pinion_slice name)
{
    struct pinion_actor *actor = calloc(1, sizeof *actor + name.len + 1);
    if (!actor)
        return NULL;
    atomic_init(&actor->refs, 3);
    atomic_init(&actor->queued, 0);
    atomic_init(&actor->busy, 0);
    atomic_init(&actor->stop, -1);
    actor->hub = actors->hub;
    actor->shard = shard;
    actor->scheduler = pinion__scheduler_ref(shard->scheduler);
    actor->run_task.run = run;
    actor->scheduled = true;
    pinion__list_init(&actor->node);
    pinion__list_init(&actor->calls);
    pinion__timer_init(&actor->idle, NULL);
    actor->name_len = (uint8_t)name.len;
    memcpy(actor->name, name.ptr, name.len);
    return actor;
}

/* ---- public ---- */

int pinion__actor_refuse(const struct pinion_actor *actor, const char *call, const char *name,
                         const pinion_payload *payload, int code, const char *why)
{
    return pinion__refuse(&(struct pinion_refused){ .call = call,
                                                    .name = name,
                                                    .topic = pinion__actor_name(actor),
                                                    .of_actor = true,
                                                    .payload = payload,
                                                    .why = why },
                          code);
}

void pinion_actor_set_state(pinion_actor *actor, void *state, void (*destroy)(void *))
{
    PINION_NEED(actor, return );
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    pinion__owned_replace(&actor->state, &actor->destroy_state, state, destroy);
}

void *pinion_actor_state(const pinion_actor *actor)
{
    PINION_NEED(actor, return NULL);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    return actor->state;
}

const char *pinion_actor_name(const pinion_actor *actor)
{
    PINION_NEED(actor, return NULL);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    return actor->name;
}

pinion_endpoint *pinion_actor_endpoint(const pinion_actor *actor)
{
    PINION_NEED(actor, return NULL);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    return pinion__endpoint_of(actor->hub);
}

void *pinion_actor_context(const pinion_actor *actor)
{
    PINION_NEED(actor, return NULL);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    return actor->hub->context;
}
