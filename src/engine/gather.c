#include "engine/gather.h"
#include "base/misuse.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include <stdlib.h>

#define MAX_FIRST 64

/* ---- who waits ---- */

static bool make_room(struct pinion_gather *gather)
{
    if (gather->count < gather->max)
        return true;
    size_t max = gather->max ? 2 * gather->max : MAX_FIRST;
    struct pinion_socket **sockets = realloc(gather->sockets, max * sizeof(struct pinion_socket *));
    if (!sockets)
        return false;
    gather->sockets = sockets;
    gather->max = max;
    return true;
}

static void add(struct pinion_gather *gather, struct pinion_socket *socket)
{
    if (gather->count == 0)
        pinion__scheduler_timer(gather->shard->scheduler, &gather->timer, gather->delay_ms);
    gather->sockets[gather->count++] = socket;
    socket->gathered = true;
    socket->holds++;
}

static void send_gathered(struct pinion_socket *socket)
{
    if (socket->state == PINION_SOCKET_OPEN)
        socket->class->transport->send_gathered(socket->conn);
}

void pinion__gather_after_reply(struct pinion_socket *socket)
{
    if (socket->class->mount->options.flush_replies)
        send_gathered(socket);
}

/* Without memory for the list, frames leave as if there were no delay. */
void pinion_transport_gather(pinion_socket *socket)
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    struct pinion_gather *gather = socket->class->gather;
    if (!gather || socket->gathered || socket->state != PINION_SOCKET_OPEN)
        return;
    if (make_room(gather))
        add(gather, socket);
    else
        send_gathered(socket);
}

/* ---- the end of the delay ---- */

/* Sockets that end meanwhile have sent what they had, or dropped it. */
static void on_time(struct pinion_timer *timer)
{
    struct pinion_gather *gather = PINION_CONTAINER_OF(timer, struct pinion_gather, timer);
    for (size_t i = 0; i < gather->count; i++) {
        struct pinion_socket *socket = gather->sockets[i];
        socket->gathered = false;
        send_gathered(socket);
        pinion__socket_unhold(socket);
    }
    gather->count = 0;
}

/* ---- life ---- */

struct pinion_gather *pinion__gather_of(struct pinion_shard *shard, uint32_t delay_ms)
{
    struct pinion_gather *gather = shard->gathers;
    while (gather && gather->delay_ms != delay_ms)
        gather = gather->next;
    if (gather)
        return gather;
    gather = calloc(1, sizeof *gather);
    if (!gather)
        return NULL;
    gather->shard = shard;
    gather->delay_ms = delay_ms;
    gather->next = shard->gathers;
    pinion__timer_init(&gather->timer, on_time);
    shard->gathers = gather;
    return gather;
}

void pinion__gathers_empty(struct pinion_shard *shard)
{
    for (struct pinion_gather *gather = shard->gathers; gather; gather = gather->next) {
        pinion__timer_cancel(&gather->timer);
        while (gather->count > 0)
            pinion__socket_unhold(gather->sockets[--gather->count]);
    }
}

void pinion__gathers_release(struct pinion_shard *shard)
{
    pinion__gathers_empty(shard);
    while (shard->gathers) {
        struct pinion_gather *gather = shard->gathers;
        shard->gathers = gather->next;
        free(gather->sockets);
        free(gather);
    }
}
