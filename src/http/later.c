/* Refs of requests: the right to answer a request later, from any thread. The answer travels to the loop in a
 * task, which the ref has itself: so the loop hears even of a ref that is freed when there is no memory.
 *
 *   open --answered, or freed--> used
 *     `--the client goes-------> gone */
#include "base/held.h"
#include "base/log_limit.h"
#include "base/scheduler.h"
#include "http/call.h"
#include "proto/payload.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { OPEN, USED, GONE };

/* What an answer has, until the loop gives it. */
struct answer {
    int status;
    const char *type;
    struct pinion_http_headers headers;
    size_t length;
    char body[];
};

struct pinion_request_ref {
    atomic_uint refs; /* the caller's, or that of the task; and the request's */
    atomic_int state;
    struct pinion_scheduler *scheduler; /* referenced, since the ref may outlive the endpoint */
    pinion_request *request;            /* only the loop reads it; NULL: it is over */
    struct pinion_task task;
    struct answer *answer; /* for the task; NULL: there is none */
    char name[];           /* of the route */
};

/* ---- making one ---- */

static void ref_unref(pinion_request_ref *ref)
{
    if (atomic_fetch_sub_explicit(&ref->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__task_gone(&ref->task);
    pinion__scheduler_unref(ref->scheduler);
    free(ref);
}

/* Go from open to another state. False: it was not open any more. */
static bool leave_open(pinion_request_ref *ref, int state)
{
    int open = OPEN;
    return atomic_compare_exchange_strong(&ref->state, &open, state);
}

/* The request is over. */
static void end_ref(pinion_request *request)
{
    pinion_request_ref *ref = request->ref;
    (void)leave_open(ref, request->answered ? USED : GONE);
    ref->request = NULL;
    request->ref = NULL;
    ref_unref(ref);
}

static int make(pinion_request *request, pinion_request_ref **out)
{
    size_t name = strlen(request->route->name) + 1;
    int rc = pinion__request_open(request);
    if (!rc && request->ref)
        rc = pinion__fail(PINION_EBUSY, "the request has a ref already");
    if (!rc)
        rc = pinion__request_keep(request);
    pinion_request_ref *ref = rc ? NULL : calloc(1, sizeof *ref + name);
    if (!ref)
        return rc ? rc : PINION_ENOMEM;
    atomic_init(&ref->refs, 2);
    atomic_init(&ref->state, OPEN);
    ref->scheduler = pinion__scheduler_ref(request->scheduler);
    ref->request = request;
    memcpy(ref->name, request->route->name, name);
    request->end_ref = end_ref;
    *out = request->ref = ref;
    return 0;
}

pinion_request_ref *pinion_request_ref_new(pinion_request *request)
{
    pinion_request_ref *ref = NULL;
    PINION_NEED(request, return NULL);
    PINION_ON_LOOP_OF_REQUEST(request, return NULL);
    unsigned mark = pinion__error_mark();
    int rc = make(request, &ref);
    if (rc)
        (void)pinion__request_end(request, __func__, mark, rc);
    else
        PINION_HELD(PINION_HELD_REQUEST_REF, ref, ref->scheduler);
    return ref;
}

/* ---- on the loop ---- */

static void answer_free(struct answer *answer)
{
    pinion__http_headers_release(&answer->headers);
    free(answer);
}

/* Without memory for the answer, the client gets 500. */
static void give(pinion_request *request, const struct answer *answer)
{
    int rc = pinion__request_answer(request, answer->status, &answer->headers, answer->type, answer->body,
                                    answer->length);
    if (rc)
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "http: %s: the answer of its ref is lost: %s",
                           request->route->name, pinion_strerror(rc));
}

/* The task holds a reference. If it has no answer, the ref was freed without one. */
static void run(struct pinion_task *task)
{
    pinion_request_ref *ref = PINION_CONTAINER_OF(task, pinion_request_ref, task);
    struct answer *answer = ref->answer;
    pinion_request *request = ref->request;
    if (request && answer)
        give(request, answer);
    if (request) {
        request->ref = NULL; /* it has done what it can */
        ref->request = NULL;
        ref_unref(ref);
        request->mark = pinion__error_mark();
        pinion__request_settle(request);
    }
    if (answer)
        answer_free(answer);
    ref_unref(ref);
}

/* Have the loop told. Errors: the endpoint has stopped. */
static int post(pinion_request_ref *ref, struct answer *answer)
{
    ref->task.run = run;
    ref->answer = answer;
    return pinion__scheduler_post(ref->scheduler, &ref->task, 0);
}

void pinion_request_ref_free(pinion_request_ref *ref)
{
    if (!ref)
        return;
    PINION_NEED_HELD(ref, return );
    PINION_HELD_GONE(ref);
    if (!leave_open(ref, USED) || post(ref, NULL) != 0)
        ref_unref(ref);
}

/* ---- answering ---- */

static int new_answer(struct answer **out, int status, const pinion_header *list, const char *type,
                      struct pinion_slice body)
{
    struct answer *answer = malloc(sizeof *answer + body.len);
    if (!answer)
        return PINION_ENOMEM;
    *answer = (struct answer){ .status = status, .type = type, .length = body.len };
    pinion__http_headers_init(&answer->headers);
    if (body.len)
        memcpy(answer->body, body.ptr, body.len);
    int rc = pinion__request_take(status, list, &answer->headers);
    if (rc)
        answer_free(answer);
    else
        *out = answer;
    return rc;
}

static int check_open(const pinion_request_ref *ref)
{
    switch (atomic_load(&ref->state)) {
    case OPEN:
        return 0;
    case GONE:
        return pinion__fail(PINION_ECLOSED, "the client has gone before its answer");
    default:
        return pinion__fail(PINION_EINVAL, "the request has its answer");
    }
}

static int send_off(pinion_request_ref *ref, struct answer *answer)
{
    if (!leave_open(ref, USED))
        return check_open(ref);
    atomic_fetch_add_explicit(&ref->refs, 1, memory_order_relaxed);
    if (post(ref, answer) == 0)
        return 0;
    ref_unref(ref);
    return pinion__fail(PINION_ECLOSED, "the endpoint has stopped");
}

static int answer_later(pinion_request_ref *ref, int status, const pinion_header *list, const char *type,
                        struct pinion_slice body)
{
    struct answer *answer = NULL;
    int rc = check_open(ref);
    if (!rc)
        rc = new_answer(&answer, status, list, type, body);
    if (rc)
        return rc;
    rc = send_off(ref, answer);
    if (rc)
        answer_free(answer);
    return rc;
}

/* As pinion__request_end. */
static int end(const pinion_request_ref *ref, const char *call, unsigned mark, int code)
{
    code = pinion__error_end(call, mark, code);
    if (code && code != PINION_ECLOSED)
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "http: %s: %s had no effect: %s", ref->name, call,
                           pinion__error_sentence(code));
    return code;
}

int pinion_request_ref_answer(pinion_request_ref *ref, int status, const pinion_header *headers,
                              const void *body, size_t length)
{
    PINION_NEED_HELD(ref, return PINION_EINVAL);
    PINION_RULE(body || length == 0, return PINION_EINVAL, "body is NULL, and length %zu", length);
    unsigned mark = pinion__error_mark();
    return end(ref, __func__, mark, answer_later(ref, status, headers, NULL, pinion__slice(body, length)));
}

static int answer_json(pinion_request_ref *ref, int status, const pinion_payload *payload)
{
    struct pinion_slice text = { NULL, 0 };
    int rc = pinion__request_text(payload, &text);
    return rc ? rc : answer_later(ref, status, NULL, PINION_REQUEST_JSON, text);
}

int pinion_request_ref_answer_json(pinion_request_ref *ref, int status, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(payload));
    unsigned mark = pinion__error_mark();
    int rc = answer_json(ref, status, payload);
    pinion_payload_unref(payload);
    return end(ref, __func__, mark, rc);
}
