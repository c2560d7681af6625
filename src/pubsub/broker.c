#include "base/log.h"
#include "base/thread.h"
#include "pubsub/broker_int.h"
#include "pubsub/envelope.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PIECES_BUFFERS                                                                                       \
    4 /* so many times what this node may have waiting to be sent may be incomplete here                     \
       */

static struct pinion_broker *broker_of(pinion_pubsub_adapter *adapter)
{
    return PINION_CONTAINER_OF(adapter, struct pinion_broker, base);
}

/* ---- the adapter ---- */

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return broker_of((pinion_pubsub_adapter *)adapter)->state->node;
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    struct pinion_broker *broker = broker_of(adapter);
    struct pinion_broker_state *state = broker->state;
    state->events = events;
    state->core = core;
    int rc = pinion__thread_start(&state->thread, pinion__broker_run, broker);
    if (rc)
        return rc;
    pinion__lock(&state->queue.lock);
    while (!state->decided)
        pinion__lock_wait(&state->queue.lock, &state->decision);
    rc = state->outcome;
    pinion__unlock(&state->queue.lock);
    if (rc) {
        pthread_join(state->thread, NULL);
        snprintf(why, why_size, "%s", state->problem.text);
    }
    return rc;
}

static int put_message(struct pinion_broker *broker, enum pinion_subject subject, const char *name,
                       const void *bytes, size_t length)
{
    struct pinion_outgoing *queue = &broker->state->queue;
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_MESSAGE, name, bytes, length);
    if (!item)
        return PINION_ENOMEM;
    item->subject = subject;
    pinion__lock(&queue->lock);
    int rc = pinion__outgoing_put(queue, item);
    pinion__unlock(&queue->lock);
    return rc;
}

static int broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    struct pinion_broker *broker = broker_of(adapter);
    if (topic && broker->url.topics)
        return put_message(broker, PINION_SUBJECT_TOPIC, topic, bytes, length);
    return put_message(broker, PINION_SUBJECT_ALL, NULL, bytes, length);
}

static int send_to(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    return put_message(broker_of(adapter), PINION_SUBJECT_NODE, node, bytes, length);
}

/* While there is no connection, nobody waits for a subscription: item->ticket stays 0. */
static int subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_SUBSCRIBE, topic, NULL, 0);
    if (!item)
        return PINION_ENOMEM;
    pinion__lock(&state->queue.lock);
    bool away = state->away;
    item->ticket = away ? 0 : ticket;
    int rc = pinion__topics_add(&state->topics, topic, ticket);
    if (rc)
        free(item);
    else
        rc = pinion__outgoing_put(&state->queue, item);
    if (rc)
        pinion__topics_remove(&state->topics, topic);
    pinion__unlock(&state->queue.lock);
    return !rc && away ? PINION_ENOTCONN : rc;
}

/* If there is no memory for the item, messages go on coming in. */
static void unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_UNSUBSCRIBE, topic, NULL, 0);
    pinion__lock(&state->queue.lock);
    pinion__topics_remove(&state->topics, topic);
    if (item)
        (void)pinion__outgoing_put(&state->queue, item);
    pinion__unlock(&state->queue.lock);
}

static void stop(pinion_pubsub_adapter *adapter)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    pinion__lock(&state->queue.lock);
    state->stopping = true;
    state->queue.closed = true;
    pinion__outgoing_wake(&state->queue);
    pinion__unlock(&state->queue.lock);
    pthread_join(state->thread, NULL);
}

static void free_state(struct pinion_broker_state *state)
{
    pinion__topics_release(&state->topics);
    pinion__topics_release(&state->refused);
    (void)pinion__pieces_release(&state->pieces);
    pinion__peers_release(&state->peers);
    pinion__lock_destroy(&state->refusing);
    pinion__lock_destroy(&state->receiving);
    pthread_cond_destroy(&state->decision);
    pinion__outgoing_release(&state->queue);
    free(state);
}

void pinion__broker_release(struct pinion_broker *broker)
{
    if (broker->state)
        free_state(broker->state);
    pinion__broker_url_release(&broker->url);
    free((void *)broker->base.ops);
}

static void free_adapter(pinion_pubsub_adapter *adapter)
{
    struct pinion_broker *broker = broker_of(adapter);
    pinion__broker_release(broker);
    broker->link->free(broker);
}

/* ---- making a broker ---- */

/* Each broker has a table of its own, because name and hints differ. */
static int make_ops(struct pinion_broker *broker)
{
    pinion_pubsub_ops *ops = malloc(sizeof *ops);
    if (!ops)
        return PINION_ENOMEM;
    *ops = (pinion_pubsub_ops){
        .size = sizeof *ops,
        .name = broker->link->name,
        .node_id = node_id,
        .start = start,
        .broadcast = broadcast,
        .send = send_to,
        .stop = stop,
        .free = free_adapter,
    };
    if (broker->url.topics) {
        ops->subscribe = subscribe;
        ops->unsubscribe = unsubscribe;
    }
    broker->base.ops = ops;
    return 0;
}

/* The host's name says where the node runs. The rest distinguishes the nodes of a host, and their lives. */
static int name_node(const struct pinion_broker *broker, char out[PINION_NODE_MAX + 1])
{
    char host[64] = "";
    unsigned char random[6] = { 0 };
    if (broker->url.node) {
        if (!pinion__is_node_id(pinion__slice(broker->url.node, strlen(broker->url.node))))
            return pinion__fail(
                PINION_EINVAL,
                "pubsub: the URL's node is not a name of 1 to %d bytes without control characters",
                PINION_NODE_MAX);
        snprintf(out, PINION_NODE_MAX + 1, "%s", broker->url.node);
        return 0;
    }
    (void)gethostname(host, sizeof host - 1);
    if (!pinion__is_node_id(pinion__slice(host, strlen(host))))
        snprintf(host, sizeof host, "node");
    if (RAND_bytes(random, sizeof random) != 1)
        return pinion__fail(PINION_EIO, "the system gives no random bytes");
    snprintf(out, PINION_NODE_MAX + 1, "%s-%02x%02x%02x%02x%02x%02x", host, random[0], random[1], random[2],
             random[3], random[4], random[5]);
    return 0;
}

/* Make a number and a time that identify this life. */
static int be_born(struct pinion_broker_state *state)
{
    struct timespec now;
    if (RAND_bytes((unsigned char *)&state->life, sizeof state->life) != 1)
        return pinion__fail(PINION_EIO, "the system gives no random bytes");
    clock_gettime(CLOCK_REALTIME, &now);
    state->born = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    state->family = pinion__broker_family();
    return 0;
}

/* Allocate everything first, so that on a failure all of it can be released. */
static int state_new(struct pinion_broker_state **out, size_t max)
{
    struct pinion_broker_state *state = calloc(1, sizeof *state);
    if (!state)
        return PINION_ENOMEM;
    int rc = pinion__outgoing_init(&state->queue, max);
    if (!rc && (rc = pinion__peers_init(&state->peers)) != 0)
        pinion__outgoing_release(&state->queue);
    if (rc) {
        free(state);
        return rc;
    }
    (void)pinion__lock_init(&state->receiving, PINION_RANK_RECEIVING);
    (void)pinion__lock_init(&state->refusing, PINION_RANK_REFUSING);
    (void)pthread_cond_init(&state->decision, NULL);
    pinion__topics_init(&state->topics);
    pinion__topics_init(&state->refused);
    pinion__pieces_init(&state->pieces, PIECES_BUFFERS * max);
    state->away = true;
    *out = state;
    return be_born(state);
}

int pinion__broker_init(struct pinion_broker *broker, const char *url, uint16_t default_port)
{
    int rc = pinion__broker_url_read(&broker->url, url, default_port);
    if (!rc)
        rc = state_new(&broker->state, broker->url.buffer);
    if (!rc)
        rc = name_node(broker, broker->state->node);
    if (!rc)
        rc = make_ops(broker);
    if (rc) {
        pinion__broker_release(broker);
        return rc;
    }
    pinion__subject_base(broker->state->base, broker->url.prefix, broker->url.cluster);
    return 0;
}
