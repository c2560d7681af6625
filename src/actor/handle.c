#include "actor/handle.h"
#include "actor/call.h"
#include "actor/work.h"
#include "base/log_limit.h"
#include "base/quote.h"
#include "engine/callback.h"
#include "engine/channel_end.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include "proto/utf8.h"

static struct pinion_callback callback_of(const struct pinion_actor *actor, const char *name,
                                          const char *detail)
{
    return (struct pinion_callback){
        .name = name, .detail = detail, .actor = actor->name, .off_loop = "pinion_actor_work"
    };
}

static void crash(struct pinion_actor *actor, const char *callback, const char *detail, const char *why)
{
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "actor %s: %s%s%s%s crashed: %s", actor->name, callback,
                       detail ? "(" : "", detail ? PINION_QUOTE(pinion__slice_str(detail)) : "",
                       detail ? ")" : "", why);
    pinion__actor_end(actor, PINION_REASON_CRASH);
}

/* NULL: the result is sound. */
static const char *fault(const pinion_result *result, bool replies, const pinion_call *call)
{
    if (replies && !call)
        return "it returned a reply, but there is no call to answer";
    if (replies && !result->status)
        return "the status of its reply is NULL";
    if (replies && !pinion__utf8_name(result->status, strlen(result->status)))
        return "the status of its reply is not UTF-8";
    return result->kind == PINION_RESULT_CRASH ? "pinion_crash()" : NULL;
}

void pinion__actor_outcome(struct pinion_actor *actor, pinion_result result, pinion_call *call,
                           const char *callback, const char *detail)
{
    bool replies = result.kind == PINION_RESULT_REPLY || result.kind == PINION_RESULT_STOP_REPLY;
    bool stops = result.kind == PINION_RESULT_STOP || result.kind == PINION_RESULT_STOP_REPLY;
    PINION_CONSUMES_OF(callback, result.payload);
    const char *why = pinion_payload_kind(result.payload) == PINION_PAYLOAD_POISON
                          ? PINION_POISONED(result.payload)
                          : fault(&result, replies, call);
    if (why || !replies)
        pinion_payload_unref(result.payload);
    else
        pinion__call_reply(call, result, callback);
    if (why)
        crash(actor, callback, detail, why);
    else if (stops)
        pinion__actor_end(actor, pinion__reason_given(result.reason));
}

static bool accepts(const pinion_result *result)
{
    return result->kind == PINION_RESULT_REPLY && result->status && strcmp(result->status, "ok") == 0;
}

bool pinion__actor_init(struct pinion_actor *actor)
{
    struct pinion_callback callback = callback_of(actor, "init", NULL);
    pinion_result result = pinion_ok(NULL);
    actor->state_of_life = PINION_ACTOR_RUNNING;
    if (actor->def->init) {
        pinion__callback_enter(actor->shard, &callback);
        result = actor->def->init(actor, actor->state);
        pinion__callback_leave(actor->shard);
    }
    PINION_CONSUMES_OF("init", result.payload);
    actor->accepted = accepts(&result);
    bool stops = result.kind == PINION_RESULT_STOP || result.kind == PINION_RESULT_REPLY;
    pinion_payload_unref(result.payload);
    if (actor->accepted)
        return true;
    if (stops)
        pinion__actor_end(actor, pinion__reason_given(result.reason));
    else
        crash(actor, "init", NULL,
              result.kind == PINION_RESULT_CRASH
                  ? "pinion_crash()"
                  : "it returned neither pinion_ok() nor pinion_error() nor pinion_stop()");
    return false;
}

void pinion__actor_handle_info(struct pinion_actor *actor, const pinion_info *info)
{
    struct pinion_callback callback = callback_of(actor, "handle_info", info->name);
    if (!actor->def->handle_info) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "actor %s: no handle_info for the message \"%s\"", actor->name,
                           info->name);
        return;
    }
    pinion__callback_enter(actor->shard, &callback);
    pinion_result result = actor->def->handle_info(actor, info);
    pinion__callback_leave(actor->shard);
    pinion__actor_outcome(actor, result, NULL, "handle_info", info->name);
}

void pinion__actor_handle_call(struct pinion_actor *actor, pinion_call *call, const char *name,
                               const pinion_payload *payload)
{
    struct pinion_callback callback = callback_of(actor, "handle_call", name);
    if (!actor->def->handle_call) {
        crash(actor, "handle_call", name, "there is no handle_call");
        return;
    }
    pinion__callback_enter(actor->shard, &callback);
    pinion_result result = actor->def->handle_call(actor, call, name, payload);
    pinion__callback_leave(actor->shard);
    if (result.kind == PINION_RESULT_LATER && pinion__actor_busy(actor))
        pinion__actor_work_answers(actor, call);
    pinion__actor_outcome(actor, result, call, "handle_call", name);
}

void pinion__actor_terminate(struct pinion_actor *actor)
{
    struct pinion_callback callback = callback_of(actor, "terminate", NULL);
    if (!actor->accepted || !actor->def->terminate)
        return;
    pinion__callback_enter(actor->shard, &callback);
    actor->def->terminate(actor, (pinion_reason)actor->reason);
    pinion__callback_leave(actor->shard);
}

void pinion__actor_drop_state(struct pinion_actor *actor)
{
    struct pinion_callback callback = callback_of(actor, "the state's destructor", NULL);
    pinion__callback_enter(actor->shard, &callback);
    do
        pinion_actor_set_state(actor, NULL, NULL);
    while (actor->destroy_state); /* a destructor may set another state */
    pinion__callback_leave(actor->shard);
}

pinion_result pinion__actor_call_done(struct pinion_actor *actor, pinion_actor_done_fn *done, int status,
                                      void *data)
{
    struct pinion_callback callback = callback_of(actor, "done", NULL);
    pinion__callback_enter(actor->shard, &callback);
    pinion_result result = done(actor, status, data);
    pinion__callback_leave(actor->shard);
    return result;
}
