/* Raw sockets in the engine. A raw socket has one channel, which is made when it opens, has joined from the
 * start, and ends with it: so that timers, refs, subscriptions and work need no twins. Its definition is the
 * engine's own and calls the application's. */
#ifndef PINION_ENGINE_RAW_H
#define PINION_ENGINE_RAW_H

#include "engine/socket.h"

/* The socket is open: make its channel; init runs when the transport is ready. PINION_ENOMEM. */
int pinion__raw_open(struct pinion_socket *socket);

/* A message came. */
void pinion__raw_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

/* Its channel is to end for this reason, which is the end of the socket. */
void pinion__raw_end(struct pinion_socket *socket, pinion_reason reason);

#endif
