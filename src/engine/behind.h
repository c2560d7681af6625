/* Clients that are behind, and what is done when they have caught up: `drained` of the definitions. A client
 * is behind from when more than a quarter of max_queue would wait for it, or a push found no room, until
 * nothing waits any more. `admit` sees the one; the transport reports the other (pinion_transport_drained).
 *
 * If all that waits is taken at once, there is nothing that a transport would report. So each client that
 * falls behind is looked at from the run queue: its transport sends what can be sent. If something is left
 * then, the transport waits for the client, and will report.
 *
 * Sockets whose mount has no `drained` never come here. */
#ifndef PINION_ENGINE_BEHIND_H
#define PINION_ENGINE_BEHIND_H

#include "engine/socket.h"

void pinion__behind_init(struct pinion_shard *shard);
void pinion__behind_release(struct pinion_shard *shard);

/* The client is behind. PINION_ENOMEM: that could not be noted, and what would have waited must not. */
int pinion__behind_note(struct pinion_socket *socket);

/* Look at it soon. */
void pinion__behind_look_later(struct pinion_socket *socket);

/* As pinion_transport_drained. */
static inline void pinion__behind_drained(struct pinion_socket *socket)
{
    if (socket->behind)
        pinion__behind_look_later(socket);
}

/* The socket ends. One that waits to be looked at is forgotten then. */
static inline void pinion__behind_end(struct pinion_socket *socket)
{
    if (!socket->behind || socket->due)
        return;
    socket->behind = false;
    socket->shard->behind.count--;
}

#endif
