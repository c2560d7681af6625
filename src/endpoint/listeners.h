/* The listening sockets of an endpoint, spread over its loops. There may be fewer of them than loops (then
 * several loops accept from one socket, each through a descriptor of its own, and who comes too late finds
 * nothing to accept) or more (then a loop accepts from several). */
#ifndef PINION_ENDPOINT_LISTENERS_H
#define PINION_ENDPOINT_LISTENERS_H

#include "endpoint/endpoint.h"

struct pinion_stream_listener;

/* Hand these sockets, one at least, to the loops. What comes by them is for `streams`, or HTTP where that is
 * NULL. On failure these and what was handed to the loops before are let go of, as in undo; `inherited` says
 * that they were passed to the process. PINION_ENOMEM, PINION_EIO. */
int pinion__listeners_spread(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                             const int *fds, unsigned count, bool inherited);

/* Listen on an address, with sockets that were passed to the process where there are any for it, and hand
 * them to the loops; *bound is the port. On failure, whose errors are those of pinion_endpoint_listen, what
 * was handed to them before is let go of too. */
int pinion__listeners_add(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                          const char *host, uint16_t port, uint16_t *bound);

/* Accept on all that this loop was handed. On failure it accepts on none. Thread: the loop's, as for close.
 */
int pinion__listeners_open(struct pinion_endpoint_loop *loop, struct pinion_loop *io);

/* Accept no more, and close the sockets. Idempotent. */
void pinion__listeners_close(struct pinion_endpoint_loop *loop);

/* The loop is not going to run: close the sockets, if it accepts on them. If it does not they stay, for
 * another attempt. */
void pinion__listeners_give_up(struct pinion_endpoint_loop *loop);

/* For all loops, of which none runs: as if there had never been any. Sockets that were passed to the process
 * can be taken again, the others are closed. */
void pinion__listeners_undo(struct pinion_endpoint *endpoint);

/* Whether the loops have any. */
bool pinion__listeners_any(const struct pinion_endpoint *endpoint);

#endif
