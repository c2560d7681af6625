#include "engine/handle.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/channel_end.h"
#include "engine/clause.h"
#include "engine/known.h"
#include "engine/log_params.h"
#include "engine/refused.h"
#include "engine/reply.h"
#include "engine/telemetry.h"
#include "engine/who.h"
#include "engine/work.h"
#include "proto/payload.h"
#include "proto/utf8.h"

/* `detail` is the event, or what else the callback was for. It may be empty (ptr NULL). */
static void crash(struct pinion_channel *channel, const char *callback, struct pinion_slice detail,
                  const char *why)
{
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: %s%s%s%s crashed: %s (%s)", channel->topic->name,
                       callback, detail.ptr ? "(" : "", detail.ptr ? PINION_QUOTE(detail) : "",
                       detail.ptr ? ")" : "", why, PINION_WHO_OF(channel->socket));
    pinion__channel_end(channel, PINION_REASON_CRASH);
}

void pinion__channel_log(const struct pinion_channel *channel, const char *what,
                         const pinion_payload *payload)
{
    char params[PINION_LOG_PARAMS_MAX];
    if (!pinion__log_enabled(PINION_LOG_DEBUG))
        return;
    pinion__log_params(params, payload, channel->socket->shard->hub->filter);
    pinion__log(PINION_LOG_DEBUG, "channel %s: %s %s", channel->topic->name, what, params);
}

static void reply(struct pinion_channel *channel, const pinion_result *result, struct pinion_slice ref,
                  const char *callback, struct pinion_slice what)
{
    int rc = pinion__channel_reply(channel, ref, result->status, result->payload);
    if (rc && rc != PINION_ECLOSED)
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: the reply of %s(%s) cannot be sent: %s (%s)",
                           channel->topic->name, callback, PINION_QUOTE(what), pinion_strerror(rc),
                           PINION_WHO_OF(channel->socket));
}

void pinion__channel_outcome(struct pinion_channel *channel, pinion_result result,
                             const struct pinion_slice *ref, const char *callback, const char *detail)
{
    struct pinion_slice what = pinion__slice_str(detail);
    bool replies = result.kind == PINION_RESULT_REPLY || result.kind == PINION_RESULT_STOP_REPLY;

    PINION_CONSUMES_OF(callback, result.payload);
    if (pinion_payload_kind(result.payload) == PINION_PAYLOAD_POISON) {
        crash(channel, callback, what, PINION_POISONED(result.payload));
    } else if (replies && ref && !result.status) {
        crash(channel, callback, what, "the status of its reply is NULL");
    } else if (replies && ref && !pinion__utf8_name(result.status, strlen(result.status))) {
        crash(channel, callback, what, "the status of its reply is not UTF-8");
    } else if (replies && !ref) {
        crash(channel, callback, what, "it returned a reply, but there is no message to reply to");
    } else if (result.kind == PINION_RESULT_CRASH) {
        crash(channel, callback, what, "pinion_crash()");
    } else {
        if (replies)
            reply(channel, &result, *ref, callback, what);
        if (result.kind == PINION_RESULT_STOP || result.kind == PINION_RESULT_STOP_REPLY)
            pinion__channel_end(channel, pinion__reason_given(result.reason));
    }
    pinion_payload_unref(result.payload);
}

static pinion_result call_clause(struct pinion_channel *channel, pinion_event_fn *fn, const char *event,
                                 const pinion_payload *payload, struct pinion_callback *callback)
{
    struct pinion_shard *shard = channel->socket->shard;
    pinion__callback_enter(shard, callback);
    pinion_result result = fn(channel, event, payload);
    pinion__callback_leave(shard);
    return result;
}

static void handle_event(struct pinion_channel *channel, const pinion_clause *clause,
                         const struct pinion_message *message)
{
    char event[PINION_NAME_MAX + 1];
    struct pinion_callback running = { .name = "handle_in",
                                       .kind = PINION_CALLBACK_HANDLE_IN,
                                       .detail = event,
                                       .channel = channel,
                                       .message = true,
                                       .ref = message->ref };
    pinion_payload payload;

    memcpy(event, message->event.ptr, message->event.len);
    event[message->event.len] = '\0';
    pinion__payload_borrow(&payload, message->payload_binary ? PINION_PAYLOAD_BINARY : PINION_PAYLOAD_JSON,
                           message->payload, message->payload_spaced);
    pinion__channel_log(channel, event, &payload);
    pinion_result result = call_clause(channel, clause->fn, event, &payload, &running);
    if (result.kind == PINION_RESULT_LATER && running.worked)
        pinion__work_answers(channel);
    if (!pinion__promise_settle(&running, &result))
        pinion__promise_log_broken(channel->socket, channel, "handle_in", event);
    pinion__telemetry(channel->socket->shard->hub, &running, channel->socket, &result);
    pinion__channel_outcome(channel, result, &message->ref, "handle_in", event);
    pinion__payload_borrow_end(&payload);
}

void pinion__channel_handle_in(struct pinion_channel *channel, const struct pinion_message *message)
{
    if (!message->event_invalid && pinion__slice_is(message->event, "phx_leave")) {
        (void)pinion__channel_reply(channel, message->ref, "ok", NULL);
        pinion__channel_end(channel, PINION_REASON_LEFT);
        return;
    }
    static const struct pinion_slice no_event = { "", 0 };
    const pinion_clause *clause =
        message->event_invalid ? NULL : pinion__clause_find(channel->def->handle_in, message->event);
    if (clause)
        handle_event(channel, clause, message);
    else
        crash(channel, "handle_in", message->event_invalid ? no_event : message->event,
              "no clause takes the event");
}

void pinion__channel_handle_out(struct pinion_channel *channel, const pinion_clause *clause,
                                const char *event, const pinion_payload *payload)
{
    struct pinion_callback running = { .name = "handle_out",
                                       .kind = PINION_CALLBACK_HANDLE_OUT,
                                       .detail = event,
                                       .channel = channel,
                                       .out = true };
    pinion_result result = call_clause(channel, clause->fn, event, payload, &running);
    pinion__channel_outcome(channel, result, NULL, "handle_out", event);
}

void pinion__channel_intercept(struct pinion_channel *channel, const pinion_clause *clause,
                               struct pinion_broadcast *broadcast)
{
    uint64_t known = pinion__channel_knows(channel, broadcast);
    struct pinion_broadcast *rest = pinion__broadcast_rest(broadcast, known);
    if (!rest)
        return;
    pinion_payload *view = pinion__payload_view(rest->payload);
    pinion__channel_handle_out(channel, clause, rest->event.ptr, view);
    pinion_payload_unref(view);
    pinion__broadcast_unref(rest);
}

void pinion__channel_handle_info(struct pinion_channel *channel, const pinion_info *info)
{
    struct pinion_callback running = {
        .name = "handle_info", .kind = PINION_CALLBACK_HANDLE_INFO, .detail = info->name, .channel = channel
    };
    if (!channel->def->handle_info) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "channel %s: no handle_info for the message \"%s\" (%s)",
                           channel->topic->name, info->name, PINION_WHO_OF(channel->socket));
        return;
    }
    pinion__callback_enter(channel->socket->shard, &running);
    pinion_result result = channel->def->handle_info(channel, info);
    pinion__callback_leave(channel->socket->shard);
    pinion__channel_outcome(channel, result, NULL, "handle_info", info->name);
}

void pinion__channel_drained(struct pinion_channel *channel)
{
    struct pinion_callback running = { .name = "drained", .channel = channel };
    pinion__callback_enter(channel->socket->shard, &running);
    pinion_result result = channel->def->drained(channel);
    pinion__callback_leave(channel->socket->shard);
    pinion__channel_outcome(channel, result, NULL, "drained", NULL);
}

void pinion__channel_after_join(struct pinion_channel *channel, const pinion_payload *params)
{
    struct pinion_callback running = { .name = "after_join",
                                       .kind = PINION_CALLBACK_JOIN,
                                       .channel = channel };
    if (!channel->def->after_join)
        return;
    pinion__callback_enter(channel->socket->shard, &running);
    pinion_result result = channel->def->after_join(channel, params);
    pinion__callback_leave(channel->socket->shard);
    pinion__channel_outcome(channel, result, NULL, "after_join", NULL);
}
