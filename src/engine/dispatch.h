/* Dispatch: a message from a client goes to the socket, to a channel, or to nobody. */
#ifndef PINION_ENGINE_DISPATCH_H
#define PINION_ENGINE_DISPATCH_H

#include "engine/socket.h"

/* Act on a decoded message. */
void pinion__dispatch(struct pinion_socket *socket, const struct pinion_message *message);

#endif
