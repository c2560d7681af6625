/* What waits for a client is bounded. Whoever does not read what it is sent does without its oldest
 * broadcasts, where its mount says so, and else is closed: here for all transports, which say what waits, and
 * act on their queues (pinion/transport.h). */
#ifndef PINION_ENGINE_ADMIT_H
#define PINION_ENGINE_ADMIT_H

#include "engine/socket.h"

/* As pinion_transport_admit. */
int pinion__socket_admit(struct pinion_socket *socket, const struct pinion_frame *frame, size_t memory);

/* As pinion_socket_queued. */
static inline size_t pinion__socket_queued(const struct pinion_socket *socket)
{
    const struct pinion_transport *transport = socket->class->transport;
    if (socket->state != PINION_SOCKET_OPEN)
        return 0;
    if (transport->queued)
        return transport->queued(socket->conn);
    return transport->waiting ? transport->waiting(socket->conn) : 0;
}

/* As pinion_transport_slow. */
void pinion__socket_slow(struct pinion_socket *socket);

#endif
