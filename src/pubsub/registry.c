#include "pubsub/registry.h"
#include "base/list.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

static struct pinion_slice topic_name(const struct pinion_map_node *node)
{
    const struct pinion_topic *topic = PINION_CONTAINER_OF(node, struct pinion_topic, node);
    return pinion__slice(topic->name, topic->name_len);
}

void pinion__registry_init(struct pinion_registry *registry,
                           int (*interest)(struct pinion_registry *, struct pinion_topic *, bool))
{
    pinion__map_init(&registry->topics, topic_name);
    registry->interest = interest;
}

void pinion__registry_release(struct pinion_registry *registry)
{
    assert(registry->topics.count == 0);
    pinion__map_release(&registry->topics);
}

static struct pinion_topic *find(const struct pinion_registry *registry, struct pinion_slice name,
                                 uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(&registry->topics, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct pinion_topic, node) : NULL;
}

struct pinion_topic *pinion__registry_find(const struct pinion_registry *registry, struct pinion_slice name)
{
    return find(registry, name, pinion__hash(name));
}

static struct pinion_topic *topic_new(struct pinion_registry *registry, struct pinion_slice name,
                                      uint64_t hash)
{
    struct pinion_topic *topic = malloc(sizeof *topic + name.len + 1);
    if (!topic)
        return NULL;
    memset(topic, 0, sizeof *topic);
    topic->registry = registry;
    topic->entries = &topic->single;
    topic->capacity = 1;
    topic->name_len = (uint32_t)name.len;
    memcpy(topic->name, name.ptr, name.len);
    topic->name[name.len] = '\0';
    if (pinion__map_insert(&registry->topics, &topic->node, hash) != 0) {
        free(topic);
        return NULL;
    }
    return topic;
}

struct pinion_topic *pinion__topic_hold(struct pinion_registry *registry, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    struct pinion_topic *topic = find(registry, name, hash);
    if (!topic)
        topic = topic_new(registry, name, hash);
    if (topic)
        topic->holds++;
    return topic;
}

/* Become interested in a topic. */
static int want(struct pinion_topic *topic)
{
    struct pinion_registry *registry = topic->registry;
    if (topic->interested || !registry->interest)
        return 0;
    int rc = registry->interest(registry, topic, true);
    if (rc && rc != PINION_EPENDING)
        return rc;
    topic->interested = true;
    topic->pending = rc == PINION_EPENDING;
    return 0;
}

/* End the interest if the topic has no subscriber and no waiter. */
static void settle(struct pinion_topic *topic)
{
    if (!topic->interested || topic->count || topic->waiting)
        return;
    topic->interested = topic->pending = false;
    topic->everywhere = NULL;
    (void)topic->registry->interest(topic->registry, topic, false);
}

static void collect(struct pinion_topic *topic)
{
    if (topic->holds || topic->count || topic->waiting)
        return;
    settle(topic);
    pinion__map_remove(&topic->registry->topics, &topic->node);
    if (topic->entries != &topic->single)
        free(topic->entries);
    free(topic);
}

void pinion__topic_drop(struct pinion_topic *topic)
{
    assert(topic->holds > 0);
    topic->holds--;
    collect(topic);
}

static int grow(struct pinion_topic *topic)
{
    uint32_t capacity = topic->capacity < 4 ? 4 : topic->capacity + topic->capacity / 2;
    bool inlined = topic->entries == &topic->single;
    struct pinion_entry *array = realloc(inlined ? NULL : topic->entries, capacity * sizeof *array);
    if (!array)
        return PINION_ENOMEM;
    if (inlined)
        array[0] = topic->single;
    topic->entries = array;
    topic->capacity = capacity;
    return 0;
}

/* Shrink the array when a topic has lost most of its subscribers. If it cannot shrink, it stays. */
static void shrink(struct pinion_topic *topic)
{
    if (topic->capacity < 16 || topic->count > topic->capacity / 4)
        return;
    struct pinion_entry *array = realloc(topic->entries, topic->capacity / 2 * sizeof *array);
    if (!array)
        return;
    topic->entries = array;
    topic->capacity /= 2;
}

/* One more on all loops together, or with -1 one less. */
static void count_everywhere(struct pinion_topic *topic, int change)
{
    if (topic->everywhere)
        atomic_fetch_add_explicit(topic->everywhere, (unsigned)change, memory_order_relaxed);
}

int pinion__topic_subscribe(struct pinion_topic *topic, struct pinion_subscriber *subscriber)
{
    int rc = topic->count == topic->capacity ? grow(topic) : 0;
    if (!rc)
        rc = want(topic);
    if (rc)
        return rc;
    subscriber->topic = topic;
    subscriber->subscribed = true;
    subscriber->index = topic->count;
    topic->entries[topic->count++] = (struct pinion_entry){ .subscriber = subscriber };
    count_everywhere(topic, 1);
    return 0;
}

int pinion__registry_subscribe(struct pinion_registry *registry, struct pinion_slice name,
                               struct pinion_subscriber *subscriber)
{
    struct pinion_topic *topic = pinion__topic_hold(registry, name);
    if (!topic)
        return PINION_ENOMEM;
    int rc = pinion__topic_subscribe(topic, subscriber);
    pinion__topic_drop(topic);
    return rc;
}

void pinion__topic_unsubscribe(struct pinion_subscriber *subscriber)
{
    struct pinion_topic *topic = subscriber->topic;
    if (!subscriber->subscribed)
        return;
    struct pinion_entry last = topic->entries[--topic->count];
    topic->entries[subscriber->index] = last;
    last.subscriber->index = subscriber->index;
    subscriber->subscribed = false;
    count_everywhere(topic, -1);
    settle(topic);
    shrink(topic);
    collect(topic);
}

int pinion__topic_await(struct pinion_topic *topic)
{
    int rc = want(topic);
    if (rc || !topic->pending)
        return rc;
    topic->waiting++;
    return PINION_EPENDING;
}

void pinion__topic_unawait(struct pinion_topic *topic)
{
    assert(topic->waiting > 0);
    topic->waiting--;
    settle(topic);
    collect(topic);
}
