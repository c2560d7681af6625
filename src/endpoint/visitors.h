/* How many connections each address has open, for max_connections_per_address. All loops share one table. An
 * IPv4 address counts by itself, an IPv6 address together with its /64. Trusted proxies and peers without an
 * address (Unix sockets) are not counted.
 *
 * Thread: any; there is a lock. Without a limit nothing is kept and nothing is locked. */
#ifndef PINION_ENDPOINT_VISITORS_H
#define PINION_ENDPOINT_VISITORS_H

#include "base/lock.h"
#include "base/map.h"
#include "io/loop.h"
#include "proto/forwarded.h"
#include <stdbool.h>

struct pinion_visitors {
    struct pinion_lock lock;
    size_t max; /* 0: no limit */
    const struct pinion_network *trusted;
    size_t trusted_count;
    struct pinion_map addresses; /* those that have connections */
    struct pinion_map visits;    /* the connections that are counted */
};

void pinion__visitors_init(struct pinion_visitors *visitors);

/* Set the limit, before any loop runs. `trusted` is borrowed, and must outlive the visitors. */
void pinion__visitors_limit(struct pinion_visitors *visitors, size_t max,
                            const struct pinion_network *trusted, size_t trusted_count);

/* Free the tables. No loop runs any more. */
void pinion__visitors_release(struct pinion_visitors *visitors);

/* Count a connection that was accepted. False: its address has as many as it may, and the log says so.
 * Without memory a connection is let in, and is not counted. */
bool pinion__visitors_enter(struct pinion_visitors *visitors, const struct pinion_conn *conn);

/* A connection is over. Harmless for one that was not counted. */
void pinion__visitors_leave(struct pinion_visitors *visitors, const struct pinion_conn *conn);

#endif
