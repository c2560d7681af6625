#include "engine/join.h"
#include "base/log_limit.h"
#include "engine/audience.h"
#include "engine/callback.h"
#include "engine/channel_end.h"
#include "engine/handle.h"
#include "engine/late_join.h"
#include "engine/mail.h"
#include "engine/refused.h"
#include "engine/reply.h"
#include "engine/socket_channels.h"
#include "engine/telemetry.h"
#include "engine/who.h"
#include "engine/work.h"
#include "proto/payload.h"

static int reply_to_join(struct pinion_channel *channel, struct pinion_slice ref, const char *status,
                         const pinion_payload *payload)
{
    struct pinion_message to = { .ref = ref, .topic = pinion__channel_topic(channel) };
    struct pinion_slice join_ref = pinion__channel_join_ref(channel);
    if (channel->null_join_ref)
        join_ref.len = 0;
    return pinion__socket_reply(channel->socket, &to, join_ref, status, payload);
}

static void close_replaced(struct pinion_socket *socket, struct pinion_slice topic,
                           const struct pinion_replaced *replaced)
{
    if (replaced->any)
        pinion__channel_send_end(socket, topic, replaced->join_ref, false);
}

static void count(const struct pinion_channel *channel, enum pinion_joined outcome)
{
    PINION_TALLY(channel->socket->class->tally, joins[outcome], 1);
}

/* The client is told why, and the channel ends. */
static void turn_down(struct pinion_channel *channel, struct pinion_slice ref,
                      const struct pinion_replaced *replaced, const pinion_payload *reason)
{
    (void)reply_to_join(channel, ref, "error", reason);
    close_replaced(channel->socket, pinion__channel_topic(channel), replaced);
    pinion__channel_end(channel, PINION_REASON_ERROR);
}

static void refuse(struct pinion_channel *channel, struct pinion_slice ref,
                   const struct pinion_replaced *replaced, const pinion_payload *reason)
{
    count(channel, PINION_JOINED_REFUSED);
    turn_down(channel, ref, replaced, reason);
}

static void crash(struct pinion_channel *channel, struct pinion_slice ref,
                  const struct pinion_replaced *replaced, const char *why)
{
    pinion_payload *reason = pinion_json("{s:s}", "reason", "join crashed");
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: join crashed: %s (%s)", channel->topic->name, why,
                       PINION_WHO_OF(channel->socket));
    count(channel, PINION_JOINED_CRASHED);
    turn_down(channel, ref, replaced, reason);
    pinion_payload_unref(reason);
}

static int subscribe(struct pinion_channel *channel)
{
    const struct pinion_audience *audience = pinion__audience(channel->socket, channel->def);
    int rc = audience ? pinion__topic_subscribe(channel->topic, &channel->subscriber) : PINION_ENOMEM;
    if (!rc)
        pinion__topic_reach(&channel->subscriber, channel->socket->conn, audience);
    return rc;
}

static void accept_now(struct pinion_channel *channel, struct pinion_slice ref,
                       const struct pinion_replaced *replaced, const pinion_payload *reply,
                       const pinion_payload *params)
{
    if (subscribe(channel) != 0) {
        crash(channel, ref, replaced, "out of memory");
        return;
    }
    if (reply_to_join(channel, ref, "ok", reply) == PINION_ENOTSUP) {
        pinion__topic_unsubscribe(&channel->subscriber);
        crash(channel, ref, replaced, "its client cannot receive a binary reply");
        return;
    }
    count(channel, PINION_JOINED_OK);
    channel->state = PINION_CHANNEL_JOINED;
    channel->joined = true;
    close_replaced(channel->socket, pinion__channel_topic(channel), replaced);
    pinion__channel_hold(channel); /* after_join may end it */
    pinion__channel_after_join(channel, params);
    pinion__work_release_done(channel);
    pinion__mail_release_inbox(channel);
    pinion__channel_unhold(channel);
}

static int wait_for_topic(struct pinion_channel *channel, struct pinion_slice ref,
                          const struct pinion_replaced *replaced, const pinion_payload *reply,
                          const pinion_payload *params);

static void accept(struct pinion_channel *channel, struct pinion_slice ref,
                   const struct pinion_replaced *replaced, const pinion_payload *reply,
                   const pinion_payload *params)
{
    int rc = wait_for_topic(channel, ref, replaced, reply, params);
    if (!rc)
        accept_now(channel, ref, replaced, reply, params);
    else if (rc != PINION_EPENDING)
        crash(channel, ref, replaced, pinion_strerror(rc));
}

/* Consumes result. */
static void outcome(struct pinion_channel *channel, pinion_result result, struct pinion_slice ref,
                    const struct pinion_replaced *replaced, const pinion_payload *params)
{
    PINION_CONSUMES_OF("join", result.payload);
    if (pinion_payload_kind(result.payload) == PINION_PAYLOAD_POISON)
        crash(channel, ref, replaced, PINION_POISONED(result.payload));
    else if (result.kind == PINION_RESULT_CRASH)
        crash(channel, ref, replaced, "pinion_crash()");
    else if (result.kind != PINION_RESULT_REPLY)
        crash(channel, ref, replaced, "it returned neither pinion_ok() nor pinion_error()");
    else if (!result.status)
        crash(channel, ref, replaced, "the status of its reply is NULL");
    else if (strcmp(result.status, "ok") == 0)
        accept(channel, ref, replaced, result.payload, params);
    else
        refuse(channel, ref, replaced, result.payload);
    pinion_payload_unref(result.payload);
}

static pinion_result call_join(struct pinion_channel *channel, struct pinion_slice ref,
                               const pinion_payload *params)
{
    struct pinion_callback callback = { .name = "join",
                                        .kind = PINION_CALLBACK_JOIN,
                                        .channel = channel,
                                        .answer = pinion__join_answer,
                                        .ref = ref };
    if (!channel->def->join)
        return pinion_ok(NULL);
    pinion__callback_enter(channel->socket->shard, &callback);
    pinion_result result = channel->def->join(channel, channel->topic->name, params);
    pinion__callback_leave(channel->socket->shard);
    if (result.kind == PINION_RESULT_LATER && callback.worked)
        pinion__work_answers(channel);
    if (!pinion__promise_settle(&callback, &result)) {
        pinion__promise_log_broken(channel->socket, channel, "join", NULL);
        result = pinion_crash();
    }
    pinion__telemetry(channel->socket->shard->hub, &callback, channel->socket, &result);
    return result;
}

static void refuse_topic(struct pinion_channel *channel, struct pinion_slice ref,
                         const struct pinion_replaced *replaced)
{
    pinion_payload *reason = pinion_json("{s:s}", "reason", "unavailable");
    pinion__log(PINION_LOG_WARNING,
                "channel %s: join refused: the broker does not let this node subscribe to the topic",
                channel->topic->name);
    refuse(channel, ref, replaced, reason);
    pinion_payload_unref(reason);
}

/* The broker has answered: broadcasts of other nodes on the topic come in from now on, or are not allowed. */
static void topic_is_ready(struct pinion_waiter *waiter, bool allowed)
{
    struct pinion_channel *channel = PINION_CONTAINER_OF(waiter, struct pinion_late_join, waiter)->channel;
    struct pinion_late_join *late = pinion__late_join_take(channel);
    struct pinion_socket *socket = channel->socket;
    socket->holds++;
    if (allowed)
        accept_now(channel, late->ref, &late->replaced, late->reply, late->params);
    else
        refuse_topic(channel, late->ref, &late->replaced);
    pinion__late_join_free(late);
    pinion__socket_unwait(socket);
    pinion__socket_unhold(socket);
}

/* 0: there is nothing to wait for. PINION_EPENDING: the join waits. Else an error. */
static int wait_for_topic(struct pinion_channel *channel, struct pinion_slice ref,
                          const struct pinion_replaced *replaced, const pinion_payload *reply,
                          const pinion_payload *params)
{
    struct pinion_pubsub_loop *loop = &channel->socket->shard->pubsub;
    if (!pinion__pubsub_by_topic(loop->pubsub) || pinion__topic_is_known(channel->topic))
        return 0;
    int rc = pinion__late_join_keep(channel, ref, replaced, params);
    if (rc)
        return rc;
    struct pinion_late_join *late = channel->extra->late_join;
    late->waiter.ready = topic_is_ready;
    rc = pinion__pubsub_await(loop, channel->topic, &late->waiter);
    if (rc == PINION_EPENDING) {
        late->accepted = true;
        late->reply = pinion__payload_ref(reply);
        return rc;
    }
    pinion__late_join_free(pinion__late_join_take(channel));
    pinion__socket_unwait(channel->socket);
    return rc;
}

void pinion__join_answer(void *target, pinion_result result)
{
    struct pinion_channel *channel = target;
    bool answer = result.kind != PINION_RESULT_LATER && result.kind != PINION_RESULT_NOREPLY;
    struct pinion_late_join *late =
        answer && !pinion__late_join_accepted(channel) ? pinion__late_join_take(channel) : NULL;
    if (!late) {
        pinion_payload_unref(result.payload);
        return;
    }
    struct pinion_socket *socket = channel->socket;
    socket->holds++;
    outcome(channel, result, late->ref, &late->replaced, late->params);
    pinion__socket_unwait(socket);
    pinion__socket_unhold(socket);
    pinion__late_join_free(late);
}

/* End the channel that has the topic already. Its join_ref is copied to `keep`, for the phx_close that comes
 * after the reply to the new join. */
static struct pinion_replaced replace(struct pinion_channel *old, char *keep)
{
    struct pinion_replaced replaced = { .any = true };
    replaced.join_ref = pinion__slice(keep, old->null_join_ref ? 0 : old->join_ref_len);
    memcpy(keep, old->join_ref, old->join_ref_len);
    pinion__channel_end(old, PINION_REASON_DUPLICATE);
    return replaced;
}

void pinion__join(struct pinion_socket *socket, const pinion_channel_def *def,
                  const struct pinion_message *message)
{
    char keep[sizeof((struct pinion_message_scratch *)0)->join_ref];
    struct pinion_replaced replaced = { 0 };
    struct pinion_channel *old = pinion__socket_channel(socket, message->topic);

    if (!old && socket->channel_count >= socket->class->mount->options.max_channels) {
        PINION_TALLY(socket->class->tally, joins[PINION_JOINED_LIMITED], 1);
        pinion__socket_reply_error(socket, message, message->join_ref, "too many channels joined");
        return;
    }
    if (old)
        replaced = replace(old, keep);
    struct pinion_channel *channel = pinion__channel_new(socket, def, message->topic, message);
    if (!channel) {
        PINION_TALLY(socket->class->tally, joins[PINION_JOINED_CRASHED], 1);
        pinion__socket_reply_error(socket, message, message->join_ref, "join crashed");
        close_replaced(socket, message->topic, &replaced);
        return;
    }
    pinion_payload params;
    pinion__payload_borrow(&params, message->payload_binary ? PINION_PAYLOAD_BINARY : PINION_PAYLOAD_JSON,
                           message->payload, message->payload_spaced);
    pinion__channel_log(channel, "join", &params);
    if (def->assigns && pinion__assigns_add(&channel->assigns, def->assigns) != 0) {
        crash(channel, message->ref, &replaced, "out of memory");
        pinion__payload_borrow_end(&params);
        return;
    }
    pinion_result result = call_join(channel, message->ref, &params);
    if (result.kind == PINION_RESULT_LATER) {
        if (pinion__late_join_keep(channel, message->ref, &replaced, &params) != 0)
            crash(channel, message->ref, &replaced, "out of memory");
    } else {
        outcome(channel, result, message->ref, &replaced, &params);
    }
    pinion__payload_borrow_end(&params);
}
