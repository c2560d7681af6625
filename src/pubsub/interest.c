#include "pubsub/interest.h"
#include "base/list.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct pinion_map_node node;
    uint64_t loops;
    size_t name_len;
    char name[];
};

static struct pinion_slice entry_name(const struct pinion_map_node *node)
{
    const struct entry *entry = PINION_CONTAINER_OF(node, struct entry, node);
    return pinion__slice(entry->name, entry->name_len);
}

int pinion__interest_init(struct pinion_interest *interest)
{
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES; i++) {
        if (pthread_mutex_init(&interest->stripes[i].lock, NULL) != 0) {
            while (i--)
                pthread_mutex_destroy(&interest->stripes[i].lock);
            return PINION_ENOMEM;
        }
        pinion__map_init(&interest->stripes[i].topics, entry_name);
    }
    return 0;
}

void pinion__interest_release(struct pinion_interest *interest)
{
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES; i++) {
        pinion__map_release(&interest->stripes[i].topics);
        pthread_mutex_destroy(&interest->stripes[i].lock);
    }
}

static struct entry *find(struct pinion_map *map, struct pinion_slice name, uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(map, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct entry, node) : NULL;
}

static int turn_on(struct pinion_map *map, struct pinion_slice name, uint64_t hash, uint64_t bit)
{
    struct entry *entry = find(map, name, hash);
    if (!entry) {
        entry = malloc(sizeof *entry + name.len);
        if (!entry)
            return PINION_ENOMEM;
        entry->loops = 0;
        entry->name_len = name.len;
        memcpy(entry->name, name.ptr, name.len);
        if (pinion__map_insert(map, &entry->node, hash) != 0) {
            free(entry);
            return PINION_ENOMEM;
        }
    }
    entry->loops |= bit;
    return 0;
}

static void turn_off(struct pinion_map *map, struct pinion_slice name, uint64_t hash, uint64_t bit)
{
    struct entry *entry = find(map, name, hash);
    if (!entry)
        return;
    entry->loops &= ~bit;
    if (entry->loops == 0) {
        pinion__map_remove(map, &entry->node);
        free(entry);
    }
}

/* The map takes its buckets from the low bits, the stripe comes from the high ones. */
static unsigned stripe_of(uint64_t hash)
{
    return (unsigned)(hash >> 58) % PINION_INTEREST_STRIPES;
}

int pinion__interest_set(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                         unsigned loop, bool on)
{
    unsigned i = stripe_of(hash);
    int rc = 0;
    pthread_mutex_lock(&interest->stripes[i].lock);
    if (on)
        rc = turn_on(&interest->stripes[i].topics, name, hash, UINT64_C(1) << loop);
    else
        turn_off(&interest->stripes[i].topics, name, hash, UINT64_C(1) << loop);
    pthread_mutex_unlock(&interest->stripes[i].lock);
    return rc;
}

uint64_t pinion__interest_get(struct pinion_interest *interest, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name), loops = 0;
    unsigned i = stripe_of(hash);
    pthread_mutex_lock(&interest->stripes[i].lock);
    struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    if (entry)
        loops = entry->loops;
    pthread_mutex_unlock(&interest->stripes[i].lock);
    return loops;
}
