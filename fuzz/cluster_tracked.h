/* What the nodes of fuzz_cluster.c track, as the script knows it. Each meta that was ever made has a number,
 * from 1, and is {"n": number}. */
#ifndef PINION_FUZZ_CLUSTER_TRACKED_H
#define PINION_FUZZ_CLUSTER_TRACKED_H

#include <jansson.h>
#include <stdbool.h>

#define TRACKED_MAX    1024
#define TRACKED_TOPICS 4
#define TRACKED_KEYS   3

const char *tracked_topic_name(unsigned topic);
const char *tracked_key_name(unsigned key);

/* The topic of that name. */
unsigned tracked_topic(const char *name);

/* Begin: nothing is tracked. */
void tracked_begin(void);

/* A number for what a node is about to track; 0: no more. */
unsigned tracked_add(unsigned node, unsigned topic, unsigned key);

/* It is no longer tracked. */
void tracked_remove(unsigned number);

/* The number of a meta that was received. It must be of this topic, under this key. */
unsigned tracked_number(const json_t *meta, unsigned topic, const char *key);

/* A topic's list, {key: {"metas": [...]}}, must contain all that this node tracks there. */
void tracked_require_own(unsigned topic, const json_t *presences, unsigned node);

/* It must contain exactly what all nodes track there. */
void tracked_require_all(unsigned topic, const json_t *presences);

#endif
