/* What the public pinion_presence is. */
#ifndef PINION_PRESENCE_PRESENCE_INT_H
#define PINION_PRESENCE_PRESENCE_INT_H

#include "presence/shard.h"

struct pinion_presence {
    struct pinion_extension extension;
    pinion_endpoint *endpoint;
    pinion_presence_options options; /* defaults filled in; name is owned */
    atomic_bool said_shards;         /* in the log: another node has another number */
    struct pinion_presence_shard shards[];
};

/* The shard of a topic: the same on all nodes. */
struct pinion_presence_shard *pinion__presence_shard_of(pinion_presence *presence, struct pinion_slice topic);

#endif
