/* Finds a socket's channels by topic. */
#ifndef PINION_ENGINE_SOCKET_CHANNELS_H
#define PINION_ENGINE_SOCKET_CHANNELS_H

#include "engine/socket.h"

/* The channel of this topic, or NULL. */
struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic);

void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel);
void pinion__socket_remove_channel(struct pinion_socket *socket, struct pinion_channel *channel);

#endif
