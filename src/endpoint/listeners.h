/* The listening sockets of an endpoint, spread over its loops. There may be fewer of them than loops (then
 * several loops accept from one socket, each through a descriptor of its own, and who comes too late finds
 * nothing to accept) or more (then a loop accepts from several). */
#ifndef PINION_ENDPOINT_LISTENERS_H
#define PINION_ENDPOINT_LISTENERS_H

#include "endpoint/server.h"

/* Hand these sockets, one at least, to the loops; closed on failure. PINION_ENOMEM, PINION_EIO. */
int pinion__listeners_spread(struct pinion_server *server, const int *fds, unsigned count);

/* Accept on all that this loop was handed. On failure it accepts on none. Thread: the loop's, as for close.
 */
int pinion__listeners_open(struct pinion_server_loop *loop, struct pinion_loop *io);

/* Accept no more, and close the sockets. Idempotent. */
void pinion__listeners_close(struct pinion_server_loop *loop);

#endif
