/* What comes from a client, as its transport hands it over. */
#ifndef PINION_ENGINE_RECEIVE_H
#define PINION_ENGINE_RECEIVE_H

#include "engine/socket.h"

/* A whole frame came (text need not be checked for UTF-8). May end the socket, or pause it. `bytes` are
 * borrowed for the call. */
void pinion__socket_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

/* A frame of the transport's own came (a ping). Counts against the rates: may pause the socket, or end it. */
void pinion__socket_control(struct pinion_socket *socket);

/* Sockets with channels: their frames are messages. */
extern const struct pinion_socket_kind pinion__message_kind;

#endif
