/* A hash map in which several nodes may have one name. The first of a name lies in a pinion_map, the others
 * in a ring behind it, in the order in which they came: adding, removing and finding the first take constant
 * time on average, however many share a name. The map's count is the number of different names, and
 * pinion__map_each calls for the first of each.
 *
 * Intrusive, as the map is: its `name` is asked with &node->first. Not thread-safe.
 */
#ifndef PINION_BASE_MULTIMAP_H
#define PINION_BASE_MULTIMAP_H

#include "base/list.h"
#include "base/map.h"

struct pinion_multimap_node {
    struct pinion_map_node first; /* in the map; of one that is not the first of its name `next` is itself */
    struct pinion_list ring;      /* all of one name */
};

/* Add a node, as the last of its name. `hash` is pinion__hash(name). PINION_ENOMEM as pinion__map_insert. */
int pinion__multimap_add(struct pinion_map *map, struct pinion_multimap_node *node, uint64_t hash);

/* Remove a node that is in the map. The second of its name takes the place of the first. */
void pinion__multimap_remove(struct pinion_map *map, struct pinion_multimap_node *node);

/* Put another node of the same name, which is in no map, in the place of one that is. Cannot fail. */
void pinion__multimap_replace(struct pinion_map *map, struct pinion_multimap_node *node,
                              struct pinion_multimap_node *by);

/* The first of that name, or NULL. */
struct pinion_multimap_node *pinion__multimap_find(const struct pinion_map *map, struct pinion_slice name,
                                                   uint64_t hash);

/* Is this the first of its name? The node must be in the map. */
static inline bool pinion__multimap_is_first(const struct pinion_multimap_node *node)
{
    return node->first.next != &node->first;
}

/* The one after this of the same name, or NULL. */
static inline struct pinion_multimap_node *pinion__multimap_next(const struct pinion_multimap_node *node)
{
    struct pinion_multimap_node *next =
        PINION_CONTAINER_OF(node->ring.next, struct pinion_multimap_node, ring);
    return pinion__multimap_is_first(next) ? NULL : next;
}

#endif
