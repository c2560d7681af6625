#include "engine/raw.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/channel_end.h"
#include "engine/handle.h"
#include "engine/mail.h"
#include "engine/rates.h"
#include "engine/send.h"
#include "engine/socket_end.h"
#include "engine/telemetry.h"
#include "engine/who.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>

static struct pinion_channel *channel_of(const struct pinion_socket *socket)
{
    return socket->only;
}

/* ---- the application's callbacks ---- */

/* The result means what it means for a channel. Only a reply is a mistake: there is no message to reply to.
 */
static void outcome(struct pinion_channel *channel, pinion_result result, const char *where)
{
    pinion__channel_outcome(channel, result, NULL, where, NULL);
}

static void call_init(struct pinion_channel *channel)
{
    struct pinion_callback callback = { .name = "init", .kind = PINION_CALLBACK_JOIN, .channel = channel };
    const pinion_raw_socket_def *raw = channel->socket->class->mount->raw;
    if (!raw->init)
        return;
    pinion__callback_enter(channel->socket->shard, &callback);
    pinion_result result = raw->init(channel->socket);
    pinion__callback_leave(channel->socket->shard);
    outcome(channel, result, "init");
}

static void call_handle_in(struct pinion_channel *channel, bool binary, struct pinion_slice bytes)
{
    struct pinion_callback callback = { .name = "handle_in",
                                        .kind = PINION_CALLBACK_HANDLE_IN,
                                        .channel = channel };
    struct pinion_socket *socket = channel->socket;
    const pinion_raw_socket_def *raw = socket->class->mount->raw;
    if (!raw->handle_in)
        return;
    pinion__callback_enter(socket->shard, &callback);
    pinion_result result = raw->handle_in(socket, binary, bytes.ptr ? bytes.ptr : "", bytes.len);
    pinion__callback_leave(socket->shard);
    pinion__telemetry(socket->shard->hub, &callback, socket, &result);
    outcome(channel, result, "handle_in");
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    const pinion_raw_socket_def *raw = channel->socket->class->mount->raw;
    if (raw->handle_info)
        return raw->handle_info(channel->socket, info);
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: no handle_info for the message \"%s\" (%s)",
                       channel->socket->class->mount->path, info->name, PINION_WHO_OF(channel->socket));
    return pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    const pinion_raw_socket_def *raw = channel->socket->class->mount->raw;
    if (raw->terminate)
        raw->terminate(channel->socket, reason);
}

/* Its mount has looked whether there is one. */
static pinion_result drained(pinion_channel *channel)
{
    return channel->socket->class->mount->raw->drained(channel->socket);
}

static const pinion_channel_def raw_channel = { .handle_info = handle_info,
                                                .terminate = terminate,
                                                .drained = drained };

/* ---- opening ---- */

static void free_mail(struct pinion_mail *mail)
{
    free(mail);
}

/* Call init. It waits for the run queue, because the transport opens only after connect has returned. A
 * message may come first. */
static void start(struct pinion_channel *channel)
{
    if (channel->socket->started || channel->socket->state != PINION_SOCKET_OPEN)
        return;
    channel->socket->started = true;
    call_init(channel);
}

static void run_start(struct pinion_channel *channel, struct pinion_mail *mail)
{
    start(channel);
}

static int open_raw(struct pinion_socket *socket)
{
    struct pinion_message none = { 0 };
    struct pinion_mail *mail = calloc(1, sizeof *mail);
    struct pinion_channel *channel =
        mail ? pinion__channel_new(socket, &raw_channel, pinion__slice_str(socket->class->mount->path), &none)
             : NULL;
    if (!channel) {
        free(mail);
        return PINION_ENOMEM;
    }
    channel->state = PINION_CHANNEL_JOINED;
    mail->handle = run_start;
    mail->destroy = free_mail;
    int rc = pinion__mail_deliver(channel, mail);
    channel->joined = !rc; /* without it, init would not be called, and neither is terminate */
    return rc;
}

/* ---- messages ---- */

/* A message that has to wait for work. */
struct raw_mail {
    struct pinion_mail mail;
    bool binary;
    size_t len;
    char bytes[];
};

static void handle_mail(struct pinion_channel *channel, struct pinion_mail *mail)
{
    struct raw_mail *own = PINION_CONTAINER_OF(mail, struct raw_mail, mail);
    call_handle_in(channel, own->binary, pinion__slice(own->bytes, own->len));
}

static void destroy_mail(struct pinion_mail *mail)
{
    free(PINION_CONTAINER_OF(mail, struct raw_mail, mail));
}

/* PINION_ENOMEM. */
static int put_off(struct pinion_channel *channel, bool binary, struct pinion_slice bytes)
{
    struct raw_mail *own = malloc(sizeof *own + bytes.len);
    if (!own)
        return PINION_ENOMEM;
    own->mail = (struct pinion_mail){ .handle = handle_mail,
                                      .destroy = destroy_mail,
                                      .bytes = sizeof *own + bytes.len };
    own->binary = binary;
    own->len = bytes.len;
    if (bytes.len)
        memcpy(own->bytes, bytes.ptr, bytes.len);
    return pinion__mail_deliver(channel, &own->mail);
}

static void receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes)
{
    struct pinion_channel *channel = channel_of(socket);
    if (!binary && !pinion__utf8_valid(bytes.ptr, bytes.len)) {
        PINION_LOG_LIMITED(PINION_LOG_INFO, "socket %s: a text message is not UTF-8: closed (%s)",
                           socket->class->mount->path, PINION_WHO_OF(socket));
        pinion__socket_because(socket, PINION_CAUSE_MALFORMED);
        pinion__socket_close(socket, PINION_CLOSE_BAD_UTF8);
        return;
    }
    start(channel);
    if (socket->state != PINION_SOCKET_OPEN)
        return;
    if (!pinion__rate_message(socket)) {
        PINION_LOG_LIMITED(PINION_LOG_INFO, "socket %s: messages come faster than they may: closed (%s)",
                           socket->class->mount->path, PINION_WHO_OF(socket));
        pinion__socket_because(socket, PINION_CAUSE_RATE);
        pinion__socket_close(socket, PINION_CLOSE_POLICY);
        return;
    }
    if (!pinion__channel_busy(channel) && channel->queued_messages == 0) {
        call_handle_in(channel, binary, bytes);
    } else if (put_off(channel, binary, bytes) != 0) {
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "socket %s: out of memory for a message from the client (%s)",
                           socket->class->mount->path, PINION_WHO_OF(socket));
        pinion__channel_end(channel, PINION_REASON_CRASH);
    }
}

/* ---- the end ---- */

static uint16_t code_of(pinion_reason reason)
{
    switch (reason) {
    case PINION_REASON_NORMAL:
        return PINION_CLOSE_NORMAL;
    case PINION_REASON_SHUTDOWN:
        return PINION_CLOSE_RESTART;
    default:
        return PINION_CLOSE_INTERNAL;
    }
}

static void end_with(struct pinion_socket *socket, pinion_reason reason)
{
    pinion__socket_because(socket, PINION_CAUSE_APPLICATION);
    pinion__socket_close_for(socket, code_of(reason), reason);
}

const struct pinion_socket_kind pinion__raw_kind = {
    .open = open_raw,
    .receive = receive,
    .ended = pinion__channels_end,
    .end_with = end_with,
    .no_push = "a raw socket has no events: use pinion_raw_push",
    .no_broadcast = "a raw socket has no topic: use pinion_endpoint_broadcast",
};

/* ---- public ---- */

pinion_channel *pinion_raw_channel(pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return socket->class->mount->raw ? channel_of(socket) : NULL;
}

/* The error of a push, with its sentence. It is not logged: if the client has gone, the caller made no
 * mistake. */
static int unsent(int code, size_t length)
{
    const char *why = pinion_strerror(code);
    if (code == PINION_ECLOSED)
        why = "the socket is not open, before init or at its end";
    else if (code == PINION_ENOTSUP)
        why = "this client's transport cannot carry binary messages";
    return pinion__fail(code, "pinion_raw_push of %zu bytes: %s", length, why);
}

int pinion_raw_push(pinion_socket *socket, bool binary, const void *bytes, size_t length)
{
    PINION_NEEDED(socket);
    PINION_RULE(bytes || length == 0, return PINION_EINVAL, "bytes is NULL, and length %zu", length);
    PINION_ON_LOOP(socket, return PINION_EINVAL);
    PINION_RULE(socket->class->mount->raw, return PINION_EINVAL,
                "the socket has channels: use pinion_push, or mount it with pinion_endpoint_raw_socket");
    if (socket->state != PINION_SOCKET_OPEN || !socket->started)
        return unsent(PINION_ECLOSED, length);
    if (!binary && !pinion__utf8_valid(bytes, length))
        return unsent(PINION_EUTF8, length);
    pinion_frame *frame = pinion_frame_new(binary, bytes ? bytes : "", length);
    if (frame && socket->class->transport->frame)
        frame = socket->class->transport->frame(frame);
    int rc = frame ? socket->class->transport->send(socket->conn, frame) : PINION_ENOMEM;
    if (rc == PINION_ENOMEM)
        rc = pinion__socket_starved(socket);
    return rc ? unsent(rc, length) : 0;
}
