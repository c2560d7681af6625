#include "engine/receive.h"
#include "base/log_limit.h"
#include "engine/channel_end.h"
#include "engine/dispatch.h"
#include "engine/rates.h"
#include "engine/socket_end.h"
#include "engine/who.h"
#include "proto/utf8.h"
#include <assert.h>
#include <stdlib.h>

/* ---- sockets with channels ---- */

/* A ref is JSON text, so two of its bytes may be quotes. */
static bool names_fit(const struct pinion_message *message, size_t max)
{
    return max == PINION_NAME_MAX || (message->topic.len <= max && message->event.len <= max &&
                                      message->ref.len <= max + 2 && message->join_ref.len <= max + 2);
}

static void receive_message(struct pinion_socket *socket, bool binary, struct pinion_slice bytes)
{
    struct pinion_message message = { .memory = NULL };
    struct pinion_message_scratch scratch;
    scratch.max_depth = socket->class->mount->options.max_depth;
    int rc = socket->class->serializer->decode(binary, bytes, &message, &scratch);
    bool fits = rc == 0 && names_fit(&message, socket->class->mount->options.max_name);
    if (fits)
        pinion__dispatch(socket, &message);
    if (rc == 0)
        free(message.memory);
    if (fits)
        return;
    bool bad_text = !binary && !pinion__utf8_valid(bytes.ptr, bytes.len);
    if (socket->state == PINION_SOCKET_OPEN)
        PINION_LOG_LIMITED(PINION_LOG_INFO, "socket %s: a frame is not a message of vsn %s: closed (%s)",
                           socket->class->mount->path, socket->class->serializer->name,
                           PINION_WHO_OF(socket));
    pinion__socket_because(socket, PINION_CAUSE_MALFORMED);
    pinion__socket_close(socket, bad_text ? PINION_CLOSE_BAD_UTF8 : PINION_CLOSE_INTERNAL);
}

const struct pinion_socket_kind pinion__message_kind = {
    .serialized = true,
    .receive = receive_message,
    .ended = pinion__channels_end,
};

/* ---- for the transports ---- */

void pinion__socket_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes)
{
    struct pinion_scheduler *scheduler = socket->shard->scheduler;
    assert(socket->state == PINION_SOCKET_OPEN);
    PINION_TALLY(socket->class->tally, received, 1);
    pinion__socket_seen(socket);
    socket->class->mount->kind->receive(socket, binary, bytes);
    pinion__scheduler_drain(scheduler);
}

void pinion__socket_control(struct pinion_socket *socket)
{
    pinion__socket_seen(socket);
    pinion__rate_spend(socket);
    pinion__rate_overhead(socket);
}
