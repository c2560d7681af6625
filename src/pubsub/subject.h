/* Subjects: the names under which nodes meet at a broker.
 *
 *     BASE.all            for every node
 *     BASE.topic.TOPIC    broadcasts on a topic, if each topic has a subject
 *     BASE.node.NODE      for one node
 *     PREFIX.nodes        notices of nodes, of any cluster
 *
 * BASE is the prefix, or PREFIX.cluster.NAME for a cluster with a name. So clusters do not hear each other's
 * messages, but do hear of each other's nodes.
 *
 * TOPIC and NODE are encoded: bytes other than letters, digits, '_', '-' and ':' become %XX, and an empty
 * name becomes a single '%'. So a topic is one token for any broker. */
#ifndef PINION_PUBSUB_SUBJECT_H
#define PINION_PUBSUB_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#define PINION_SUBJECT_PREFIX_MAX 64
#define PINION_CLUSTER_NAME_MAX   64
#define PINION_SUBJECT_BASE_MAX   (PINION_SUBJECT_PREFIX_MAX + 9 + PINION_CLUSTER_NAME_MAX)
#define PINION_SUBJECT_MAX        (PINION_SUBJECT_BASE_MAX + 7 + 3 * 255 + 1)

enum pinion_subject { PINION_SUBJECT_ALL, PINION_SUBJECT_TOPIC, PINION_SUBJECT_NODE, PINION_SUBJECT_NODES };

/* Write the base of a cluster's subjects, terminated. NULL: the cluster has no name. */
void pinion__subject_base(char out[PINION_SUBJECT_BASE_MAX + 1], const char *prefix, const char *cluster);

/* Write a subject, terminated. The base has at most PINION_SUBJECT_BASE_MAX bytes, the name at most 255.
 * Returns the length. */
size_t pinion__subject(char out[PINION_SUBJECT_MAX], const char *base, enum pinion_subject kind,
                       const char *name);

/* Read a node's name from the last part of a subject. Returns false when it is not a node's subject. */
bool pinion__subject_node(const char *subject, char out[256]);

/* Read the topic of a subject with this base, terminated. Returns false when it is not a topic's subject. */
bool pinion__subject_topic(const char *subject, const char *base, char out[256]);

#endif
