#include "pubsub/topics.h"
#include "base/list.h"
#include <pinion/error.h>
#include <stdlib.h>

static struct pinion_topics_entry *entry_of(struct pinion_map_node *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
}

static struct pinion_slice entry_name(const struct pinion_map_node *node)
{
    const struct pinion_topics_entry *entry = PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
    return pinion__slice(entry->name, entry->len);
}

void pinion__topics_init(struct pinion_topics *topics)
{
    pinion__map_init(&topics->map, entry_name);
}

static void remove_entry(struct pinion_map_node *node, void *data)
{
    pinion__map_remove(data, node);
    free(entry_of(node));
}

void pinion__topics_release(struct pinion_topics *topics)
{
    pinion__map_each(&topics->map, remove_entry, &topics->map);
    pinion__map_release(&topics->map);
}

struct pinion_topics_entry *pinion__topics_find(const struct pinion_topics *topics, const char *name)
{
    struct pinion_slice slice = pinion__slice(name, strlen(name));
    struct pinion_map_node *node = pinion__map_find(&topics->map, slice, pinion__hash(slice));
    return node ? entry_of(node) : NULL;
}

static struct pinion_topics_entry *entry_new(struct pinion_topics *topics, struct pinion_slice name)
{
    struct pinion_topics_entry *entry = malloc(sizeof *entry + name.len + 1);
    if (!entry)
        return NULL;
    entry->data = NULL;
    entry->len = name.len;
    memcpy(entry->name, name.ptr, name.len);
    entry->name[name.len] = '\0';
    if (pinion__map_insert(&topics->map, &entry->node, pinion__hash(name)) == 0)
        return entry;
    free(entry);
    return NULL;
}

int pinion__topics_add(struct pinion_topics *topics, const char *name, uint64_t ticket)
{
    struct pinion_topics_entry *entry = pinion__topics_find(topics, name);
    if (!entry)
        entry = entry_new(topics, pinion__slice(name, strlen(name)));
    if (!entry)
        return PINION_ENOMEM;
    entry->ticket = ticket;
    return 0;
}

void pinion__topics_remove(struct pinion_topics *topics, const char *name)
{
    struct pinion_topics_entry *entry = pinion__topics_find(topics, name);
    if (entry)
        remove_entry(&entry->node, &topics->map);
}
