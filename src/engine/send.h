/* Sending to a socket's client. */
#ifndef PINION_ENGINE_SEND_H
#define PINION_ENGINE_SEND_H

#include "engine/socket.h"

/* Make the frame for sockets of this serializer and transport. */
int pinion__encode(const struct pinion_serializer *serializer, const struct pinion_transport *transport,
                   const struct pinion_message *message, struct pinion_frame **out);

/* The same as below. PINION_EBUSY: there was no room. */
int pinion__socket_send_as(struct pinion_socket *socket, const struct pinion_message *message,
                           enum pinion_loss loss);

/* Encode a message and send it. Errors: those of the serializer and of the transport; PINION_ECLOSED: the
 * socket has ended; PINION_ENOTSUP: it has no serializer; PINION_ENOMEM: the socket has been closed. */
int pinion__socket_send(struct pinion_socket *socket, const struct pinion_message *message);

/* There was no memory for a message to the client. Close the socket, since the client would never know what
 * it missed; it can connect again. Returns PINION_ENOMEM. */
int pinion__socket_starved(struct pinion_socket *socket);

#endif
