/* The end of a socket, from either side. */
#ifndef PINION_ENGINE_SOCKET_END_H
#define PINION_ENGINE_SOCKET_END_H

#include "engine/socket.h"

/* The transport's connection is over, or about to be closed by it: PINION_REASON_CLOSED or _INACTIVE. */
void pinion__socket_ended(struct pinion_socket *socket, pinion_reason reason);

/* End it from our side, with a close code. Harmless when it has ended. */
void pinion__socket_close(struct pinion_socket *socket, uint16_t code);

/* As above; its channels' terminate gets this reason. */
void pinion__socket_close_for(struct pinion_socket *socket, uint16_t code, pinion_reason reason);

#endif
