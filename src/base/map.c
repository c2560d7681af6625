/* Separate chaining over a power of two of buckets, with about one node in each. Every node keeps its hash:
 * so growing reads no names, and a search compares a name only if the whole hash is equal. */
#include "base/map.h"
#include "base/work.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

#define FIRST_BUCKETS 4

void pinion__map_init(struct pinion_map *map, struct pinion_slice (*name)(const struct pinion_map_node *))
{
    *map = (struct pinion_map){ .name = name };
}

void pinion__map_release(struct pinion_map *map)
{
    free(map->buckets);
    pinion__map_init(map, map->name);
}

static inline struct pinion_map_node **bucket_of(const struct pinion_map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

struct pinion_map_node *pinion__map_find(const struct pinion_map *map, struct pinion_slice name,
                                         uint64_t hash)
{
    if (map->count == 0)
        return NULL;
    for (struct pinion_map_node *node = *bucket_of(map, hash); node; node = node->next) {
        PINION_WORK(1);
        if (node->hash == hash && pinion__slice_eq(map->name(node), name))
            return node;
    }
    return NULL;
}

static void add_to_bucket(struct pinion_map *map, struct pinion_map_node *node)
{
    struct pinion_map_node **bucket = bucket_of(map, node->hash);

    node->next = *bucket;
    *bucket = node;
}

/* Double the buckets, if there is memory. */
static void grow(struct pinion_map *map)
{
    struct pinion_map_node **old = map->buckets;
    size_t old_count = map->bucket_count;
    size_t new_count = old_count ? 2 * old_count : FIRST_BUCKETS;
    struct pinion_map_node **buckets = calloc(new_count, sizeof(struct pinion_map_node *));

    if (!buckets)
        return;
    map->buckets = buckets;
    map->bucket_count = new_count;
    PINION_WORK(new_count);
    for (size_t i = 0; i < old_count; i++) {
        for (struct pinion_map_node *node = old[i], *next; node; node = next) {
            next = node->next;
            add_to_bucket(map, node);
        }
    }
    free(old);
}

int pinion__map_reserve(struct pinion_map *map)
{
    if (!map->buckets)
        grow(map);
    return map->buckets ? 0 : PINION_ENOMEM;
}

/* Only asserts call it. */
__attribute__((unused)) static bool is_in(const struct pinion_map *map, const struct pinion_map_node *node,
                                          uint64_t hash)
{
    const struct pinion_map_node *other = *bucket_of(map, hash);
    while (other && other != node)
        other = other->next;
    return other == node;
}

int pinion__map_insert(struct pinion_map *map, struct pinion_map_node *node, uint64_t hash)
{
    if (map->count >= map->bucket_count)
        grow(map);
    if (!map->buckets)
        return PINION_ENOMEM;
    assert(!is_in(map, node, hash));
    node->hash = hash;
    add_to_bucket(map, node);
    map->count++;
    return 0;
}

void pinion__map_remove(struct pinion_map *map, struct pinion_map_node *node)
{
    struct pinion_map_node **link = bucket_of(map, node->hash);

    while (*link != node) {
        assert(*link);
        link = &(*link)->next;
        PINION_WORK(1);
    }
    *link = node->next;
    node->next = NULL;
    map->count--;
}

void pinion__map_each(struct pinion_map *map, void (*fn)(struct pinion_map_node *node, void *data),
                      void *data)
{
    PINION_WORK(map->bucket_count + map->count);
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (struct pinion_map_node *node = map->buckets[i], *next; node; node = next) {
            next = node->next;
            fn(node, data);
        }
    }
}
