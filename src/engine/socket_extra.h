/* What only some sockets need: an id, handles on them from other threads, the client's address when the
 * transport does not know it, and rates. */
#ifndef PINION_ENGINE_SOCKET_EXTRA_H
#define PINION_ENGINE_SOCKET_EXTRA_H

#include "engine/socket.h"

/* Take the name of this topic as the socket's id, and subscribe to it: "disconnect" closes the socket.
 * PINION_ENOMEM. */
int pinion__socket_take_id(struct pinion_socket *socket, struct pinion_topic *topic);

/* The socket's id; NULL: it has none. */
const char *pinion__socket_id(const struct pinion_socket *socket);

/* The socket of a subscriber in PINION_LANE_SOCKET. */
struct pinion_socket *pinion__socket_of_id(struct pinion_subscriber *subscriber);

/* The socket's anchor, with a reference for the caller. That of a socket that has ended points at nothing.
 * NULL when out of memory. */
struct pinion_anchor *pinion__socket_anchor(struct pinion_socket *socket);

/* The same without a reference; NULL: there is none yet. */
const struct pinion_anchor *pinion__socket_anchor_if_any(const struct pinion_socket *socket);

/* The socket ends: handles find nothing from now on. */
void pinion__socket_anchor_end(struct pinion_socket *socket);

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
