/* A sweep: the sockets of one loop whose clients may be silent for the same time. It finds the clients that
 * have been silent for longer, so that a socket needs no timer. It looks at a part of the sockets in each
 * tick, and at each socket sixteen times in one timeout. So a socket is closed up to a sixteenth late. */
#ifndef PINION_ENGINE_SWEEP_H
#define PINION_ENGINE_SWEEP_H

#include "base/list.h"
#include "base/wheel.h"
#include <stddef.h>

struct pinion_shard;
struct pinion_socket;

struct pinion_sweep {
    struct pinion_sweep *next; /* of the same loop */
    struct pinion_shard *shard;
    uint32_t timeout_ms;
    struct pinion_list sockets; /* through pinion_socket.node; it begins with the next one to look at */
    size_t count;               /* how many sockets there are */
    size_t left;                /* ticks that are left of this round */
    size_t share;               /* sockets to look at in each tick */
    struct pinion_timer timer;
};

/* Put a new socket into the sweep of its timeout. PINION_ENOMEM. */
int pinion__sweep_add(struct pinion_socket *socket);

/* Take out a socket that ends. */
void pinion__sweep_remove(struct pinion_socket *socket);

/* Any socket of the loop; NULL: there is none. */
struct pinion_socket *pinion__sweep_first(const struct pinion_shard *shard);

/* Free the sweeps of a loop. All its sockets have ended. */
void pinion__sweep_release(struct pinion_shard *shard);

#endif
