#include "actor/timer.h"
#include "actor/handle.h"
#include "actor/mail.h"
#include "proto/payload.h"
#include <stdlib.h>

struct actor_timer {
    struct pinion_timer timer;
    struct pinion_list node; /* in extra->timers */
    struct pinion_actor *actor;
    struct pinion_actor_info *info;
    uint64_t id;
};

static void timer_remove(struct actor_timer *timer)
{
    pinion__timer_cancel(&timer->timer);
    pinion__list_remove(&timer->node);
    timer->actor->extra->timer_count--;
    free(timer);
}

static void timer_drop(struct actor_timer *timer)
{
    timer->info->mail.destroy(&timer->info->mail);
    timer_remove(timer);
}

static void fire(struct pinion_timer *base)
{
    struct actor_timer *timer = PINION_CONTAINER_OF(base, struct actor_timer, timer);
    struct pinion_actor *actor = timer->actor;
    struct pinion_actor_info *info = timer->info;
    timer_remove(timer);
    pinion__actor_mail_put(actor, &info->mail, pinion__actor_info_bytes(info));
}

void pinion__actor_timers_release(struct pinion_actor *actor)
{
    if (!actor->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &actor->extra->timers)
        timer_drop(PINION_CONTAINER_OF(node, struct actor_timer, node));
}

/* ---- public ---- */

static int check(struct pinion_actor *actor, const char *name, const pinion_payload *payload)
{
    static const char call[] = "pinion_actor_send_after";
    uint32_t max = actor->def->max_timers ? actor->def->max_timers : PINION_ACTOR_TIMERS;
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return pinion__actor_refuse(actor, call, name, payload, PINION_EPAYLOAD, NULL);
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return pinion__actor_refuse(actor, call, name, NULL, PINION_ECLOSED, PINION_ACTOR_ENDS);
    if (!pinion__actor_extra(actor))
        return PINION_ENOMEM;
    if (actor->extra->timer_count >= max)
        return pinion__actor_refuse(actor, call, name, NULL, PINION_EBUSY,
                                    "the actor has as many timers as it may have (max_timers)");
    return 0;
}

static int start(struct pinion_actor *actor, uint32_t delay_ms, struct pinion_actor_info *info, uint64_t *id)
{
    struct actor_timer *timer = info ? calloc(1, sizeof *timer) : NULL;
    if (!timer) {
        if (info)
            info->mail.destroy(&info->mail);
        return PINION_ENOMEM;
    }
    timer->actor = actor;
    timer->info = info;
    timer->id = actor->extra->next_id++;
    pinion__timer_init(&timer->timer, fire);
    pinion__list_append(&actor->extra->timers, &timer->node);
    actor->extra->timer_count++;
    if (id)
        *id = timer->id;
    if (delay_ms == 0)
        fire(&timer->timer);
    else
        pinion__scheduler_timer(actor->scheduler, &timer->timer, delay_ms);
    return 0;
}

int pinion_actor_send_after(pinion_actor *actor, uint32_t delay_ms, const char *name, pinion_payload *payload,
                            uint64_t *timer)
{
    PINION_CONSUMES(payload);
    PINION_NEED(actor, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF_ACTOR(actor, return pinion__payload_lost(payload));
    payload = pinion__payload_or_empty(payload);
    unsigned mark = pinion__error_mark();
    int rc = check(actor, name, payload);
    if (rc)
        pinion_payload_unref(payload);
    else
        rc = start(actor, delay_ms, pinion__actor_info_new(name, payload, NULL, NULL), timer);
    return pinion__error_end(__func__, mark, rc);
}

bool pinion_actor_cancel_timer(pinion_actor *actor, uint64_t id)
{
    PINION_NEED(actor, return false);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    if (!actor->extra)
        return false;
    PINION_LIST_FOREACH (node, &actor->extra->timers) {
        struct actor_timer *timer = PINION_CONTAINER_OF(node, struct actor_timer, node);
        if (timer->id == id) {
            timer_drop(timer);
            return true;
        }
    }
    return false;
}
