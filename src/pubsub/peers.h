/* The other nodes on a broker, as their notices say: which are there, which have gone, and which are expected
 * back after the connection was lost. Thread-safe. */
#ifndef PINION_PUBSUB_PEERS_H
#define PINION_PUBSUB_PEERS_H

#include "base/lock.h"
#include "base/map.h"
#include "pubsub/parcel.h"

#define PINION_PEERS_MAX      1024  /* nodes that are remembered */
#define PINION_PEER_DOWN_MS   3000  /* a node that was silent for this long is gone */
#define PINION_PEER_AGO_MS    10000 /* a node heard this shortly before an outage is expected back */
#define PINION_PEER_NOTICE_MS 1000  /* how often each node says that it is there */

struct pinion_peers {
    struct pinion_lock lock; /* of what follows */
    struct pinion_map map;
    size_t up;
    size_t awaited;
};

/* A node has come or gone. Called without the lock. */
typedef void pinion_peer_changed_fn(void *context, const char *node, bool up);

int pinion__peers_init(struct pinion_peers *peers);
void pinion__peers_release(struct pinion_peers *peers);

/* A notice of another node came. If the node has begun a new life, it is reported as gone, and then as
 * there. */
void pinion__peers_hear(struct pinion_peers *peers, const struct pinion_notice *notice, uint64_t now_ms,
                        pinion_peer_changed_fn *changed, void *context);

/* Report nodes that were silent for too long as gone. */
void pinion__peers_check(struct pinion_peers *peers, uint64_t now_ms, pinion_peer_changed_fn *changed,
                         void *context);

/* Nobody receives what is sent to this node, so it has gone. A node that was never heard of is reported as
 * gone and then as there, because nothing is kept about it. */
void pinion__peers_miss(struct pinion_peers *peers, const char *node, pinion_peer_changed_fn *changed,
                        void *context);

/* The connection was lost: the nodes that are there are expected back. Meanwhile none is reported as gone. */
void pinion__peers_await(struct pinion_peers *peers, uint64_t now_ms);

/* The connection is back. No node could be heard until now. */
void pinion__peers_resume(struct pinion_peers *peers, uint64_t now_ms);

/* How many nodes are there; how many are expected back and were not heard yet. */
size_t pinion__peers_up(struct pinion_peers *peers);
size_t pinion__peers_awaited(struct pinion_peers *peers);

/* Expect no node any more. Returns how many were expected. */
size_t pinion__peers_give_up(struct pinion_peers *peers);

#endif
