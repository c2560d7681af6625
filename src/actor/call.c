#include "actor/call.h"
#include "actor/handle.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "base/stock.h"
#include "engine/here.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS 5000

/* ---- memory ---- */

static void release(pinion_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__list_gone(&call->node);
    pinion__task_gone(&call->mail.task);
    pinion__task_gone(&call->end_task);
    pinion_ref_free(call->options.reply);
    pinion_request_ref_free(call->options.request);
    pinion_payload_unref(call->payload);
    pinion_payload_unref(call->answer.payload);
    if (call->answer.status != call->status)
        free((char *)call->answer.status);
    pinion__actor_unref(call->actor);
    pinion__block_free(call, call->size);
}

static pinion_call *hold(pinion_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

/* ---- the end ---- */

static bool claim(pinion_call *call, enum pinion_call_state state)
{
    int waiting = PINION_CALL_WAITING;
    return atomic_compare_exchange_strong(&call->state, &waiting, (int)state);
}

/* settle() sets `kept` before it looks at the state, which has changed by now: one of the two sees the other.
 */
static void unkeep(pinion_call *call)
{
    if (!atomic_load(&call->kept))
        return;
    struct pinion_actors *actors = call->actor->hub->actors;
    pinion__lock(&actors->lock);
    pinion__list_remove(&call->node);
    pinion__unlock(&actors->lock);
}

static void run_end(struct pinion_task *task)
{
    pinion_call *call = PINION_CONTAINER_OF(task, pinion_call, end_task);
    struct pinion_shard *home = call->home;
    pinion__timer_cancel(&call->timer);
    pinion__call_tell(call);
    pinion__actors_loop(home)->calls--;
    pinion__begun_remove(&home->begun);
    release(call);
}

/* Whoever has claimed the call has this told, on its home. The post cannot fail: begun.h. */
static void end(pinion_call *call)
{
    unkeep(call);
    call->end_task.run = run_end;
    if (pinion__scheduler_is_here(call->home->scheduler))
        pinion__scheduler_defer(call->home->scheduler, &call->end_task);
    else
        (void)pinion__scheduler_post(call->home->scheduler, &call->end_task, 0);
}

static void close_call(pinion_call *call)
{
    if (claim(call, PINION_CALL_CLOSED))
        end(call);
}

static void on_timeout(struct pinion_timer *timer)
{
    pinion_call *call = PINION_CONTAINER_OF(timer, pinion_call, timer);
    if (claim(call, PINION_CALL_TIMED_OUT))
        end(call);
}

/* Why a call cannot be answered any more. */
static int too_late(const pinion_call *call)
{
    return atomic_load(&call->state) == PINION_CALL_ANSWERED
               ? pinion__fail(PINION_EINVAL, "the call has its answer already")
               : pinion__fail(PINION_ECLOSED, "the call has ended without an answer");
}

/* Consumes answer. Its status has a copy: in the call, where whoever has claimed it may write, if it is
 * short. */
static int answer_with(pinion_call *call, pinion_result answer)
{
    size_t size = strlen(answer.status) + 1;
    bool is_short = size <= sizeof call->status;
    char *copy = is_short ? NULL : strdup(answer.status);
    if (!is_short && !copy) {
        pinion_payload_unref(answer.payload);
        return PINION_ENOMEM;
    }
    if (!claim(call, PINION_CALL_ANSWERED)) {
        free(copy);
        pinion_payload_unref(answer.payload);
        return too_late(call);
    }
    call->answer = answer;
    call->answer.status = is_short ? memcpy(call->status, answer.status, size) : copy;
    end(call);
    return 0;
}

void pinion__call_reply(pinion_call *call, pinion_result answer, const char *callback)
{
    int rc = answer_with(call, answer);
    if (rc == PINION_EINVAL)
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "actor %s: %s(%s) returned a reply, but the call has had one: dropped",
                           call->actor->name, callback, call->name);
    else if (rc == PINION_ENOMEM)
        close_call(call);
}

/* ---- users ---- */

pinion_call *pinion__call_use(pinion_call *call)
{
    atomic_fetch_add_explicit(&call->users, 1, memory_order_relaxed);
    return hold(call);
}

void pinion__call_unuse(pinion_call *call)
{
    bool last = atomic_fetch_sub_explicit(&call->users, 1, memory_order_acq_rel) == 1;
    if (last)
        PINION_HELD_GONE(call);
    if (last && claim(call, PINION_CALL_CLOSED)) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "actor %s: handle_call(%s) gave no answer, and nobody is left who could: keep the "
                           "call (pinion_call_ref), or begin work there and answer in its done",
                           call->actor->name, call->name);
        end(call);
    }
    release(call);
}

/* ---- on the actor's loop ---- */

/* The callback has returned: wait for the answer, or let the call end with the actor. */
static void settle(struct pinion_actor *actor, pinion_call *call)
{
    struct pinion_actors *actors = actor->hub->actors;
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        close_call(call);
    pinion__lock(&actors->lock);
    atomic_store(&call->kept, true);
    if (atomic_load(&call->state) == PINION_CALL_WAITING && atomic_load(&call->users) > 1)
        pinion__list_append(&actor->calls, &call->node);
    pinion__unlock(&actors->lock);
}

static void handle(struct pinion_actor *actor, struct pinion_actor_mail *mail)
{
    pinion_call *call = PINION_CONTAINER_OF(mail, pinion_call, mail);
    (void)pinion__call_use(call);
    pinion__actor_handle_call(actor, call, call->name, call->payload);
    if (atomic_load(&call->state) == PINION_CALL_WAITING)
        settle(actor, call);
    pinion__call_unuse(call);
}

/* If nobody has taken it, it ends. */
static void destroy(struct pinion_actor_mail *mail)
{
    pinion_call *call = PINION_CONTAINER_OF(mail, pinion_call, mail);
    if (atomic_load(&call->users) == 0)
        close_call(call);
    release(call);
}

void pinion__calls_end(struct pinion_actor *actor)
{
    struct pinion_actors *actors = actor->hub->actors;
    pinion__lock(&actors->lock);
    while (!pinion__list_empty(&actor->calls)) {
        pinion_call *call = hold(PINION_CONTAINER_OF(actor->calls.next, pinion_call, node));
        pinion__list_remove(&call->node);
        pinion__unlock(&actors->lock);
        close_call(call);
        release(call);
        pinion__lock(&actors->lock);
    }
    pinion__unlock(&actors->lock);
}

/* ---- beginning ---- */

/* The call is at home on this loop from now on: it waits, and the loop with it. False: the loop has ended. */
static bool settle_home(pinion_call *call, struct pinion_shard *home)
{
    if (!pinion__begun_add(&home->begun, true))
        return false;
    call->home = home;
    pinion__actors_loop(home)->calls++;
    uint32_t timeout = call->options.timeout_ms ? call->options.timeout_ms : DEFAULT_TIMEOUT_MS;
    pinion__scheduler_timer(home->scheduler, &call->timer, timeout);
    return true;
}

static void leave_home(pinion_call *call)
{
    pinion__timer_cancel(&call->timer);
    pinion__actors_loop(call->home)->calls--;
    pinion__begun_remove(&call->home->begun);
}

/* Another thread has called: the loop of the actor is the home. If it ends, the end is told at once. */
static void arrive(struct pinion_actor_mail *mail)
{
    pinion_call *call = PINION_CONTAINER_OF(mail, pinion_call, mail);
    if (call->home || settle_home(call, call->actor->shard))
        return;
    (void)claim(call, PINION_CALL_CLOSED);
    call->home = call->actor->shard;
    pinion__call_tell(call);
    release(call);
}

static pinion_call *call_new(struct pinion_actor *actor, const char *name, pinion_payload *payload,
                             const pinion_call_options *options)
{
    size_t len = strlen(name) + 1;
    pinion_call *call = pinion__block_new(sizeof *call + len);
    if (!call)
        return NULL;
    memset(call, 0, sizeof *call);
    call->size = sizeof *call + len;
    atomic_init(&call->kept, false);
    atomic_init(&call->refs, 2);
    atomic_init(&call->users, 0);
    atomic_init(&call->state, PINION_CALL_WAITING);
    pinion__list_init(&call->node);
    pinion__timer_init(&call->timer, on_timeout);
    call->mail =
        (struct pinion_actor_mail){ .needs = true, .arrive = arrive, .handle = handle, .destroy = destroy };
    call->actor = pinion__actor_ref(actor);
    call->options = *options;
    call->payload = payload;
    memcpy(call->name, name, len);
    return call;
}

/* The call could not be made: its refs stay with the caller. */
static void undo(pinion_call *call)
{
    if (call->home)
        leave_home(call);
    call->options.reply = NULL;
    call->options.request = NULL;
    release(call);
    release(call);
}

int pinion__actor_call(struct pinion_actor *actor, const char *name, pinion_payload *payload,
                       const pinion_call_options *options)
{
    size_t len = 0;
    struct pinion_shard *here = pinion__shard_bound();
    pinion_call *call = call_new(actor, name, payload, options);
    if (!call) {
        pinion_payload_unref(payload);
        return PINION_ENOMEM;
    }
    (void)pinion_payload_bytes(payload, &len);
    if (here && here->hub == actor->hub && !settle_home(call, here)) {
        undo(call);
        return PINION_ECLOSED;
    }
    int rc = pinion__actor_mail_send(actor, &call->mail, sizeof *call + strlen(name) + len);
    if (rc)
        undo(call);
    return rc;
}

/* ---- public ---- */

pinion_call *pinion_call_ref(pinion_call *call)
{
    PINION_NEED(call, return NULL);
    (void)pinion__call_use(call);
    PINION_HELD(PINION_HELD_CALL, call, call->actor->scheduler);
    return call;
}

void pinion_call_unref(pinion_call *call)
{
    if (!call)
        return;
    PINION_NEED_HELD(call, return );
    pinion__call_unuse(call);
}

static int answer(pinion_call *call, pinion_result result)
{
    static const char fn[] = "pinion_call_answer";
    bool reply = result.kind == PINION_RESULT_REPLY && result.status;
    int rc = !reply                                                         ? PINION_EINVAL
             : pinion_payload_kind(result.payload) == PINION_PAYLOAD_POISON ? PINION_EPAYLOAD
             : !pinion__utf8_name(result.status, strlen(result.status))     ? PINION_EUTF8
                                                                            : 0;
    if (!rc)
        return answer_with(call, result);
    (void)pinion__actor_refuse(call->actor, fn, call->name, result.payload, rc,
                               reply ? NULL
                                     : "only pinion_ok(), pinion_error() and pinion_reply() are answers");
    pinion_payload_unref(result.payload);
    return rc;
}

int pinion_call_answer(pinion_call *call, pinion_result result)
{
    PINION_CONSUMES(result.payload);
    PINION_NEED(call, return pinion__payload_lost(result.payload));
    PINION_RETURN(answer(call, result));
}

const pinion_ref *pinion_call_from(const pinion_call *call)
{
    PINION_NEED(call, return NULL);
    return call->options.reply;
}
