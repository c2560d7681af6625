/* The listening sockets of an endpoint, spread over its loops. If there are fewer sockets than loops, several
 * loops accept from the same socket, each through a descriptor of its own; a loop that is late finds nothing
 * to accept. If there are more, a loop accepts from several. */
#ifndef PINION_ENDPOINT_LISTENERS_H
#define PINION_ENDPOINT_LISTENERS_H

#include "endpoint/endpoint.h"

struct pinion_stream_listener;

/* Hand these sockets to the loops. There is at least one. Their connections are for `streams`; NULL: for
 * HTTP. `inherited`: the sockets were passed to the process. On failure these sockets and all that the loops
 * had before are let go of, as pinion__listeners_undo does. PINION_ENOMEM, PINION_EIO. */
int pinion__listeners_spread(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                             const int *fds, unsigned count, bool inherited);

/* Listen on an address, and hand the sockets to the loops. Sockets that were passed to the process come
 * first, if some fit. *bound is the port. On failure all that the loops had before is let go of too. Errors:
 * those of pinion_endpoint_listen. */
int pinion__listeners_add(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                          const char *host, uint16_t port, uint16_t *bound);

/* Accept on all sockets of this loop. On failure it accepts on none. Thread: the loop's. */
int pinion__listeners_open(struct pinion_endpoint_loop *loop, struct pinion_loop *io);

/* Accept no more, and close the sockets. May be called again. Thread: the loop's; any once it does not run.
 */
void pinion__listeners_close(struct pinion_endpoint_loop *loop);

/* The loop will not run. If it accepts already, close the sockets. Else keep them for another attempt. */
void pinion__listeners_give_up(struct pinion_endpoint_loop *loop);

/* Let go of the sockets of all loops, none of which runs. Sockets that were passed to the process can be
 * taken again; the others are closed. */
void pinion__listeners_undo(struct pinion_endpoint *endpoint);

/* True when the loops have sockets. */
bool pinion__listeners_any(const struct pinion_endpoint *endpoint);

#endif
