/* The nodes of fuzz_cluster.c. Each is an endpoint that runs over memory_loop.h and cluster_net.h, with a
 * presence, a subscriber of every topic, and a clock. All take their turns on one thread. Time passes only in
 * node_pass.
 *
 * What a node's subscriber receives is checked at once: a broadcast was sent, has come over the network to
 * this life of the node, and comes neither twice nor out of order; diffs are consistent. */
#ifndef PINION_FUZZ_CLUSTER_NODE_H
#define PINION_FUZZ_CLUSTER_NODE_H

#include "cluster_net.h"
#include "cluster_view.h"
#include "fiber.h"
#include <pinion/pinion.h>

#define NODE_HEARTBEAT_MS 1000
#define NODE_DOWN_MS      4000
#define NODE_REMOVE_MS    12000

struct cluster_options {
    unsigned nodes;
    unsigned shards;
    uint32_t diff_interval_ms; /* 0: changes are sent at once */
    bool by_topic;             /* the adapter brings only what is subscribed to */
    bool forgetful;            /* nodes keep hardly any removals */
    bool fetches;              /* presences go through fetch */
    bool handles;              /* the application gets handle_metas */
    bool small_diffs;
};

struct node {
    pinion_endpoint *endpoint; /* NULL: it does not run */
    pinion_presence *presence;
    struct pinion_loop *io;
    struct fiber fiber; /* in which it runs */
    bool paused;
    uint64_t paused_at;
    uint64_t ahead; /* of everybody's time, or behind it: modulo 2^64 */
    pinion_subscription *subscriptions[TRACKED_TOPICS];
    struct view views[TRACKED_TOPICS];
    struct view handled[TRACKED_TOPICS]; /* by handle_metas */
    unsigned own[TRACKED_TOPICS]
                [TRACKED_KEYS]; /* the numbers of metas that are not tracked by a channel, or 0 */
    bool came[NET_NUMBERS];     /* broadcasts that came in this life */
    bool heard[NET_NUMBERS];
    unsigned latest[NET_NODES][TRACKED_TOPICS]; /* the latest number heard from each sender */
};

extern struct node nodes[NET_NODES];
extern struct cluster_options cluster;

void cluster_begin(const struct cluster_options *options);
void cluster_end(void);

static inline bool node_runs(unsigned node)
{
    return nodes[node].endpoint && !nodes[node].paused;
}

/* Begin a life of a node that has none. `set_back`: its clock makes it look like an earlier life. */
void node_start(unsigned node, bool set_back);

/* Stop the node as its own time passes, with a goodbye. */
void node_leave(unsigned node);

/* Stop the node now, with a goodbye to the others or without. */
void node_stop(unsigned node, bool goodbye);

/* The calling thread is that node's from now on. */
void node_bind(unsigned node);

void node_pause(unsigned node);

/* Wake the node. Its clock has gone on meanwhile, or `stood`. */
void node_wake(unsigned node, bool stood);

/* Track, update (both with a new meta) or untrack on a node that runs. */
void node_track(unsigned node, unsigned topic, unsigned key);
void node_update(unsigned node, unsigned topic, unsigned key);
void node_untrack(unsigned node, unsigned topic, unsigned key);

/* A number for what this node is about to broadcast on a topic; it counts as come here. 0: no more. */
unsigned node_number(unsigned node, unsigned topic);

void node_broadcast(unsigned node, unsigned topic);

/* Run what is due now at all nodes, and what follows from it. */
void node_settle(void);

/* Let this much time pass, with all that happens in it. */
void node_pass(uint64_t ms);

/* The lists of the node must contain all that it tracks itself; or exactly what all nodes track, and its
 * subscriber must know the same. */
void node_require_own(unsigned node);
void node_require_all(unsigned node);

#endif
