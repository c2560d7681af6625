#include "engine/socket_end.h"
#include "engine/behind.h"
#include "engine/channel.h"
#include "engine/rates.h"
#include "engine/socket_channels.h"
#include "engine/socket_extra.h"
#include "engine/sweep.h"
#include <assert.h>

/* Have no fan-out reach the client any more. */
static void unreach(const struct pinion_socket *socket)
{
    for (uint32_t i = 0; i < pinion__socket_buckets(socket); i++) {
        for (const struct pinion_channel *channel = pinion__socket_bucket(socket, i); channel;
             channel = channel->next)
            pinion__topic_reach(&channel->subscriber, NULL, NULL);
    }
}

/* This is deferred, because the end may come in the middle of a fan-out, whose topic must not change, or of a
 * callback. */
static void finish_end(struct pinion_task *task)
{
    struct pinion_socket *socket = PINION_CONTAINER_OF(task, struct pinion_socket, end_task);
    socket->class->mount->kind->ended(socket);
    pinion__socket_unhold(socket);
}

void pinion__socket_ended(struct pinion_socket *socket, pinion_reason reason)
{
    assert(socket->state != PINION_SOCKET_ENDED);
    pinion__tally_end(socket);
    socket->state = PINION_SOCKET_ENDED;
    socket->reason = (uint8_t)reason;
    socket->conn = NULL;
    pinion__behind_end(socket);
    pinion__rates_stop(socket);
    unreach(socket);
    pinion__sweep_remove(socket);
    pinion__socket_anchor_end(socket);
    socket->end_task.run = finish_end;
    pinion__scheduler_defer(socket->shard->scheduler, &socket->end_task);
}

void pinion__socket_close_for(struct pinion_socket *socket, uint16_t code, pinion_reason reason)
{
    void *conn = socket->conn;
    if (socket->state == PINION_SOCKET_ENDED)
        return;
    pinion__socket_ended(socket, reason);
    socket->class->transport->close(conn, code);
}

void pinion__socket_close(struct pinion_socket *socket, uint16_t code)
{
    pinion__socket_close_for(socket, code, PINION_REASON_CLOSED);
}
