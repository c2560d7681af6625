#include "engine/ref.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/channel.h"
#include "engine/here.h"
#include "engine/info.h"
#include "engine/refused.h"
#include "engine/reply.h"
#include "engine/socket_extra.h"
#include "engine/who.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>

/* ---- making one ---- */

static void ref_release(pinion_ref *ref)
{
    PINION_HELD_GONE(ref);
    pinion__promise_unref(ref->promise);
    pinion__anchor_unref(ref->channel);
    pinion__anchor_unref(ref->socket);
    if (ref->scheduler)
        pinion__scheduler_unref(ref->scheduler);
    free(ref);
}

static struct pinion_slice put(char **end, struct pinion_slice from)
{
    struct pinion_slice to = pinion__slice(*end, from.len);
    if (from.len)
        memcpy(*end, from.ptr, from.len);
    *end += from.len;
    return to;
}

/* Returns NULL, and says why for pinion_error_detail(). */
static pinion_ref *no_ref(int code)
{
    (void)pinion__fail(code, "a ref cannot be made: %s", pinion_strerror(code));
    return NULL;
}

static pinion_ref *ref_new(struct pinion_socket *socket, struct pinion_channel *channel,
                           struct pinion_slice message_ref)
{
    struct pinion_slice topic = { NULL, 0 }, join_ref = { NULL, 0 };
    if (channel) {
        topic = pinion__channel_topic(channel);
        join_ref = pinion__channel_join_ref(channel);
    }
    pinion_ref *ref = calloc(1, sizeof *ref + topic.len + join_ref.len + message_ref.len);
    if (!ref)
        return no_ref(PINION_ENOMEM);
    char *end = ref->text;
    ref->topic = put(&end, topic);
    ref->join_ref = put(&end, join_ref);
    ref->ref = put(&end, message_ref);
    ref->scheduler = pinion__scheduler_ref(socket->shard->scheduler);
    ref->socket = pinion__socket_anchor(socket);
    if (channel)
        ref->channel = pinion__channel_anchor(channel);
    if (ref->socket && (ref->channel || !channel))
        return ref;
    bool ended = channel ? channel->state == PINION_CHANNEL_ENDED : socket->state == PINION_SOCKET_ENDED;
    ref_release(ref);
    return no_ref(ended ? PINION_ECLOSED : PINION_ENOMEM);
}

/* Give the ref the promise of a callback that owes an answer. NULL when out of memory: the ref is freed. */
static pinion_ref *with_promise(pinion_ref *ref, struct pinion_socket *socket,
                                struct pinion_callback *callback)
{
    if (!ref->answers && !ref->replies)
        return ref;
    ref->promise = pinion__promise_get(socket, callback);
    if (ref->promise)
        return ref;
    ref_release(ref);
    return no_ref(PINION_ENOMEM);
}

pinion_ref *pinion_ref_new(pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_ON_LOOP_OF(channel, return NULL);
    struct pinion_callback *callback = channel->socket->shard->callback;
    bool current = callback && callback->channel == channel, replies = current && callback->message;
    pinion_ref *ref = ref_new(channel->socket, channel, replies ? callback->ref : (struct pinion_slice){ 0 });
    if (!ref)
        return NULL;
    ref->subscriber = channel->id;
    ref->answers = current && callback->answer;
    ref->replies = replies;
    ref = with_promise(ref, channel->socket, callback);
    if (ref)
        PINION_HELD(PINION_HELD_REF, ref, ref->scheduler);
    return ref;
}

pinion_ref *pinion_ref_new_socket(pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_ON_LOOP(socket, return NULL);
    struct pinion_callback *callback = socket->shard->callback;
    pinion_ref *ref = ref_new(socket, NULL, (struct pinion_slice){ 0 });
    if (!ref)
        return NULL;
    ref->answers = callback && callback->socket == socket && socket->state == PINION_SOCKET_CONNECTING;
    ref = with_promise(ref, socket, callback);
    if (ref)
        PINION_HELD(PINION_HELD_REF, ref, ref->scheduler);
    return ref;
}

void pinion_ref_free(pinion_ref *ref)
{
    if (!ref)
        return;
    PINION_NEED_HELD(ref, return );
    ref_release(ref);
}

uint64_t pinion__ref_subscriber(const pinion_ref *ref)
{
    return ref ? ref->subscriber : 0;
}

/* ---- refused calls ---- */

#define NO_CHANNEL "the ref is of a socket, and not of a channel: make it with pinion_ref_new"

static int refuse(const pinion_ref *ref, const char *call, const char *name, const pinion_payload *payload,
                  int code, const char *why)
{
    return pinion__refuse(
        &(struct pinion_refused){
            .call = call, .name = name, .topic = ref->topic, .of_ref = true, .payload = payload, .why = why },
        code);
}

/* The error of a call that could not be posted, with its sentence; 0 gives 0. */
static int unsent(const pinion_ref *ref, const char *call, int code)
{
    const char *full = code == PINION_EBUSY ? "the mailbox of its loop is full (max_mailbox)" : NULL;
    if (!code)
        return 0;
    if (full) /* who does not look at the error loses messages */
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "channel %.*s: %s: a message is lost: %s", (int)ref->topic.len,
                           ref->topic.ptr, call, full);
    return pinion__fail(code, "%s for %s: %s", call, ref->topic.len ? PINION_QUOTE(ref->topic) : "a socket",
                        full                     ? full
                        : code == PINION_ECLOSED ? "the endpoint has stopped"
                                                 : pinion_strerror(code));
}

/* ---- send ---- */

struct send_task {
    struct pinion_task task;
    struct pinion_anchor *channel;
    struct pinion_mail *mail;
};

static void run_send(struct pinion_task *task)
{
    struct send_task *own = PINION_CONTAINER_OF(task, struct send_task, task);
    struct pinion_channel *channel = own->channel->target;
    if (!channel)
        own->mail->destroy(own->mail);
    else if (pinion__mail_deliver(channel, own->mail) != 0)
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: a message to its ref finds no memory (%s)",
                           channel->topic->name, PINION_WHO_OF(channel->socket));
    pinion__anchor_unref(own->channel);
    free(own);
}

/* Takes the mail, on failure too; `bytes` is its memory. */
static int send_mail(const pinion_ref *ref, struct pinion_mail *mail, size_t bytes)
{
    struct send_task *own = mail ? malloc(sizeof *own) : NULL;
    if (!own) {
        if (mail)
            mail->destroy(mail);
        return PINION_ENOMEM;
    }
    *own =
        (struct send_task){ .task.run = run_send, .channel = pinion__anchor_ref(ref->channel), .mail = mail };
    int rc = pinion__scheduler_post(ref->scheduler, &own->task, sizeof *own + bytes);
    if (rc) {
        mail->destroy(mail);
        pinion__anchor_unref(own->channel);
        free(own);
    }
    return rc;
}

int pinion_ref_send(const pinion_ref *ref, const char *name, pinion_payload *payload)
{
    size_t len = 0;
    PINION_CONSUMES(payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    payload = pinion__payload_or_empty(payload);
    bool poison = pinion_payload_kind(payload) == PINION_PAYLOAD_POISON;
    if (poison || !ref->channel) {
        int rc = refuse(ref, "pinion_ref_send", name, payload, poison ? PINION_EPAYLOAD : PINION_EINVAL,
                        poison ? NULL : NO_CHANNEL);
        pinion_payload_unref(payload);
        return rc;
    }
    (void)pinion_payload_bytes(payload, &len);
    struct pinion_mail *mail = pinion__mail_info(name, payload, NULL, NULL);
    return unsent(ref, "pinion_ref_send", send_mail(ref, mail, pinion__mail_info_memory(name) + len));
}

/* The call failed: destroy its data. */
static int lost(void *data, void (*destroy)(void *))
{
    if (destroy)
        destroy(data);
    return PINION_EINVAL;
}

int pinion_ref_send_data(const pinion_ref *ref, const char *name, void *data, void (*destroy)(void *))
{
    PINION_NEED_HELD(ref, return lost(data, destroy));
    PINION_NEED(name, return lost(data, destroy));
    if (!ref->channel) {
        (void)lost(data, destroy);
        return refuse(ref, "pinion_ref_send_data", name, NULL, PINION_EINVAL, NO_CHANNEL);
    }
    struct pinion_mail *mail = pinion__mail_info(name, NULL, data, destroy);
    return unsent(ref, "pinion_ref_send_data", send_mail(ref, mail, pinion__mail_info_memory(name)));
}

/* ---- reply and answer ---- */

/* Carries a result to the loop. `text` holds what the slices point to. */
struct result_task {
    struct pinion_task task;
    struct pinion_anchor *target;
    pinion_answer_fn *answer; /* takes the result, unless it is a reply */
    pinion_result result;
    struct pinion_slice topic;
    struct pinion_slice join_ref;
    struct pinion_slice ref;
    char text[];
};

static struct result_task *result_task_new(const pinion_ref *ref, pinion_result result)
{
    const char *status = result.status ? result.status : "";
    size_t status_len = strlen(status) + 1;
    size_t len = ref->topic.len + ref->join_ref.len + ref->ref.len + status_len;
    struct result_task *own = calloc(1, sizeof *own + len);
    if (!own)
        return NULL;
    char *end = own->text;
    own->topic = put(&end, ref->topic);
    own->join_ref = put(&end, ref->join_ref);
    own->ref = put(&end, ref->ref);
    own->result = result;
    own->result.status = memcpy(end, status, status_len);
    return own;
}

static void result_task_free(struct result_task *own)
{
    pinion__anchor_unref(own->target);
    free(own);
}

/* Consumes result. */
static int post_result(const pinion_ref *ref, pinion_result result, struct pinion_anchor *target,
                       void (*run)(struct pinion_task *))
{
    struct result_task *own = result_task_new(ref, result);
    int rc = PINION_ENOMEM;
    if (own) {
        own->task.run = run;
        own->target = pinion__anchor_ref(target);
        own->answer = pinion__promise_taker(ref->promise);
        rc = pinion__scheduler_post(ref->scheduler, &own->task, 0);
        if (rc)
            result_task_free(own);
    }
    if (rc)
        pinion_payload_unref(result.payload);
    return rc;
}

/* Does not consume payload. */
static int send_reply(struct pinion_socket *socket, struct pinion_slice topic, struct pinion_slice join_ref,
                      struct pinion_slice ref, const char *status, const pinion_payload *payload)
{
    struct pinion_message to = { .ref = ref, .topic = topic };
    return socket ? pinion__socket_reply(socket, &to, join_ref, status, payload) : PINION_ECLOSED;
}

static void run_reply(struct pinion_task *task)
{
    struct result_task *own = PINION_CONTAINER_OF(task, struct result_task, task);
    (void)send_reply(own->target->target, own->topic, own->join_ref, own->ref, own->result.status,
                     own->result.payload);
    pinion_payload_unref(own->result.payload);
    result_task_free(own);
}

/* On the socket's own loop a reply leaves at once, in order with what is pushed and broadcast there. */
static int reply_now(const pinion_ref *ref, const char *status, pinion_payload *payload)
{
    int rc = send_reply(ref->socket->target, ref->topic, ref->join_ref, ref->ref, status, payload);
    pinion_payload_unref(payload);
    return rc == PINION_ECLOSED ? 0 : rc; /* a client that has gone is no error, just as when it is posted */
}

/* 0: this call may give the reply. */
static int claim_reply(const pinion_ref *ref, const char *status, const pinion_payload *payload)
{
    static const char call[] = "pinion_ref_reply";
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return refuse(ref, call, status, payload, PINION_EPAYLOAD, NULL);
    if (!pinion__utf8_name(status, strlen(status)))
        return refuse(ref, call, status, NULL, PINION_EUTF8, NULL);
    if (!ref->replies)
        return refuse(ref, call, status, NULL, PINION_EINVAL,
                      "the ref was not made for a message: make it in handle_in");
    if (!pinion__promise_claim(ref->promise))
        return refuse(ref, call, status, NULL, PINION_EINVAL,
                      "the message has had its reply: a second reply to one message is dropped");
    return 0;
}

int pinion_ref_reply(const pinion_ref *ref, const char *status, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(payload));
    PINION_NEED(status, return pinion__payload_lost(payload));
    int rc = claim_reply(ref, status, payload);
    if (rc) {
        pinion_payload_unref(payload);
        return rc;
    }
    if (pinion__scheduler_is_here(ref->scheduler))
        rc = reply_now(ref, status, payload);
    else
        rc = post_result(ref, pinion_reply(status, payload), ref->socket, run_reply);
    if (rc)
        pinion__promise_unclaim(ref->promise);
    return unsent(ref, "pinion_ref_reply", rc);
}

static void run_answer(struct pinion_task *task)
{
    struct result_task *own = PINION_CONTAINER_OF(task, struct result_task, task);
    void *target = own->target->target;
    if (target)
        own->answer(target, own->result);
    else
        pinion_payload_unref(own->result.payload);
    result_task_free(own);
}

int pinion_ref_answer(const pinion_ref *ref, pinion_result result)
{
    PINION_CONSUMES(result.payload);
    PINION_NEED_HELD(ref, return pinion__payload_lost(result.payload));
    bool answer = result.kind != PINION_RESULT_LATER && result.kind != PINION_RESULT_NOREPLY;
    if (!ref->answers || !answer) {
        pinion_payload_unref(result.payload);
        return refuse(ref, "pinion_ref_answer", NULL, NULL, PINION_EINVAL,
                      ref->answers ? "pinion_later() and pinion_noreply() are not answers"
                                   : "the ref was made neither in a join nor in a connect");
    }
    if (!pinion__promise_claim(ref->promise)) {
        pinion_payload_unref(result.payload);
        return 0;
    }
    int rc = post_result(ref, result, ref->channel ? ref->channel : ref->socket, run_answer);
    if (rc)
        pinion__promise_unclaim(ref->promise);
    return unsent(ref, "pinion_ref_answer", rc);
}
