/* What only some sockets have: an address that has to be remembered, rates. */
#ifndef PINION_ENGINE_SOCKET_MORE_H
#define PINION_ENGINE_SOCKET_MORE_H

#include "engine/socket.h"

/* Made if need be; zeroed. NULL when out of memory. */
struct pinion_socket_rates *pinion__socket_rates(struct pinion_socket *socket);

/* NULL: there are none. */
struct pinion_socket_rates *pinion__socket_rates_if_any(const struct pinion_socket *socket);

/* Before anything else asks for more. */
void pinion__socket_more_keep_peer(struct pinion_socket *socket, const char *peer);

/* "" when none is kept. */
const char *pinion__socket_more_peer(const struct pinion_socket *socket);

void pinion__socket_more_release(struct pinion_socket *socket);

#endif
