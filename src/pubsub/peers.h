/* The other nodes on a broker, as their notices tell: who is there, who has gone, and, after the connection
 * was lost, who is expected back. Thread-safe. */
#ifndef PINION_PUBSUB_PEERS_H
#define PINION_PUBSUB_PEERS_H

#include "base/lock.h"
#include "base/map.h"
#include "pubsub/parcel.h"

#define PINION_PEERS_MAX      1024  /* that are remembered */
#define PINION_PEER_DOWN_MS   3000  /* a node that is silent for so long is gone */
#define PINION_PEER_AGO_MS    10000 /* one that was heard so shortly before an outage is expected back */
#define PINION_PEER_NOTICE_MS 1000  /* how often each says that it is there */

struct pinion_peers {
    struct pinion_lock lock; /* of what follows */
    struct pinion_map map;
    size_t up;
    size_t awaited;
};

/* What has changed about a node. Called without the lock. */
typedef void pinion_peer_changed_fn(void *context, const char *node, bool up);

int pinion__peers_init(struct pinion_peers *peers);
void pinion__peers_release(struct pinion_peers *peers);

/* A notice of another node came. A node that begins a new life has gone, and is there. */
void pinion__peers_hear(struct pinion_peers *peers, const struct pinion_notice *notice, uint64_t now_ms,
                        pinion_peer_changed_fn *changed, void *context);

/* Those that were silent for too long have gone. */
void pinion__peers_check(struct pinion_peers *peers, uint64_t now_ms, pinion_peer_changed_fn *changed,
                         void *context);

/* Nobody gets what is sent to this node. One that was never heard of has gone too, but nothing is kept of it:
 * it counts as there at once. */
void pinion__peers_miss(struct pinion_peers *peers, const char *node, pinion_peer_changed_fn *changed,
                        void *context);

/* The connection was lost: those that are there are expected back. Nobody is taken as gone meanwhile. */
void pinion__peers_await(struct pinion_peers *peers, uint64_t now_ms);

/* The connection is back: nobody could be heard until now. */
void pinion__peers_resume(struct pinion_peers *peers, uint64_t now_ms);

/* How many are there; how many are expected back and have not been heard. */
size_t pinion__peers_up(struct pinion_peers *peers);
size_t pinion__peers_awaited(struct pinion_peers *peers);

/* Expect nobody any more: how many there were. */
size_t pinion__peers_give_up(struct pinion_peers *peers);

#endif
