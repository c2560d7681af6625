/* What a broadcast may carry besides its payload: of which changes it tells. A subscriber who knows of some
 * of them already, having been given all as it was at some version, is sent the rest alone.
 *
 * Versions are numbers of one source, and grow. Those of different sources have nothing to do with each
 * other.
 */
#ifndef PINION_PUBSUB_VERSIONS_H
#define PINION_PUBSUB_VERSIONS_H

#include <pinion/payload.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_broadcast;
struct pinion_versions;

struct pinion_versions_ops {
    /* What is newer than `known` of the broadcast's payload, which is borrowed. Poison when out of memory.
     * Thread: any, several at once. */
    pinion_payload *(*rest)(const struct pinion_versions *versions, pinion_payload *payload, uint64_t known);
    void (*free)(struct pinion_versions *versions);
};

struct pinion_versions {
    const struct pinion_versions_ops *ops;
    const void *source;      /* compared, and nothing else */
    const uint64_t *numbers; /* of the changes, ascending */
    size_t count;            /* one at least */
    size_t bytes;            /* that this takes */
};

/* The last of the changes that somebody knows of who was given all up to `known`; 0: none of them. Many
 * values of `known` come to the same. */
uint64_t pinion__versions_known(const struct pinion_versions *versions, uint64_t known);

static inline uint64_t pinion__versions_newest(const struct pinion_versions *versions)
{
    return versions->numbers[versions->count - 1];
}

/* What is left of a broadcast for those who know of its changes up to this one: a broadcast of which the
 * caller has a reference; the same where they know none, and where memory has run out: rather a change twice
 * than not at all. NULL: nothing is left. */
struct pinion_broadcast *pinion__broadcast_rest(struct pinion_broadcast *broadcast, uint64_t known);

#endif
