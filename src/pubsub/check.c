/* See check.h. */
#include "pubsub/check.h"

/* ---- topics and their subscribers ---- */

static const char *entries_check(const struct pinion_topic *topic)
{
    bool inlined = topic->entries == &topic->single;
    if (topic->count > topic->capacity || inlined != (topic->capacity == 1))
        return "a topic has more entries than room for them";
    for (uint32_t i = 0; i < topic->count; i++) {
        const struct pinion_entry *entry = &topic->entries[i];
        if (!entry->subscriber || entry->subscriber->topic != topic || entry->subscriber->index != i)
            return "a topic has an entry whose subscriber is elsewhere";
        if (!entry->target != !entry->manner)
            return "an entry has a target but not how to reach it, or the other way round";
    }
    return NULL;
}

static const char *topic_check(const struct pinion_registry *registry, const struct pinion_topic *topic)
{
    if (topic->registry != registry)
        return "a topic is in the registry of another loop";
    if (topic->name[topic->name_len] != '\0')
        return "a topic's name is not terminated";
    if (topic->count == 0 && topic->holds == 0 && topic->waiting == 0)
        return "a topic exists that nobody has subscribed to or holds";
    if (topic->interested && topic->count == 0 && topic->waiting == 0)
        return "a topic is marked as wanted, but nobody has subscribed to it";
    if (registry->interest && topic->count + topic->waiting > 0 && !topic->interested)
        return "a topic has subscribers, but was not reported as wanted";
    if (topic->pending && !topic->interested)
        return "a topic is pending, but is not marked as wanted";
    return entries_check(topic);
}

const char *pinion__registry_check(const struct pinion_registry *registry)
{
    const struct pinion_map *map = &registry->topics;
    const char *wrong = pinion__map_check(map);
    for (size_t i = 0; i < map->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = map->buckets[i]; node && !wrong; node = node->next)
            wrong = topic_check(registry, PINION_CONTAINER_OF(node, struct pinion_topic, node));
    }
    return wrong;
}

/* ---- a loop ---- */

static const char *waiters_check(const struct pinion_pubsub_loop *loop)
{
    const char *wrong = pinion__list_check(&loop->waiters, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (link, &loop->waiters) {
        const struct pinion_waiter *waiter = PINION_CONTAINER_OF(link, struct pinion_waiter, node);
        if (!waiter->topic || waiter->topic->registry != &loop->registry || waiter->topic->waiting == 0)
            return "a waiter waits for a topic that does not count it";
    }
    return NULL;
}

static const char *told_check(struct pinion_pubsub *pubsub, const struct pinion_pubsub_loop *loop,
                              const struct pinion_topic *topic)
{
    struct pinion_slice name = pinion__slice(topic->name, topic->name_len);
    bool told = pinion__interest_get(&pubsub->interest, name) >> loop->index & 1;
    return told == topic->interested ? NULL : "a loop's topics differ from the interest table";
}

const char *pinion__pubsub_loop_check(struct pinion_pubsub *pubsub, const struct pinion_pubsub_loop *loop)
{
    const struct pinion_map *map = &loop->registry.topics;
    size_t wanted = 0;
    const char *wrong = pinion__registry_check(&loop->registry);
    for (size_t i = 0; i < map->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = map->buckets[i]; node && !wrong; node = node->next) {
            const struct pinion_topic *topic = PINION_CONTAINER_OF(node, struct pinion_topic, node);
            wrong = told_check(pubsub, loop, topic);
            wanted += topic->interested;
        }
    }
    if (!wrong && atomic_load(&loop->topics) != wanted)
        wrong = "a loop's count of topics differs from its registry";
    return wrong ? wrong : waiters_check(loop);
}
