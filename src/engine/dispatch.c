/* What one message from a client is for. The protocol says in which order the rules apply. */
#include "engine/dispatch.h"
#include "base/log_limit.h"
#include "engine/channel_end.h"
#include "engine/handle.h"
#include "engine/join.h"
#include "engine/mail_kinds.h"
#include "engine/rates.h"
#include "engine/reply.h"
#include "engine/socket_channels.h"
#include "engine/who.h"

static const struct pinion_slice null_ref = { NULL, 0 };

static void reply_unmatched(struct pinion_socket *socket, const struct pinion_message *message)
{
    pinion__socket_reply_error(socket, message, null_ref, "unmatched topic");
}

/* A message for an earlier channel of this topic carries the earlier join_ref: drop it. After a join with a
 * null join_ref a client may go on with null, or with the join_ref that the channel's own frames carry. */
static bool is_stale(const struct pinion_channel *channel, const struct pinion_message *message)
{
    if (message->join_ref.len == 0)
        return false;
    return !pinion__slice_eq(message->join_ref, pinion__channel_join_ref(channel));
}

static void reply_rate_limited(struct pinion_socket *socket, const struct pinion_message *message,
                               struct pinion_slice join_ref)
{
    pinion__socket_reply_error(socket, message, join_ref, "rate limited");
    pinion__rate_overhead(socket);
}

/* A leave costs nothing: the join before it was counted. */
static bool comes_too_fast(struct pinion_channel *channel, const struct pinion_message *message)
{
    if (!message->event_invalid && pinion__slice_is(message->event, "phx_leave"))
        return false;
    return !pinion__rate_message(channel->socket) || !pinion__rate_channel_message(channel);
}

static void to_channel(struct pinion_channel *channel, const struct pinion_message *message)
{
    if (is_stale(channel, message)) {
        pinion__rate_spend(channel->socket);
        pinion__rate_overhead(channel->socket);
        return;
    }
    if (comes_too_fast(channel, message)) {
        reply_rate_limited(channel->socket, message, pinion__channel_join_ref(channel));
        return;
    }
    if (!pinion__channel_busy(channel) && channel->queued_messages == 0) {
        pinion__channel_handle_in(channel, message);
    } else if (pinion__mail_message(channel, message) != 0) {
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: out of memory for a message from the client (%s)",
                           channel->topic->name, PINION_WHO_OF(channel->socket));
        pinion__channel_end(channel, PINION_REASON_CRASH);
    }
}

/* No channel takes the message. It is counted, since it takes our time. */
static void to_nobody(struct pinion_socket *socket, const struct pinion_message *message)
{
    if (!pinion__rate_message(socket)) {
        reply_rate_limited(socket, message, null_ref);
        return;
    }
    if (!message->event_invalid && pinion__slice_is(message->event, "phx_leave"))
        (void)pinion__socket_reply(socket, message, message->join_ref, "ok", NULL);
    else
        reply_unmatched(socket, message);
    pinion__rate_overhead(socket);
}

/* A heartbeat is always answered: a client that has used up its rate is alive too. */
static void heartbeat(struct pinion_socket *socket, const struct pinion_message *message)
{
    (void)pinion__socket_reply(socket, message, null_ref, "ok", NULL);
    pinion__rate_spend(socket);
    pinion__rate_overhead(socket);
}

static void join_unmatched(struct pinion_socket *socket, const struct pinion_message *message)
{
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: no route for the topic %s (%s)",
                       socket->class->mount->path, PINION_QUOTE(message->topic), PINION_WHO_OF(socket));
    PINION_TALLY(socket->class->tally, joins[PINION_JOINED_UNMATCHED], 1);
    reply_unmatched(socket, message);
    pinion__rate_overhead(socket);
}

static void refuse_join(struct pinion_socket *socket, const struct pinion_message *message)
{
    PINION_TALLY(socket->class->tally, joins[PINION_JOINED_LIMITED], 1);
    reply_rate_limited(socket, message, message->join_ref);
}

static void join(struct pinion_socket *socket, const struct pinion_message *message)
{
    const pinion_channel_def *def =
        message->topic_invalid ? NULL : pinion__routes_find(&socket->class->mount->routes, message->topic);
    if (!pinion__rate_join(socket))
        refuse_join(socket, message);
    else if (def)
        pinion__join(socket, def, message);
    else
        join_unmatched(socket, message);
}

void pinion__dispatch(struct pinion_socket *socket, const struct pinion_message *message)
{
    bool named = !message->topic_invalid && !message->event_invalid;
    if (named && pinion__slice_is(message->topic, "phoenix") &&
        pinion__slice_is(message->event, "heartbeat")) {
        heartbeat(socket, message);
        return;
    }
    if (!message->event_invalid && pinion__slice_is(message->event, "phx_join")) {
        join(socket, message);
        return;
    }
    struct pinion_channel *channel =
        message->topic_invalid ? NULL : pinion__socket_channel(socket, message->topic);
    if (channel)
        to_channel(channel, message);
    else
        to_nobody(socket, message);
}
