/* A hash map of byte strings. It uses SipHash-1-3 under a random key of this process, so that peers who
 * choose the names cannot choose collisions. Intrusive: the node lies inside the object that is mapped, and
 * the owner keeps the name. Not thread-safe. */
#ifndef PINION_BASE_MAP_H
#define PINION_BASE_MAP_H

#include "base/hash.h"
#include "base/slice.h"
#include <stdint.h>

struct pinion_map_node {
    struct pinion_map_node *next;
    uint64_t hash;
};

struct pinion_map {
    struct pinion_map_node **buckets; /* NULL until the first insertion */
    size_t bucket_count;              /* 0 or a power of two */
    size_t count;
    struct pinion_slice (*name)(const struct pinion_map_node *node);
};

void pinion__map_init(struct pinion_map *map, struct pinion_slice (*name)(const struct pinion_map_node *));

/* Free the bucket array. The nodes belong to their owner. */
void pinion__map_release(struct pinion_map *map);

/* The node of that name, or NULL. `hash` is pinion__hash(name). */
struct pinion_map_node *pinion__map_find(const struct pinion_map *map, struct pinion_slice name,
                                         uint64_t hash);

/* Allocate the bucket array; after that no insertion fails. PINION_ENOMEM. */
int pinion__map_reserve(struct pinion_map *map);

/* Add a node whose name is not in the map. PINION_ENOMEM is possible only while there is no bucket array. If
 * growing fails, the chains become longer; this is not an error. */
int pinion__map_insert(struct pinion_map *map, struct pinion_map_node *node, uint64_t hash);

/* Remove a node that is in the map. */
void pinion__map_remove(struct pinion_map *map, struct pinion_map_node *node);

/* Call fn for each node. fn may remove the node it is given, and no other. */
void pinion__map_each(struct pinion_map *map, void (*fn)(struct pinion_map_node *node, void *data),
                      void *data);

#endif
