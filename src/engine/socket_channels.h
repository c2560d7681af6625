/* A socket's channels, by topic. Most sockets have few: they are in one bucket, without an array. */
#ifndef PINION_ENGINE_SOCKET_CHANNELS_H
#define PINION_ENGINE_SOCKET_CHANNELS_H

#include "engine/socket.h"

/* The channel of this topic, or NULL. */
struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic);

/* How many buckets it has, and the first channel in one of them, or NULL. */
static inline uint32_t pinion__socket_buckets(const struct pinion_socket *socket)
{
    return UINT32_C(1) << socket->bucket_bits;
}

static inline struct pinion_channel *pinion__socket_bucket(const struct pinion_socket *socket, uint32_t i)
{
    return socket->bucket_bits > 0 ? socket->buckets[i] : socket->only;
}

void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel);
void pinion__socket_remove_channel(struct pinion_socket *socket, struct pinion_channel *channel);

#endif
