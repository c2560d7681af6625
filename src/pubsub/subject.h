/* The names under which nodes meet at a broker:
 *
 *     PREFIX.all            what is for every node
 *     PREFIX.topic.TOPIC    broadcasts on a topic, where there is one for each
 *     PREFIX.node.NODE      what is for one node
 *
 * TOPIC and NODE are encoded: bytes other than letters, digits, '_', '-' and ':' as %XX, and nothing at all
 * as a lone '%'. So a topic is one token of the alphabet of any broker. */
#ifndef PINION_PUBSUB_SUBJECT_H
#define PINION_PUBSUB_SUBJECT_H

#include <stddef.h>

#define PINION_SUBJECT_PREFIX_MAX 64
#define PINION_SUBJECT_MAX        (PINION_SUBJECT_PREFIX_MAX + 7 + 3 * 255 + 1)

enum pinion_subject { PINION_SUBJECT_ALL, PINION_SUBJECT_TOPIC, PINION_SUBJECT_NODE };

/* Write one, terminated. The prefix has at most PINION_SUBJECT_PREFIX_MAX bytes, the name at most 255.
 * Returns its length. */
size_t pinion__subject(char out[PINION_SUBJECT_MAX], const char *prefix, enum pinion_subject kind,
                       const char *name);

#endif
