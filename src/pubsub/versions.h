/* The versions of a broadcast: which changes its payload contains. A subscriber that knows some of them,
 * because it was given everything up to some version, is sent only the others.
 *
 * Versions are numbers of one source, and grow. Versions of different sources cannot be compared. */
#ifndef PINION_PUBSUB_VERSIONS_H
#define PINION_PUBSUB_VERSIONS_H

#include <pinion/payload.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_broadcast;
struct pinion_versions;

struct pinion_versions_ops {
    /* The part of the broadcast's payload that is newer than `known`. The payload is borrowed. Poison when
     * out of memory. Thread: any, several at once. */
    pinion_payload *(*rest)(const struct pinion_versions *versions, pinion_payload *payload, uint64_t known);
    void (*free)(struct pinion_versions *versions);
};

struct pinion_versions {
    const struct pinion_versions_ops *ops;
    const void *source;      /* only compared */
    const uint64_t *numbers; /* of the changes, ascending */
    size_t count;            /* at least one */
    size_t bytes;            /* that this struct takes */
};

/* The last of the changes that a subscriber knows who was given everything up to `known`; 0: none of them.
 * Many values of `known` give the same result. */
uint64_t pinion__versions_known(const struct pinion_versions *versions, uint64_t known);

static inline uint64_t pinion__versions_newest(const struct pinion_versions *versions)
{
    return versions->numbers[versions->count - 1];
}

/* The rest of a broadcast for subscribers who know its changes up to this one. The caller gets a reference.
 * It is the same broadcast if they know none of its changes, or if memory has run out: a change twice is
 * better than not at all. NULL: nothing is left. */
struct pinion_broadcast *pinion__broadcast_rest(struct pinion_broadcast *broadcast, uint64_t known);

#endif
