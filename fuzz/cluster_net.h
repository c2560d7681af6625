/* A network between simulated nodes, for fuzz_cluster.c: an adapter for each node (pinion/pubsub.h), and a
 * wire in each direction between any two nodes. Letters wait on a wire until they are delivered, in any order
 * that the script chooses. The content of broadcasts is read only for the number in their payload, to know
 * what has come where. */
#ifndef PINION_FUZZ_CLUSTER_NET_H
#define PINION_FUZZ_CLUSTER_NET_H

#include "base/slice.h"
#include <pinion/pubsub.h>

#define NET_NODES   4
#define NET_LETTERS 512  /* on one wire; more are lost */
#define NET_NUMBERS 1024 /* of broadcasts in one run, from 1 */

/* Begin with this many nodes: nothing is under way, and no wire is cut. `by_topic`: messages on a topic go
 * only to nodes that have subscribed to it. `came` is called before a broadcast is passed to a node. */
void net_begin(unsigned count, bool by_topic, void (*came)(unsigned node, unsigned number));

/* Free the letters. */
void net_end(void);

const char *net_name(unsigned node);

/* Make an adapter for a node that has none. The caller gives it to its endpoint. */
pinion_pubsub_adapter *net_adapter(unsigned node);

/* From now on nothing that this node sends arrives: it is as good as dead. */
void net_mute(unsigned node);

/* A paused node receives nothing: its letters wait. */
void net_pause(unsigned node, bool paused);

/* ---- wires, in both directions ---- */

/* What is sent while a wire is cut is lost. What was under way arrives. */
void net_cut(unsigned one, unsigned other, bool cut);

/* While a wire is held, its letters wait until net_deliver. */
void net_hold(unsigned one, unsigned other, bool held);

void net_mend_all(void);

/* ---- one direction ---- */

size_t net_waiting(unsigned from, unsigned to);

/* Deliver one of the letters, deliver it and keep a copy, or lose it. */
void net_deliver(unsigned from, unsigned to, size_t which, bool twice);
void net_drop(unsigned from, unsigned to, size_t which);

/* Was a letter delivered before one that was sent earlier? */
bool net_reordered(unsigned from, unsigned to);

/* Deliver what waits on wires that are not held, and confirm subscriptions. Returns false when there was
 * nothing. */
bool net_flow(void);

#endif
