/* The local registry: who subscribes to what, on one loop. Not thread-safe, and touched by that loop only.
 *
 * A topic exists while it has a subscriber or somebody holds it; its name is stored once, here, and everybody
 * who needs it points at it. Subscribers have entries in an array, so that a fan-out walks memory in order;
 * each knows its place in it, so that leaving is constant time (the last one moves into the gap). An entry
 * can hold all that it takes to reach a subscriber, so that a fan-out need not touch the subscriber: with a
 * million of them, waiting for their memory would be most of what it does.
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

/* A subscriber's place in its topic. */
struct pinion_entry {
    struct pinion_subscriber *subscriber;
    void *target;       /* what a message for it goes to, if it is to be reached from here; else NULL */
    const void *manner; /* how, shared by many. The meaning of both is the owner's */
};

struct pinion_topic {
    struct pinion_map_node node;
    struct pinion_registry *registry;
    struct pinion_entry *entries; /* &single, or an array */
    struct pinion_entry single;
    uint32_t count;
    uint32_t capacity;
    uint32_t holds;
    uint32_t name_len;
    uint32_t waiting; /* for the interest to be known everywhere, before they subscribe */
    bool interested;  /* as the registry has said */
    bool pending;     /* and it is not known everywhere yet */
    char name[];      /* terminated */
};

struct pinion_registry {
    struct pinion_map topics;
    /* Called when a topic gets its first subscriber, before it is one (or the first that waits), and after it
     * lost the last. May be NULL. A failure of the first fails the subscription; PINION_EPENDING is none, and
     * says that it takes a while until messages from other nodes come in. */
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

/* Say how the subscriber is reached from its entry, or, with NULL, that it is not. Harmless for one that is
 * not subscribed, and during a fan-out. */
static inline void pinion__topic_reach(const struct pinion_subscriber *subscriber, void *target,
                                       const void *manner)
{
    if (!subscriber->topic)
        return;
    struct pinion_entry *entry = &subscriber->topic->entries[subscriber->index];
    entry->target = target;
    entry->manner = manner;
}

/* True when other nodes know that the topic has subscribers here, as far as this loop has heard. */
static inline bool pinion__topic_is_known(const struct pinion_topic *topic)
{
    return topic->interested && !topic->pending;
}

/* Before one subscribes: 0 when all messages come in already; PINION_EPENDING: one waits now, until
 * pinion__topic_unawait. PINION_ENOMEM. */
int pinion__topic_await(struct pinion_topic *topic);
void pinion__topic_unawait(struct pinion_topic *topic);

/* Harmless for one that is not subscribed. */
void pinion__topic_unsubscribe(struct pinion_subscriber *subscriber);

#endif
