/* The listening sockets of an endpoint, spread over its loops. There may be fewer of them than loops (then
 * several loops accept from one socket, each through a descriptor of its own, and who comes too late finds
 * nothing to accept) or more (then a loop accepts from several). */
#ifndef PINION_ENDPOINT_LISTENERS_H
#define PINION_ENDPOINT_LISTENERS_H

#include "endpoint/server.h"

struct pinion_stream_listener;

/* Hand these sockets, one at least, to the loops; closed on failure. What comes by them is for `streams`, or
 * HTTP where that is NULL. PINION_ENOMEM, PINION_EIO. */
int pinion__listeners_spread(struct pinion_server *server, struct pinion_stream_listener *streams,
                             const int *fds, unsigned count);

/* Listen on an address, with sockets that were passed to the process where there are any for it, and hand
 * them to the loops; *bound is the port. On failure, whose errors are those of pinion_endpoint_listen, what
 * was handed to them before is closed too. */
int pinion__listeners_add(struct pinion_server *server, struct pinion_stream_listener *streams,
                          const char *host, uint16_t port, uint16_t *bound);

/* Accept on all that this loop was handed. On failure it accepts on none. Thread: the loop's, as for close.
 */
int pinion__listeners_open(struct pinion_server_loop *loop, struct pinion_loop *io);

/* Accept no more, and close the sockets. Idempotent. */
void pinion__listeners_close(struct pinion_server_loop *loop);

#endif
