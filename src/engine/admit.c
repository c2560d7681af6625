#include "engine/admit.h"
#include "base/log_limit.h"
#include "engine/behind.h"
#include "engine/who.h"

#define DROPPED_AT_ONCE 8 /* of that part of max_queue: so not each frame has to look for one */

/* So many times max_queue may wait. A frame that is larger goes when nothing waits. */
static bool has_room(const struct pinion_socket *socket, size_t memory, size_t times)
{
    size_t waiting = socket->class->transport->waiting(socket->conn);
    return waiting == 0 || (waiting + memory) / times <= socket->class->mount->limits.max_queue;
}

static void drop_broadcasts(const struct pinion_socket *socket, size_t memory)
{
    size_t max = socket->class->mount->limits.max_queue, few = max - max / DROPPED_AT_ONCE;
    PINION_COUNT(socket->shard, skipped,
                 socket->class->transport->drop(socket->conn, few > memory ? few - memory : 0));
}

static bool make_room(const struct pinion_socket *socket, size_t memory)
{
    if (socket->class->transport->flush)
        socket->class->transport->flush(socket->conn); /* a burst within one turn is not yet a slow client */
    if (!has_room(socket, memory, 1) && socket->class->mount->limits.drop_broadcasts &&
        socket->class->transport->drop)
        drop_broadcasts(socket, memory);
    return has_room(socket, memory, 1);
}

/* One that cannot be expected to read now may have more waiting. */
static bool may_wait(const struct pinion_socket *socket, size_t memory)
{
    const struct pinion_transport *transport = socket->class->transport;
    return transport->allowance && has_room(socket, memory, transport->allowance(socket->conn));
}

void pinion__socket_slow(struct pinion_socket *socket)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "%s %s: a client does not read what it is sent, closed (%s)",
                       socket->class->transport->name, socket->class->mount->path, PINION_WHO_OF(socket));
    PINION_COUNT(socket->shard, slow_closed, 1);
    pinion__socket_because(socket, PINION_CAUSE_SLOW);
}

static int decide(struct pinion_socket *socket, const struct pinion_frame *frame, size_t memory)
{
    if (!socket->class->transport->waiting || has_room(socket, memory, 1) || make_room(socket, memory))
        return 0;
    if (frame->droppable && socket->class->mount->limits.drop_broadcasts)
        return PINION_EBUSY;
    if (may_wait(socket, memory))
        return 0;
    if (frame->droppable == PINION_LOSS_FREE)
        return PINION_EBUSY;
    pinion__socket_slow(socket);
    return PINION_ECLOSED;
}

/* More than a quarter of max_queue will wait, or there is no room any more. */
static bool falls_behind(const struct pinion_socket *socket, int decided, size_t memory)
{
    const struct pinion_mount *mount = socket->class->mount;
    if (!mount->drains || decided == PINION_ECLOSED)
        return false;
    return decided || pinion__socket_queued(socket) + memory > mount->limits.ask_above;
}

int pinion__socket_admit(struct pinion_socket *socket, const struct pinion_frame *frame, size_t memory)
{
    int decided = decide(socket, frame, memory);
    int noted = falls_behind(socket, decided, memory) ? pinion__behind_note(socket) : 0;
    return noted ? noted : decided;
}
