/* A set of topics, each with the ticket of its subscription. Adapters that bring topics by name keep one. Not
 * thread-safe. */
#ifndef PINION_PUBSUB_TOPICS_H
#define PINION_PUBSUB_TOPICS_H

#include "base/map.h"

struct pinion_topics {
    struct pinion_map map;
};

/* A topic of the set. */
struct pinion_topics_entry {
    struct pinion_map_node node;
    uint64_t ticket;
    void *data; /* set by the owner; NULL at first */
    size_t len;
    char name[]; /* terminated */
};

void pinion__topics_init(struct pinion_topics *topics);
void pinion__topics_release(struct pinion_topics *topics);

/* Add a topic. If it is in the set, it gets this ticket. PINION_ENOMEM. */
int pinion__topics_add(struct pinion_topics *topics, const char *name, uint64_t ticket);

/* Remove a topic. It need not be in the set. */
void pinion__topics_remove(struct pinion_topics *topics, const char *name);

/* NULL: it is not in the set. */
struct pinion_topics_entry *pinion__topics_find(const struct pinion_topics *topics, const char *name);

#endif
