/* A client of each node of fuzz_cluster.c, in memory: a socket with channels, each of which is tracked, and
 * keeps its topic's presences by the state it was pushed and the diffs that came after it.
 */
#ifndef PINION_FUZZ_CLUSTER_CLIENT_H
#define PINION_FUZZ_CLUSTER_CLIENT_H

#include "cluster_tracked.h"

/* Of a node that runs; harmless where it makes no sense. A channel is tracked under a key. */
void client_connect(unsigned node);
void client_go(unsigned node);
void client_join(unsigned node, unsigned topic, unsigned key);
void client_leave(unsigned node, unsigned topic);
void client_say(unsigned node, unsigned topic);

/* Have this node disconnect the client of another, by its socket's id. */
void client_disconnect(unsigned node, unsigned client);

/* Take what has come. */
void client_read(unsigned node);

/* A client that has been told of a topic must have been told of just this. */
void client_require(unsigned node, unsigned topic, const json_t *presences);

/* The node is gone. */
void client_end(unsigned node);

#endif
