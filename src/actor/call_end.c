/* How the end of a call is told: to a function, as the reply to a channel's message or join, or as the answer
 * to a request over HTTP. */
#include "actor/call.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/ref.h"
#include "proto/payload.h"

static int status_of(const pinion_call *call)
{
    switch ((enum pinion_call_state)atomic_load(&call->state)) {
    case PINION_CALL_ANSWERED:
        return 0;
    case PINION_CALL_TIMED_OUT:
        return PINION_ETIMEDOUT;
    default:
        return PINION_ECLOSED;
    }
}

static pinion_payload *reason_of(int status)
{
    return pinion_json("{s:s}", "reason", status == PINION_ETIMEDOUT ? "timeout" : "closed");
}

static void call_function(pinion_call *call, int status)
{
    struct pinion_callback callback = { .name = "the end of a call",
                                        .detail = call->name,
                                        .actor = call->actor->name,
                                        .off_loop = "pinion_endpoint_work" };
    pinion__callback_enter(call->home, &callback);
    call->options.done(status, status ? NULL : &call->answer, call->options.data);
    pinion__callback_leave(call->home);
}

/* A client that has gone is no error. */
static void tell_lost(const pinion_call *call, int rc)
{
    if (rc && rc != PINION_ECLOSED)
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "actor %s: the answer to %s cannot be sent: %s",
                           call->actor->name, call->name, pinion__error_sentence(rc));
}

static void reply(const pinion_call *call, pinion_result result)
{
    const pinion_ref *ref = call->options.reply;
    if (ref->answers)
        tell_lost(call, pinion_ref_answer(ref, result));
    else
        tell_lost(call, pinion_ref_reply(ref, result.status, result.payload));
}

static void reply_to_channel(pinion_call *call, int status)
{
    if (status)
        reply(call, pinion_error(reason_of(status)));
    else
        reply(call, pinion_reply(call->answer.status, pinion__payload_ref(call->answer.payload)));
}

static int http_status(const pinion_call *call, int status)
{
    if (status)
        return status == PINION_ETIMEDOUT ? 504 : 503;
    return strcmp(call->answer.status, "ok") == 0 ? 200 : 422;
}

static void answer_request(pinion_call *call, int status)
{
    pinion_request_ref *ref = call->options.request;
    pinion_payload *body = status ? reason_of(status) : pinion__payload_ref(call->answer.payload);
    int code = http_status(call, status);
    if (pinion_payload_kind(body) == PINION_PAYLOAD_BINARY) {
        size_t len;
        const char *bytes = pinion_payload_bytes(body, &len);
        tell_lost(call, pinion_request_ref_answer(ref, code, NULL, bytes, len));
        pinion_payload_unref(body);
    } else {
        tell_lost(call, pinion_request_ref_answer_json(ref, code, body));
    }
}

void pinion__call_tell(pinion_call *call)
{
    int status = status_of(call);
    if (call->options.done)
        call_function(call, status);
    else if (call->options.reply)
        reply_to_channel(call, status);
    else
        answer_request(call, status);
}
