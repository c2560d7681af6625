/* What only some sockets need: the client's address, when the transport does not know it, and rates. */
#ifndef PINION_ENGINE_SOCKET_EXTRA_H
#define PINION_ENGINE_SOCKET_EXTRA_H

#include "engine/socket.h"

/* The socket's rates. They are made if they are not there, zeroed. NULL when out of memory. */
struct pinion_socket_rates *pinion__socket_rates(struct pinion_socket *socket);

/* The socket's rates, or NULL. */
struct pinion_socket_rates *pinion__socket_rates_if_any(const struct pinion_socket *socket);

/* Keep the client's address. To be called before all others here. Without memory nothing is kept. */
void pinion__socket_extra_keep_peer(struct pinion_socket *socket, const char *peer);

/* The address that was kept, or "". */
const char *pinion__socket_extra_peer(const struct pinion_socket *socket);

void pinion__socket_extra_release(struct pinion_socket *socket);

#endif
