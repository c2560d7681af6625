/* The registry: who subscribes to what on one loop. Only that loop uses it. Not thread-safe.
 *
 * A topic exists while it has a subscriber or somebody holds it. Its name is stored only here; others point
 * at it. The subscribers have entries in an array, so that a fan-out walks memory in order. Each subscriber
 * knows its index, so it leaves in constant time: the last entry moves into the gap. An entry can hold all
 * that is needed to reach its subscriber, so that a fan-out need not touch the subscriber: with a million of
 * them, it would mostly wait for their memory. */
#ifndef PINION_PUBSUB_REGISTRY_H
#define PINION_PUBSUB_REGISTRY_H

#include "base/map.h"
#include "base/slice.h"
#include <stdatomic.h>

struct pinion_registry;

/* Embedded in an object that subscribes. */
struct pinion_subscriber {
    struct pinion_topic *topic; /* while it is subscribed; before and after that, what the owner wants */
    uint32_t index;
    uint8_t lane; /* set by the owner: what this is embedded in */
    bool subscribed;
};

/* A subscriber's place in its topic. */
struct pinion_entry {
    struct pinion_subscriber *subscriber;
    void *target;       /* where a message goes, if the subscriber can be reached from here, otherwise NULL */
    const void *manner; /* how it is sent, shared by many. The owner decides what both mean */
};

struct pinion_topic {
    struct pinion_map_node node;
    struct pinion_registry *registry;
    struct pinion_entry *entries; /* &single, or an array */
    struct pinion_entry single;
    atomic_uint *everywhere; /* counts the subscribers on all loops; NULL: nobody counts them */
    uint32_t count;
    uint32_t capacity;
    uint32_t holds;
    uint32_t name_len;
    uint32_t waiting; /* how many wait for the interest to be known everywhere before they subscribe */
    bool interested;  /* `interest` was called for it */
    bool pending;     /* other nodes do not know of the interest yet */
    char name[];      /* terminated */
};

struct pinion_registry {
    struct pinion_map topics;
    /* Called before a topic gets its first subscriber or waiter, and after it lost the last. May be NULL. If
     * the first call fails, the subscription fails. PINION_EPENDING is not a failure: messages from other
     * nodes come in later. The first call may set topic->everywhere, which must last until the second. */
    int (*interest)(struct pinion_registry *registry, struct pinion_topic *topic, bool on);
};

void pinion__registry_init(struct pinion_registry *registry,
                           int (*interest)(struct pinion_registry *, struct pinion_topic *, bool));

/* Nobody may subscribe to or hold a topic any more. */
void pinion__registry_release(struct pinion_registry *registry);

/* The topic of that name, or NULL if it does not exist. */
struct pinion_topic *pinion__registry_find(const struct pinion_registry *registry, struct pinion_slice name);

/* Hold the topic of that name, which is made if necessary. NULL when out of memory. */
struct pinion_topic *pinion__topic_hold(struct pinion_registry *registry, struct pinion_slice name);
void pinion__topic_drop(struct pinion_topic *topic);

/* Subscribe to a topic that somebody holds. PINION_ENOMEM. */
int pinion__topic_subscribe(struct pinion_topic *topic, struct pinion_subscriber *subscriber);

/* The same for the topic of that name, which is made if necessary. PINION_ENOMEM. */
int pinion__registry_subscribe(struct pinion_registry *registry, struct pinion_slice name,
                               struct pinion_subscriber *subscriber);

/* Say how the subscriber is reached from its entry; NULL: it is not. It may be called during a fan-out, and
 * for a subscriber that is not subscribed. */
static inline void pinion__topic_reach(const struct pinion_subscriber *subscriber, void *target,
                                       const void *manner)
{
    if (!subscriber->subscribed)
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

/* Call it before subscribing. Returns 0 when all messages come in already. PINION_EPENDING: the topic counts
 * one more waiter, until pinion__topic_unawait. PINION_ENOMEM. */
int pinion__topic_await(struct pinion_topic *topic);
void pinion__topic_unawait(struct pinion_topic *topic);

/* End a subscription. It may have ended already. */
void pinion__topic_unsubscribe(struct pinion_subscriber *subscriber);

#endif
