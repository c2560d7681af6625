/* A network between simulated nodes, for fuzz_cluster.c: an adapter for each (pinion/pubsub.h), and between
 * any two of them a wire in each direction, on which letters wait until they are delivered, in whatever order
 * the script says. Bytes of broadcasts are looked into alone for the number that their payload has, so that
 * it is known what has come where.
 */
#ifndef PINION_FUZZ_CLUSTER_NET_H
#define PINION_FUZZ_CLUSTER_NET_H

#include "base/slice.h"
#include <pinion/pubsub.h>

#define NET_NODES   4
#define NET_LETTERS 512  /* on one wire; more are lost */
#define NET_NUMBERS 1024 /* of broadcasts in one run; from 1 */

/* Begin with so many nodes: nothing is under way, and no wire is cut. By topic: messages on a topic go to
 * nodes that have subscribed to it. `came` is called before a broadcast is handed to a node. */
void net_begin(unsigned count, bool by_topic, void (*came)(unsigned node, unsigned number));

/* Forget the letters. */
void net_end(void);

const char *net_name(unsigned node);

/* An adapter for a node that has none: the caller's, to be given to its endpoint. */
pinion_pubsub_adapter *net_adapter(unsigned node);

/* Nothing that this node sends goes anywhere from now on: it is as good as dead. */
void net_mute(unsigned node);

/* A paused one takes nothing: its letters wait. */
void net_pause(unsigned node, bool paused);

/* ---- wires; both ways ---- */

/* What is sent while a wire is cut is lost; what was under way arrives. */
void net_cut(unsigned one, unsigned other, bool cut);

/* Letters wait until they are delivered by name. */
void net_hold(unsigned one, unsigned other, bool held);

void net_mend_all(void);

/* ---- one way ---- */

size_t net_waiting(unsigned from, unsigned to);

/* Deliver one of the letters, leave a copy of it, or lose it. */
void net_deliver(unsigned from, unsigned to, size_t which, bool twice);
void net_drop(unsigned from, unsigned to, size_t which);

/* Was a letter delivered before one that was sent earlier? */
bool net_reordered(unsigned from, unsigned to);

/* Deliver what waits on wires that hold nothing back, and confirm subscriptions. False: there was nothing. */
bool net_flow(void);

#endif
