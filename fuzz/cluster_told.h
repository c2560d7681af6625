/* What a node of fuzz_cluster.c receives, and the checks of it that cluster_node.h describes. `data` is the
 * node. */
#ifndef PINION_FUZZ_CLUSTER_TOLD_H
#define PINION_FUZZ_CLUSTER_TOLD_H

#include "cluster_node.h"

/* Begin: no broadcast was made. */
void told_begin(void);

/* A broadcast has come to a node over the network. */
void told_came(unsigned node, unsigned number);

/* For the node's subscriber. */
void told_broadcast(const char *topic, const char *event, const pinion_payload *payload, void *data);

/* For the options of the node's presence. */
pinion_payload *told_fetch(const char *topic, pinion_payload *presences, void *data);
void told_diff(const pinion_presence_diff *diff, void *data);

#endif
