#include "base/multimap.h"
#include <assert.h>

static struct pinion_multimap_node *of_map_node(struct pinion_map_node *node)
{
    return node ? PINION_CONTAINER_OF(node, struct pinion_multimap_node, first) : NULL;
}

struct pinion_multimap_node *pinion__multimap_find(const struct pinion_map *map, struct pinion_slice name,
                                                   uint64_t hash)
{
    return of_map_node(pinion__map_find(map, name, hash));
}

int pinion__multimap_add(struct pinion_map *map, struct pinion_multimap_node *node, uint64_t hash)
{
    struct pinion_multimap_node *first = pinion__multimap_find(map, map->name(&node->first), hash);
    pinion__list_init(&node->ring);
    if (!first)
        return pinion__map_insert(map, &node->first, hash);
    node->first = (struct pinion_map_node){ .next = &node->first, .hash = hash };
    pinion__list_append(&first->ring, &node->ring);
    return 0;
}

/* The insertion cannot fail: the map has just held a node, so it has its buckets. */
void pinion__multimap_remove(struct pinion_map *map, struct pinion_multimap_node *node)
{
    struct pinion_multimap_node *second = pinion__multimap_next(node);
    bool was_first = pinion__multimap_is_first(node);
    pinion__list_remove(&node->ring);
    if (!was_first)
        return;
    pinion__map_remove(map, &node->first);
    if (second) {
        int rc = pinion__map_insert(map, &second->first, node->first.hash);
        assert(rc == 0);
        (void)rc;
    }
}

/* The insertion cannot fail: the map keeps its buckets when the first node of a name is removed. */
void pinion__multimap_replace(struct pinion_map *map, struct pinion_multimap_node *node,
                              struct pinion_multimap_node *by)
{
    bool was_first = pinion__multimap_is_first(node);
    uint64_t hash = node->first.hash;
    pinion__list_init(&by->ring);
    pinion__list_append(&node->ring, &by->ring);
    pinion__list_remove(&node->ring);
    by->first = (struct pinion_map_node){ .next = &by->first, .hash = hash };
    if (!was_first)
        return;
    pinion__map_remove(map, &node->first);
    by->first = (struct pinion_map_node){ 0 };
    int rc = pinion__map_insert(map, &by->first, hash);
    assert(rc == 0);
    (void)rc;
}
