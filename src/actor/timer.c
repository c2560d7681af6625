#include "actor/timer.h"
#include "actor/handle.h"
#include "actor/mail.h"
#include "proto/payload.h"

static void due(void *actor, void *at)
{
    struct pinion_actor_info *info = at;
    pinion__actor_mail_put(actor, &info->mail, pinion__actor_info_bytes(info));
}

static void drop(void *at)
{
    struct pinion_actor_info *info = at;
    info->mail.destroy(&info->mail);
}

void pinion__actor_timers_release(struct pinion_actor *actor)
{
    if (actor->extra)
        pinion__delays_release(&actor->extra->timers);
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
    if (actor->extra->timers.count >= max)
        return pinion__actor_refuse(actor, call, name, NULL, PINION_EBUSY,
                                    "the actor has as many timers as it may have (max_timers)");
    return 0;
}

static int start(struct pinion_actor *actor, uint32_t delay_ms, struct pinion_actor_info *info, uint64_t *id)
{
    const struct pinion_delayed delayed = { actor, info, due, drop };
    return pinion__delays_add(&actor->extra->timers, &delayed, actor->scheduler, delay_ms, id);
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
    return actor->extra && pinion__delays_cancel(&actor->extra->timers, id);
}
