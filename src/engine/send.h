/* Sending to a socket's client. */
#ifndef PINION_ENGINE_SEND_H
#define PINION_ENGINE_SEND_H

#include "engine/socket.h"

/* Make the frame for sockets of this serializer and transport. */
int pinion__encode(const struct pinion_serializer *serializer, const struct pinion_transport *transport,
                   const struct pinion_message *message, struct pinion_frame **out);

/* Encode, frame and send. Errors as the serializer's and the transport's; PINION_ECLOSED after the end;
 * PINION_ENOTSUP where there is no serializer; after PINION_ENOMEM it is closed. */
int pinion__socket_send(struct pinion_socket *socket, const struct pinion_message *message);

/* A message for its client found no memory, and the client would never know what it missed: it is closed, and
 * may begin anew. Gives PINION_ENOMEM. */
int pinion__socket_starved(struct pinion_socket *socket);

#endif
