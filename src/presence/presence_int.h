/* The inside of the public pinion_presence. */
#ifndef PINION_PRESENCE_PRESENCE_INT_H
#define PINION_PRESENCE_PRESENCE_INT_H

#include "engine/extension.h"
#include "presence/shard.h"

struct pinion_presence {
    struct pinion_extension extension;
    struct pinion_hub *hub;
    pinion_presence_options options; /* with the defaults filled in; name is owned */
    atomic_bool said_shards;         /* logged already: another node has another number of shards */
    struct pinion_presence_shard shards[];
};

/* Untrack an id in one shard, as pinion__presence_untrack. */
void pinion__presence_untrack_in(struct pinion_presence_shard *shard, uint64_t id, struct pinion_slice topic,
                                 struct pinion_slice key);

/* The same in all shards, on all topics. */
void pinion__presence_untrack_everywhere(pinion_presence *presence, uint64_t id);

/* Call fn for each presence of the hub, with the number of its visible metas, of all nodes. Thread: any, once
 * the endpoint has started. */
void pinion__presence_each(const struct pinion_hub *hub,
                           void (*fn)(const char *name, size_t metas, void *data), void *data);

/* The shard of a topic. It is the same on all nodes. */
struct pinion_presence_shard *pinion__presence_shard_of(pinion_presence *presence, struct pinion_slice topic);

#endif
