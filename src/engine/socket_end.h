/* The end of a socket. Either side may end it, once. */
#ifndef PINION_ENGINE_SOCKET_END_H
#define PINION_ENGINE_SOCKET_END_H

#include "engine/socket.h"

/* For transports: the connection is over, or the transport is about to close it. The reason is
 * PINION_REASON_CLOSED or _INACTIVE. From here on nothing reaches the client. */
void pinion__socket_ended(struct pinion_socket *socket, pinion_reason reason);

/* For the engine: close the socket with this code. Harmless when it has ended. */
void pinion__socket_close(struct pinion_socket *socket, uint16_t code);

/* The same, where terminate of its channels gets this reason. */
void pinion__socket_close_for(struct pinion_socket *socket, uint16_t code, pinion_reason reason);

#endif
