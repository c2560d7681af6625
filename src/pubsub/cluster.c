/* Nodes in one process. Each node has a queue, which a thread of its own empties. One lock guards the whole
 * cluster. */
#include "base/lock.h"
#include "base/misuse.h"
#include "base/quote.h"
#include "base/sized.h"
#include "base/thread.h"
#include "pubsub/envelope.h"
#include "pubsub/faults.h"
#include "pubsub/topics.h"
#include <pinion/pubsub.h>
#include <pthread.h>
#include <stdlib.h>

#define DEFAULT_MAX_QUEUE (64u << 20)

struct pinion_cluster {
    struct pinion_lock lock; /* of all that follows, and of all nodes */
    size_t refs;
    pinion_cluster_options options;
    struct pinion_list nodes; /* those that have started */
    struct pinion_faults faults;
};

enum item_kind { ITEM_MESSAGE, ITEM_SUBSCRIBED, ITEM_CONNECTION };

/* Something that a node's thread must report. */
struct item {
    struct pinion_list node;
    enum item_kind kind;
    uint64_t ticket; /* of ITEM_SUBSCRIBED */
    bool up;         /* of ITEM_CONNECTION */
    size_t len;
    char bytes[]; /* the message, or the topic */
};

struct node {
    pinion_pubsub_adapter base;
    pinion_cluster *cluster;
    struct pinion_list in_cluster;
    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    pthread_cond_t woken;
    bool stopping;
    struct pinion_list queue;
    size_t queued; /* bytes */
    size_t lost;   /* messages that were lost and not reported yet */
    struct pinion_topics topics;
    char name[];
};

static struct node *node_of(pinion_pubsub_adapter *adapter)
{
    return PINION_CONTAINER_OF(adapter, struct node, base);
}

/* ---- the cluster ---- */

static void unref(pinion_cluster *cluster)
{
    pinion__lock(&cluster->lock);
    bool last = --cluster->refs == 0;
    pinion__unlock(&cluster->lock);
    if (!last)
        return;
    pinion__faults_release(&cluster->faults);
    pinion__lock_destroy(&cluster->lock);
    free(cluster);
}

static int cluster_new(pinion_cluster **out, const pinion_cluster_options *options, size_t size)
{
    pinion_cluster_options known;
    int rc = PINION_TAKE(pinion_cluster_options, &known, options, size);
    if (rc)
        return rc;
    pinion_cluster *cluster = calloc(1, sizeof *cluster);
    if (!cluster)
        return PINION_ENOMEM;
    if (pinion__lock_init(&cluster->lock, PINION_RANK_CLUSTER) != 0) {
        free(cluster);
        return PINION_ENOMEM;
    }
    cluster->options = known;
    if (cluster->options.max_queue == 0)
        cluster->options.max_queue = DEFAULT_MAX_QUEUE;
    cluster->refs = 1;
    pinion__list_init(&cluster->nodes);
    pinion__faults_init(&cluster->faults, cluster->options.seed);
    *out = cluster;
    return 0;
}

int pinion_cluster_new_sized(pinion_cluster **out, const pinion_cluster_options *options, size_t size)
{
    PINION_NEEDED(out);
    PINION_RETURN(cluster_new(out, options, size));
}

void pinion_cluster_free(pinion_cluster *cluster)
{
    if (cluster)
        unref(cluster);
}

/* ---- a node's queue: the caller holds the lock ---- */

/* Returns NULL when out of memory. */
static struct item *enqueue(struct node *node, enum item_kind kind, const void *bytes, size_t len)
{
    struct item *item = malloc(sizeof *item + len + 1);
    if (!item)
        return NULL;
    *item = (struct item){ .kind = kind, .len = len };
    if (len)
        memcpy(item->bytes, bytes, len);
    item->bytes[len] = '\0';
    pinion__list_append(&node->queue, &item->node);
    node->queued += len;
    pthread_cond_signal(&node->woken);
    return item;
}

static void enqueue_connection(struct node *node)
{
    struct item *item = enqueue(node, ITEM_CONNECTION, NULL, 0);
    if (item)
        item->up = !pinion__faults_isolated(&node->cluster->faults, node->name);
}

static void deliver(struct node *from, struct node *to, const void *bytes, size_t len)
{
    pinion_cluster *cluster = from->cluster;
    if (!pinion__faults_carry(&cluster->faults, from->name, to->name))
        return;
    if (to->queued + len > cluster->options.max_queue || !enqueue(to, ITEM_MESSAGE, bytes, len)) {
        to->lost++;
        pthread_cond_signal(&to->woken);
    }
}

static struct item *dequeue(struct node *node)
{
    if (pinion__list_empty(&node->queue))
        return NULL;
    struct item *item = PINION_CONTAINER_OF(node->queue.next, struct item, node);
    pinion__list_remove(&item->node);
    node->queued -= item->len;
    return item;
}

/* ---- a node's thread ---- */

static void tell(struct node *node, const struct item *item)
{
    switch (item->kind) {
    case ITEM_MESSAGE:
        node->events->received(node->core, item->bytes, item->len);
        break;
    case ITEM_SUBSCRIBED:
        node->events->subscribed(node->core, item->bytes, item->ticket);
        break;
    case ITEM_CONNECTION:
        node->events->connection(node->core, item->up, item->up ? "to the cluster" : "cut off");
        break;
    }
}

static bool next(struct node *node, struct item **item, size_t *lost)
{
    pinion__lock(&node->cluster->lock);
    while (!node->stopping && node->lost == 0 && pinion__list_empty(&node->queue))
        pinion__lock_wait(&node->cluster->lock, &node->woken);
    bool go_on = !node->stopping;
    *item = go_on ? dequeue(node) : NULL;
    *lost = node->lost;
    node->lost = 0;
    pinion__unlock(&node->cluster->lock);
    return go_on;
}

static void *run(void *data)
{
    struct node *node = data;
    struct item *item;
    size_t lost;
    while (next(node, &item, &lost)) {
        if (lost)
            node->events->lost(node->core, lost);
        if (item)
            tell(node, item);
        free(item);
    }
    return NULL;
}

/* ---- the adapter ---- */

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return node_of((pinion_pubsub_adapter *)adapter)->name;
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    struct node *node = node_of(adapter);
    node->events = events;
    node->core = core;
    if (pinion__thread_start(&node->thread, run, node) != 0)
        return PINION_ENOMEM;
    pinion__lock(&node->cluster->lock);
    enqueue_connection(node);
    pinion__list_append(&node->cluster->nodes, &node->in_cluster);
    pinion__unlock(&node->cluster->lock);
    return 0;
}

/* The caller holds the lock. */
static bool wants(const struct node *node, const char *topic)
{
    return !topic || !node->cluster->options.topics || pinion__topics_find(&node->topics, topic);
}

static int broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    struct node *node = node_of(adapter);
    pinion__lock(&node->cluster->lock);
    int rc = pinion__list_empty(&node->in_cluster) ? PINION_ECLOSED : 0;
    PINION_LIST_FOREACH (it, &node->cluster->nodes) {
        struct node *other = PINION_CONTAINER_OF(it, struct node, in_cluster);
        if (!rc && other != node && wants(other, topic))
            deliver(node, other, bytes, length);
    }
    pinion__unlock(&node->cluster->lock);
    return rc;
}

static int send_to(pinion_pubsub_adapter *adapter, const char *name, const void *bytes, size_t length)
{
    struct node *node = node_of(adapter);
    pinion__lock(&node->cluster->lock);
    int rc = pinion__list_empty(&node->in_cluster) ? PINION_ECLOSED : 0;
    PINION_LIST_FOREACH (it, &node->cluster->nodes) {
        struct node *other = PINION_CONTAINER_OF(it, struct node, in_cluster);
        if (!rc && strcmp(other->name, name) == 0)
            deliver(node, other, bytes, length);
    }
    pinion__unlock(&node->cluster->lock);
    return rc;
}

static int subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    struct node *node = node_of(adapter);
    pinion__lock(&node->cluster->lock);
    int rc = pinion__topics_add(&node->topics, topic, ticket);
    struct item *item = rc ? NULL : enqueue(node, ITEM_SUBSCRIBED, topic, strlen(topic));
    if (item)
        item->ticket = ticket;
    else
        pinion__topics_remove(&node->topics, topic);
    pinion__unlock(&node->cluster->lock);
    return item ? 0 : PINION_ENOMEM;
}

static void unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
    struct node *node = node_of(adapter);
    pinion__lock(&node->cluster->lock);
    pinion__topics_remove(&node->topics, topic);
    pinion__unlock(&node->cluster->lock);
}

static void stop(pinion_pubsub_adapter *adapter)
{
    struct node *node = node_of(adapter);
    pinion__lock(&node->cluster->lock);
    pinion__list_remove(&node->in_cluster);
    node->stopping = true;
    pthread_cond_signal(&node->woken);
    pinion__unlock(&node->cluster->lock);
    pthread_join(node->thread, NULL);
}

static void free_node(pinion_pubsub_adapter *adapter)
{
    struct node *node = node_of(adapter);
    struct item *item;
    while ((item = dequeue(node)))
        free(item);
    pinion__topics_release(&node->topics);
    pthread_cond_destroy(&node->woken);
    unref(node->cluster);
    free(node);
}

/* There are two tables: with topics, and without. */
#define OPERATIONS                                                                                           \
    .size = sizeof(pinion_pubsub_ops), .name = "cluster", .node_id = node_id, .start = start,                \
    .broadcast = broadcast, .send = send_to, .stop = stop, .free = free_node

static const pinion_pubsub_ops ops = { OPERATIONS };
static const pinion_pubsub_ops topic_ops = { OPERATIONS, .subscribe = subscribe, .unsubscribe = unsubscribe };

static int refuse_name(const char *name)
{
    char quoted[PINION_QUOTED];
    return pinion__fail(
        PINION_EINVAL,
        "node: %s cannot be the name of a node: it must be UTF-8 of 1 to %d bytes without control characters",
        pinion__quote(quoted, pinion__slice_str(name)), PINION_NODE_MAX);
}

static int adapter_new(pinion_pubsub_adapter **out, pinion_cluster *cluster, const char *name)
{
    size_t len = strlen(name);
    if (!pinion__is_node_id(pinion__slice(name, len)))
        return refuse_name(name);
    struct node *node = calloc(1, sizeof *node + len + 1);
    if (!node)
        return PINION_ENOMEM;
    if (pthread_cond_init(&node->woken, NULL) != 0) {
        free(node);
        return PINION_ENOMEM;
    }
    node->base.ops = cluster->options.topics ? &topic_ops : &ops;
    node->cluster = cluster;
    memcpy(node->name, name, len);
    pinion__list_init(&node->in_cluster);
    pinion__list_init(&node->queue);
    pinion__topics_init(&node->topics);
    pinion__lock(&cluster->lock);
    cluster->refs++;
    pinion__unlock(&cluster->lock);
    *out = &node->base;
    return 0;
}

int pinion_cluster_adapter_new(pinion_pubsub_adapter **out, pinion_cluster *cluster, const char *node)
{
    PINION_NEEDED(out);
    PINION_NEEDED(cluster);
    PINION_NEEDED(node);
    PINION_RETURN(adapter_new(out, cluster, node));
}

/* ---- faults ---- */

static int cut_links(pinion_cluster *cluster, const char *name, const char *other, bool cut)
{
    if (!pinion__is_node_id(pinion__slice_str(name)))
        return refuse_name(name);
    if (other && !pinion__is_node_id(pinion__slice_str(other)))
        return refuse_name(other);
    pinion__lock(&cluster->lock);
    int rc = pinion__faults_cut(&cluster->faults, name, other, cut);
    PINION_LIST_FOREACH (it, &cluster->nodes) {
        struct node *node = PINION_CONTAINER_OF(it, struct node, in_cluster);
        if (!rc && !other && strcmp(node->name, name) == 0)
            enqueue_connection(node);
    }
    pinion__unlock(&cluster->lock);
    return rc;
}

int pinion_cluster_cut(pinion_cluster *cluster, const char *node, const char *other, bool cut)
{
    PINION_NEEDED(cluster);
    PINION_NEEDED(node);
    PINION_RETURN(cut_links(cluster, node, other, cut));
}

void pinion_cluster_lose(pinion_cluster *cluster, double probability)
{
    PINION_NEED(cluster, return );
    pinion__lock(&cluster->lock);
    cluster->faults.loss = probability;
    pinion__unlock(&cluster->lock);
}
