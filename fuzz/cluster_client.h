/* A client in memory for each node of fuzz_cluster.c: a socket with channels. Each channel is tracked, and
 * keeps its topic's presences by the state it was pushed and the diffs after it. */
#ifndef PINION_FUZZ_CLUSTER_CLIENT_H
#define PINION_FUZZ_CLUSTER_CLIENT_H

#include "cluster_tracked.h"

/* The node must run. If the act makes no sense, nothing happens. A channel is tracked under a key. */
void client_connect(unsigned node);
void client_go(unsigned node);
void client_join(unsigned node, unsigned topic, unsigned key);
void client_leave(unsigned node, unsigned topic);
void client_say(unsigned node, unsigned topic);

/* Have this node disconnect the client of another node, by its socket's id. */
void client_disconnect(unsigned node, unsigned client);

/* Read what has come. */
void client_read(unsigned node);

/* If a client was told about a topic, it must know exactly these presences. */
void client_require(unsigned node, unsigned topic, const json_t *presences);

/* The node is gone. */
void client_end(unsigned node);

#endif
