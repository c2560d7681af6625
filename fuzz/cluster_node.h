/* The nodes of fuzz_cluster.c: each an endpoint that runs, over memory_loop.h and cluster_net.h, with a
 * presence, somebody who subscribes to every topic, and a clock. All take their turns on one thread; time
 * passes when node_pass says so.
 *
 * What a node's subscriber hears is checked as it comes: a broadcast was sent, has come over the network to
 * this life of the node, and is neither heard twice nor out of order; diffs add up.
 */
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
    uint32_t diff_interval_ms; /* 0: changes are told at once */
    bool by_topic;             /* the adapter brings what is subscribed to */
    bool forgetful;            /* nodes remember hardly any removal */
    bool fetches;              /* presences are enriched */
    bool handles;              /* the application hears of diffs with all presences */
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
    struct view handled[TRACKED_TOPICS];        /* by handle_metas */
    unsigned own[TRACKED_TOPICS][TRACKED_KEYS]; /* tracked by no channel: their numbers, or 0 */
    bool came[NET_NUMBERS];                     /* broadcasts, in this life */
    bool heard[NET_NUMBERS];
    unsigned latest[NET_NODES][TRACKED_TOPICS]; /* heard, of each sender's */
};

extern struct node nodes[NET_NODES];
extern struct cluster_options cluster;

void cluster_begin(const struct cluster_options *options);
void cluster_end(void);

static inline bool node_runs(unsigned node)
{
    return nodes[node].endpoint && !nodes[node].paused;
}

/* Begin a life, of a node that has none. Set back: it is taken for an earlier one, by its clock. */
void node_start(unsigned node, bool set_back);

/* Have it stop, as its own time passes, and say goodbye. */
void node_leave(unsigned node);

/* End it now, with a word to the others, or without. */
void node_stop(unsigned node, bool goodbye);

/* From now on this thread is that node's. */
void node_bind(unsigned node);

void node_pause(unsigned node);

/* Its clock has gone on meanwhile, or stood still as well. */
void node_wake(unsigned node, bool stood);

/* Track, update (both with a new meta) or untrack on a node that runs. */
void node_track(unsigned node, unsigned topic, unsigned key);
void node_update(unsigned node, unsigned topic, unsigned key);
void node_untrack(unsigned node, unsigned topic, unsigned key);

/* A number for what this node is about to broadcast to a topic, which has come there then; 0: no more. */
unsigned node_number(unsigned node, unsigned topic);

void node_broadcast(unsigned node, unsigned topic);

/* What is due now at all nodes, and what comes of it. */
void node_settle(void);

/* So much time, with all that happens in it. */
void node_pass(uint64_t ms);

/* Its lists must have all that it tracks itself, now; or just what all nodes track, as its subscriber has
 * been told. */
void node_require_own(unsigned node);
void node_require_all(unsigned node);

#endif
