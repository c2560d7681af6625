/* What any thread does with actors: it opens them, and reaches them by refs. */
#include "engine/ref.h"
#include "actor/call.h"
#include "actor/mail.h"
#include "actor/names.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "base/sized.h"
#include "engine/channel.h"
#include "engine/channel_end.h"
#include "engine/here.h"
#include "proto/payload.h"
#include <stdlib.h>

struct pinion_actor_ref {
    struct pinion_actor *actor; /* referenced */
};

/* ---- making one ---- */

/* Takes the reference on the actor, on failure too. */
static pinion_actor_ref *ref_new(struct pinion_actor *actor)
{
    pinion_actor_ref *ref = malloc(sizeof *ref);
    if (!ref) {
        pinion__actor_unref(actor);
        (void)pinion__fail(PINION_ENOMEM, "a ref cannot be made: %s", pinion_strerror(PINION_ENOMEM));
        return NULL;
    }
    ref->actor = actor;
    return ref;
}

pinion_actor_ref *pinion_actor_ref_new(pinion_actor *actor)
{
    PINION_NEED(actor, return NULL);
    PINION_ON_LOOP_OF_ACTOR(actor, return NULL);
    pinion_actor_ref *ref = ref_new(pinion__actor_ref(actor));
    if (ref)
        PINION_HELD(PINION_HELD_ACTOR_REF, ref, actor->scheduler);
    return ref;
}

pinion_actor_ref *pinion_actor_ref_copy(const pinion_actor_ref *ref)
{
    PINION_NEED_HELD(ref, return NULL);
    pinion_actor_ref *copy = ref_new(pinion__actor_ref(ref->actor));
    if (copy)
        PINION_HELD(PINION_HELD_ACTOR_REF, copy, copy->actor->scheduler);
    return copy;
}

void pinion_actor_ref_free(pinion_actor_ref *ref)
{
    if (!ref)
        return;
    PINION_NEED_HELD(ref, return );
    PINION_HELD_GONE(ref);
    pinion__actor_unref(ref->actor);
    free(ref);
}

/* ---- opening ---- */

/* Its loop has ended before it could begin: take the name back. */
static void undo(struct pinion_actor *actor)
{
    struct pinion_actor *successor;
    struct pinion_hub *hub = actor->hub;
    pinion__names_release(actor, &successor); /* nobody could succeed it: it gives no name up */
    atomic_fetch_sub_explicit(&hub->actor_count, 1, memory_order_relaxed);
    atomic_fetch_sub(&pinion__actors_loop(actor->shard)->count, 1);
    pinion__actor_unref(actor); /* its run task */
    pinion__actor_unref(actor); /* its life */
}

/* The argument was not taken. */
static void give_back(const struct pinion_opening *opening)
{
    if (opening->destroy)
        opening->destroy(opening->argument);
}

/* Have it begin, after the current callback if this is its loop. */
static int begin(struct pinion_actor *actor)
{
    if (!pinion__scheduler_is_here(actor->scheduler))
        return pinion__scheduler_post(actor->scheduler, &actor->run_task, 0);
    pinion__scheduler_defer(actor->scheduler, &actor->run_task);
    return 0;
}

static int open_actor(struct pinion_hub *hub, const struct pinion_opening *opening, pinion_actor_ref **out)
{
    struct pinion_actor *actor;
    bool made;
    if (!hub->actors)
        return pinion__fail(PINION_ENOTSUP, "the endpoint has no actors");
    pinion_actor_ref *ref = malloc(sizeof *ref);
    if (!ref)
        return PINION_ENOMEM;
    int rc = pinion__names_open(hub->actors, opening, &actor, &made);
    if (!rc && made && (rc = begin(actor)) != 0) {
        actor->destroy_state = NULL; /* the caller destroys the argument */
        undo(actor);
        pinion__actor_unref(actor);
        rc = pinion__fail(PINION_ECLOSED, "the endpoint has stopped");
    }
    if (rc) {
        free(ref);
        return rc;
    }
    if (!made)
        give_back(opening);
    ref->actor = actor;
    *out = ref;
    return 0;
}

static int misused(void *argument, void (*destroy)(void *))
{
    give_back(&(struct pinion_opening){ .argument = argument, .destroy = destroy });
    return PINION_EINVAL;
}

int pinion_actor_open_sized(pinion_endpoint *endpoint, const char *name, const pinion_actor_def *def,
                            void *argument, void (*destroy)(void *), pinion_actor_ref **ref, size_t size)
{
    PINION_NEED(endpoint, return misused(argument, destroy));
    PINION_NEED(name, return misused(argument, destroy));
    PINION_NEED(ref, return misused(argument, destroy));
    const struct pinion_opening opening = { pinion__slice_str(name), def, size, argument, destroy };
    pinion_actor_ref *made = NULL;
    unsigned mark = pinion__error_mark();
    int rc =
        pinion__error_end("pinion_actor_open", mark, open_actor(pinion__hub_of(endpoint), &opening, &made));
    if (rc) {
        give_back(&opening);
        return rc;
    }
    PINION_HELD(PINION_HELD_ACTOR_REF, made, made->actor->scheduler);
    *ref = made;
    return 0;
}

/* ---- sending ---- */

/* The error of what could not be sent, with its sentence; 0 gives 0. It is not logged, since the caller made
 * no mistake. */
static int unsent(const struct pinion_actor *actor, const char *call, int code)
{
    if (!code)
        return 0;
    size_t queued = atomic_load_explicit(&actor->queued, memory_order_relaxed);
    if (code == PINION_EBUSY)
        return pinion__fail(
            code,
            "%s to the actor %s: its mailbox, in which %zu bytes wait, or that of its loop is full "
            "(max_mailbox)",
            call, actor->name, queued);
    return pinion__fail(code, "%s to the actor %s: %s", call, actor->name,
                        code == PINION_ECLOSED ? "the endpoint has stopped" : pinion_strerror(code));
}

static int send_info(struct pinion_actor *actor, const char *call, struct pinion_actor_info *info)
{
    if (!info)
        return unsent(actor, call, PINION_ENOMEM);
    info->mail.needs = true;
    int rc = pinion__actor_mail_send(actor, &info->mail, pinion__actor_info_bytes(info));
    if (rc)
        info->mail.destroy(&info->mail);
    return unsent(actor, call, rc);
}

int pinion_actor_send(const pinion_actor_ref *ref, const char *name, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    payload = pinion__payload_or_empty(payload);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON) {
        int rc = pinion__actor_refuse(ref->actor, __func__, name, payload, PINION_EPAYLOAD, NULL);
        pinion_payload_unref(payload);
        return rc;
    }
    return send_info(ref->actor, __func__, pinion__actor_info_new(name, payload, NULL, NULL));
}

int pinion_actor_send_data(const pinion_actor_ref *ref, const char *name, void *data, void (*destroy)(void *))
{
    PINION_NEED_HELD(ref, return misused(data, destroy));
    PINION_NEED(name, return misused(data, destroy));
    return send_info(ref->actor, __func__, pinion__actor_info_new(name, NULL, data, destroy));
}

int pinion_actor_stop(const pinion_actor_ref *ref, pinion_reason reason)
{
    PINION_NEED_HELD(ref, return PINION_EINVAL);
    return unsent(ref->actor, __func__, pinion__actor_stop(ref->actor, pinion__reason_given(reason)));
}

/* ---- calling ---- */

static int check_call(const struct pinion_actor *actor, const char *name, const pinion_payload *payload,
                      const pinion_call_options *options)
{
    static const char call[] = "pinion_actor_call";
    int ends = (options->done != NULL) + (options->reply != NULL) + (options->request != NULL);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return pinion__actor_refuse(actor, call, name, payload, PINION_EPAYLOAD, NULL);
    if (ends != 1)
        return pinion__actor_refuse(actor, call, name, NULL, PINION_EINVAL,
                                    "one of done, reply and request takes the answer: set that one");
    if (options->reply && !options->reply->answers && !options->reply->replies)
        return pinion__actor_refuse(actor, call, name, NULL, PINION_EINVAL,
                                    "the ref was made for no message and in no join: make it in handle_in");
    return 0;
}

/* Consumes payload. */
static int call(struct pinion_actor *actor, const char *name, pinion_payload *payload,
                const pinion_call_options *options)
{
    payload = pinion__payload_or_empty(payload);
    int rc = check_call(actor, name, payload, options);
    if (rc) {
        pinion_payload_unref(payload);
        return rc;
    }
    rc = pinion__actor_call(actor, name, payload, options);
    return unsent(actor, "pinion_actor_call", rc);
}

int pinion_actor_call_sized(const pinion_actor_ref *ref, const char *name, pinion_payload *payload,
                            const pinion_call_options *options, size_t size)
{
    pinion_call_options known;
    PINION_CONSUMES(payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    PINION_NEED(options, return pinion__payload_lost(payload));
    int rc = PINION_TAKE(pinion_call_options, &known, options, size);
    if (rc) {
        pinion_payload_unref(payload);
        return rc;
    }
    return call(ref->actor, name, payload, &known);
}

static pinion_result not_called(int rc)
{
    if (rc != PINION_EBUSY && rc != PINION_ECLOSED)
        return pinion_crash();
    return pinion_error(pinion_json("{s:s}", "reason", rc == PINION_EBUSY ? "busy" : "closed"));
}

static pinion_result misused_later(pinion_payload *payload)
{
    pinion_payload_unref(payload);
    return pinion_crash();
}

pinion_result pinion_actor_later(pinion_channel *channel, const pinion_actor_ref *ref, const char *name,
                                 pinion_payload *payload, uint32_t timeout_ms)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return misused_later(payload));
    PINION_NEED_HELD(ref, return misused_later(payload));
    PINION_NEED(name, return misused_later(payload));
    PINION_ON_LOOP_OF(channel, return misused_later(payload));
    pinion_call_options options = { .timeout_ms = timeout_ms, .reply = pinion_ref_new(channel) };
    if (!options.reply)
        return misused_later(payload);
    int rc = call(ref->actor, name, payload, &options);
    if (!rc)
        return pinion_later();
    pinion_ref_free(options.reply);
    return not_called(rc);
}
