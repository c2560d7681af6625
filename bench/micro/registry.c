/* Topics and their subscribers: joining and leaving a small and a large topic, and publishing to a function
 * that only counts. */
#include "micro.h"
#include "pubsub/pubsub.h"
#include <stdio.h>
#include <stdlib.h>

static struct pinion_registry registry;
static struct pinion_subscriber *subscribers;
static size_t subscriber_count;

static void set_up(size_t size)
{
    pinion__registry_init(&registry, NULL);
    subscriber_count = size;
    subscribers = calloc(size, sizeof *subscribers);
    if (!subscribers)
        micro_fail("subscribers");
}

static void tear_down(void)
{
    pinion__registry_release(&registry);
    free(subscribers);
}

static void join(struct pinion_slice name, struct pinion_subscriber *subscriber)
{
    struct pinion_topic *topic = pinion__topic_hold(&registry, name);
    if (!topic || pinion__topic_subscribe(topic, subscriber) != 0)
        micro_fail("subscribing");
}

static void leave(struct pinion_subscriber *subscriber)
{
    struct pinion_topic *topic = subscriber->topic;
    pinion__topic_unsubscribe(subscriber);
    pinion__topic_drop(topic);
}

/* All join one topic, and leave in the order in which they joined. */
static void crowd(unsigned iterations, size_t size)
{
    struct pinion_slice name = pinion__slice_str("rooms:lobby");
    for (unsigned i = 0; i < iterations; i++) {
        for (size_t k = 0; k < subscriber_count; k++)
            join(name, &subscribers[k]);
        for (size_t k = 0; k < subscriber_count; k++)
            leave(&subscribers[k]);
    }
}

/* Each joins a topic of its own. */
static void loners(unsigned iterations, size_t size)
{
    char name[32];
    for (unsigned i = 0; i < iterations; i++) {
        for (size_t k = 0; k < subscriber_count; k++) {
            int len = snprintf(name, sizeof name, "users:%zu", k);
            join(pinion__slice(name, (size_t)len), &subscribers[k]);
        }
        for (size_t k = 0; k < subscriber_count; k++)
            leave(&subscribers[k]);
    }
}

/* ---- publishing ---- */

static struct pinion_pubsub pubsub;
static struct pinion_pubsub_loop loop;
static struct pinion_broadcast *broadcast;
static size_t delivered;

static void count_delivery(void *context, struct pinion_topic *topic, struct pinion_broadcast *what)
{
    for (uint32_t i = 0; i < topic->count; i++)
        delivered += topic->entries[i].subscriber->lane;
}

static void set_up_pubsub(size_t size)
{
    delivered = 0;
    subscriber_count = size;
    subscribers = calloc(size, sizeof *subscribers);
    if (!subscribers)
        micro_fail("subscribers");
    micro_must(pinion__pubsub_init(&pubsub), "pubsub");
    micro_must(pinion__pubsub_add_loop(&pubsub, &loop, NULL, count_delivery, NULL), "pubsub");
    micro_must(pinion__broadcast_new(&broadcast, 0, "rooms:lobby", "new_msg", NULL), "a broadcast");
    for (size_t i = 0; i < size; i++) {
        struct pinion_topic *topic = pinion__topic_hold(&loop.registry, pinion__slice_str("rooms:lobby"));
        subscribers[i].lane = 1;
        if (!topic || pinion__topic_subscribe(topic, &subscribers[i]) != 0)
            micro_fail("subscribing");
    }
}

static void publish(unsigned iterations, size_t size)
{
    for (unsigned i = 0; i < iterations; i++)
        pinion__pubsub_publish(&pubsub, &loop, broadcast);
    if (delivered != (size_t)iterations * subscriber_count)
        micro_fail("delivering");
}

static void tear_down_pubsub(void)
{
    for (size_t i = 0; i < subscriber_count; i++)
        leave(&subscribers[i]);
    pinion__broadcast_unref(broadcast);
    pinion__pubsub_release(&pubsub);
    free(subscribers);
}

const struct micro micro_registry[] = {
    { "registry/join-leave/1000-in-one", 30, 1000, 1000, set_up, crowd, tear_down },
    { "registry/join-leave/1000-alone", 10, 1000, 1000, set_up, loners, tear_down },
    { "registry/publish/1", 20000, 1, 1, set_up_pubsub, publish, tear_down_pubsub },
    { "registry/publish/1000-each", 2000, 1000, 1000, set_up_pubsub, publish, tear_down_pubsub },
    { 0 },
};
