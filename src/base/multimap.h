/* A hash map in which several nodes may have the same name. The first node of a name lies in a pinion_map.
 * The others lie in a ring behind it, in the order in which they came. Adding, removing and finding the first
 * take constant time on average, however many nodes share a name. The map's count is the number of different
 * names. pinion__map_each calls its function for the first node of each name.
 *
 * Intrusive, like the map: its `name` function is called with &node->first. Not thread-safe. */
#ifndef PINION_BASE_MULTIMAP_H
#define PINION_BASE_MULTIMAP_H

#include "base/list.h"
#include "base/map.h"

struct pinion_multimap_node {
    struct pinion_map_node
        first; /* in the map if it is the first of its name; otherwise its `next` points at itself */
    struct pinion_list ring; /* all nodes of one name */
};

/* Add a node as the last of its name. `hash` is pinion__hash(name). PINION_ENOMEM: as pinion__map_insert. */
int pinion__multimap_add(struct pinion_map *map, struct pinion_multimap_node *node, uint64_t hash);

/* Remove a node that is in the map. If it was the first of its name, the second takes its place. */
void pinion__multimap_remove(struct pinion_map *map, struct pinion_multimap_node *node);

/* Replace a node that is in the map with another one of the same name, which is in no map. It cannot fail. */
void pinion__multimap_replace(struct pinion_map *map, struct pinion_multimap_node *node,
                              struct pinion_multimap_node *by);

/* The first node of that name, or NULL. */
struct pinion_multimap_node *pinion__multimap_find(const struct pinion_map *map, struct pinion_slice name,
                                                   uint64_t hash);

/* Is this node the first of its name? It must be in the map. */
static inline bool pinion__multimap_is_first(const struct pinion_multimap_node *node)
{
    return node->first.next != &node->first;
}

/* The next node of the same name, or NULL. */
static inline struct pinion_multimap_node *pinion__multimap_next(const struct pinion_multimap_node *node)
{
    struct pinion_multimap_node *next =
        PINION_CONTAINER_OF(node->ring.next, struct pinion_multimap_node, ring);
    return pinion__multimap_is_first(next) ? NULL : next;
}

#endif
