/* The sockets of one loop, apart by how long their clients may be silent, and the sweep that finds those who
 * were for longer. So a socket needs no timer: the sweep looks at some of them at a time, at each some
 * sixteen times while it may be silent, and closes what it finds up to a sixteenth late. */
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
    struct pinion_list sockets; /* of pinion_socket.node; the next to look at first */
    size_t count;
    size_t left;  /* ticks of this round */
    size_t share; /* sockets to look at in each */
    struct pinion_timer timer;
};

/* Put a new socket among those of its timeout. PINION_ENOMEM. */
int pinion__sweep_add(struct pinion_socket *socket);

/* Take one out that ends. */
void pinion__sweep_remove(struct pinion_socket *socket);

/* Some socket of the loop, or NULL. */
struct pinion_socket *pinion__sweep_first(const struct pinion_shard *shard);

/* The loop ends: every socket has. */
void pinion__sweep_release(struct pinion_shard *shard);

#endif
