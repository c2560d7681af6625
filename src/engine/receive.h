/* What a transport hands to the engine: frames from its client. */
#ifndef PINION_ENGINE_RECEIVE_H
#define PINION_ENGINE_RECEIVE_H

#include "engine/socket.h"

/* A whole frame came. The transport need not check text for UTF-8. `bytes` are borrowed for the call. May end
 * the socket, or pause it. */
void pinion__socket_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

/* A frame of the transport's own protocol came (a ping). It counts against the rates, so this may pause the
 * socket, or end it. */
void pinion__socket_control(struct pinion_socket *socket);

/* The kind of sockets with channels: their frames are messages. */
extern const struct pinion_socket_kind pinion__message_kind;

#endif
