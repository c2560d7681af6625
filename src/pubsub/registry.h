/* The local registry: who subscribes to what, on one loop. Not thread-safe, and touched by that loop only.
 *
 * A topic exists while it has a subscriber or somebody holds it; its name is stored once, here, and everybody
 * who needs it points at it. Subscribers are an array, so that a fan-out walks memory in order; each knows
 * its place in it, so that leaving is constant time (the last one moves into the gap).
 */
#ifndef PINION_PUBSUB_REGISTRY_H
#define PINION_PUBSUB_REGISTRY_H

#include "base/map.h"
#include "base/slice.h"

struct pinion_registry;

/* Embedded in whatever subscribes. */
struct pinion_subscriber {
    struct pinion_topic *topic; /* NULL while not subscribed */
    uint32_t index;
    uint8_t lane; /* the owner's: what this is embedded in */
};

struct pinion_topic {
    struct pinion_map_node node;
    struct pinion_registry *registry;
    struct pinion_subscriber **subscribers; /* &single, or an array */
    struct pinion_subscriber *single;
    uint32_t count;
    uint32_t capacity;
    uint32_t holds;
    uint32_t name_len;
    char name[]; /* terminated */
};

struct pinion_registry {
    struct pinion_map topics;
    /* Called when a topic gets its first subscriber, before it is one, and after it lost the last. May be
     * NULL. A failure of the first fails the subscription. */
    int (*interest)(struct pinion_registry *registry, const struct pinion_topic *topic, bool on);
};

void pinion__registry_init(struct pinion_registry *registry,
                           int (*interest)(struct pinion_registry *, const struct pinion_topic *, bool));

/* Requires that nobody subscribes or holds a topic any more. */
void pinion__registry_release(struct pinion_registry *registry);

/* The topic of that name if it exists, or NULL. */
struct pinion_topic *pinion__registry_find(const struct pinion_registry *registry, struct pinion_slice name);

/* Hold the topic of that name, which is made if need be. NULL when out of memory. */
struct pinion_topic *pinion__topic_hold(struct pinion_registry *registry, struct pinion_slice name);
void pinion__topic_drop(struct pinion_topic *topic);

/* Subscribe to a topic somebody holds. PINION_ENOMEM. */
int pinion__topic_subscribe(struct pinion_topic *topic, struct pinion_subscriber *subscriber);

/* Harmless for one that is not subscribed. */
void pinion__topic_unsubscribe(struct pinion_subscriber *subscriber);

/* How many topics exist. */
static inline size_t pinion__registry_count(const struct pinion_registry *registry)
{
    return registry->topics.count;
}

#endif
