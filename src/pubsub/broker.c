#include "pubsub/broker.h"
#include "base/list.h"
#include "base/log.h"
#include "base/thread.h"
#include "pubsub/envelope.h"
#include "pubsub/outgoing.h"
#include "pubsub/topics.h"
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 2000
#define IDLE_MS        1000 /* how often a link looks after itself */

struct pinion_broker_state {
    struct pinion_outgoing queue; /* its lock is also that of the next few */
    struct pinion_topics topics;  /* that are to come in */
    bool stopping;
    bool decided; /* the first attempt to connect is over */
    int outcome;  /* of it */
    struct pinion_broker_problem problem;
    pthread_cond_t decision;

    pthread_mutex_t receiving; /* of what follows; held while a message is handed over */
    bool taking;

    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    char node[PINION_NODE_MAX + 1];
};

static struct pinion_broker *broker_of(pinion_pubsub_adapter *adapter)
{
    return PINION_CONTAINER_OF(adapter, struct pinion_broker, base);
}

/* ---- in ---- */

void pinion__broker_received(struct pinion_broker *broker, const void *bytes, size_t length)
{
    struct pinion_broker_state *state = broker->state;
    pthread_mutex_lock(&state->receiving);
    if (state->taking)
        state->events->received(state->core, bytes, length);
    pthread_mutex_unlock(&state->receiving);
}

void pinion__broker_lost(struct pinion_broker *broker, size_t count)
{
    broker->state->events->lost(broker->state->core, count);
}

void pinion__broker_wake(struct pinion_broker *broker)
{
    pinion__outgoing_wake(&broker->state->queue);
}

static void take_messages(struct pinion_broker_state *state, bool taking)
{
    pthread_mutex_lock(&state->receiving);
    state->taking = taking;
    pthread_mutex_unlock(&state->receiving);
}

/* ---- the thread: what is to be done ---- */

static void confirm(struct pinion_broker *broker, struct pinion_list *subscriptions)
{
    struct pinion_outgoing_item *item;
    while ((item = pinion__outgoing_shift(subscriptions))) {
        broker->state->events->subscribed(broker->state->core, item->name, item->ticket);
        free(item);
    }
}

static int subscribe_to(struct pinion_broker *broker, enum pinion_subject kind, const char *name, bool on)
{
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, broker->url.prefix, kind, name);
    return on ? broker->link->subscribe(broker, subject) : broker->link->unsubscribe(broker, subject);
}

static int perform(struct pinion_broker *broker, const struct pinion_outgoing_item *item)
{
    char subject[PINION_SUBJECT_MAX];
    if (item->kind != PINION_OUTGOING_MESSAGE)
        return subscribe_to(broker, PINION_SUBJECT_TOPIC, item->name,
                            item->kind == PINION_OUTGOING_SUBSCRIBE);
    (void)pinion__subject(subject, broker->url.prefix, item->subject, item->name);
    return broker->link->publish(broker, subject, item->bytes, item->len);
}

/* Do all of these. After a failure the rest is left; the one that failed has been lost with the connection.
 */
static int perform_all(struct pinion_broker *broker, struct pinion_list *items)
{
    struct pinion_list subscriptions;
    struct pinion_outgoing_item *item;
    int rc = 0;
    pinion__list_init(&subscriptions);
    while (!rc && (item = pinion__outgoing_shift(items))) {
        rc = perform(broker, item);
        if (rc && item->kind == PINION_OUTGOING_MESSAGE)
            pinion__broker_lost(broker, 1);
        if (item->kind == PINION_OUTGOING_SUBSCRIBE)
            pinion__list_append(&subscriptions, &item->node);
        else
            free(item);
    }
    if (!rc)
        rc = pinion__list_empty(&subscriptions) ? broker->link->flush(broker) : broker->link->sync(broker);
    confirm(broker, &subscriptions);
    return rc;
}

/* Until the connection breaks, or the end: 0. */
static int work(struct pinion_broker *broker, struct pinion_broker_problem *why)
{
    struct pinion_broker_state *state = broker->state;
    struct pinion_list items;
    pinion__list_init(&items);
    for (;;) {
        pthread_mutex_lock(&state->queue.lock);
        pinion__outgoing_take(&state->queue, &items);
        bool stopping = state->stopping;
        pthread_mutex_unlock(&state->queue.lock);
        int rc = perform_all(broker, &items);
        if (!rc && stopping)
            return broker->link->sync(broker);
        if (!rc)
            rc = broker->link->wait(broker, state->queue.wake_fd, IDLE_MS, why);
        if (!rc)
            continue;
        pthread_mutex_lock(&state->queue.lock);
        pinion__outgoing_return(&state->queue, &items);
        pthread_mutex_unlock(&state->queue.lock);
        return rc;
    }
}

/* ---- the thread: connecting ---- */

/* Subscriptions that wait to be made or ended, which the set of topics stands for: those that began, in
 * *begun; messages stay. */
static void take_subscriptions(struct pinion_broker_state *state, struct pinion_list *begun)
{
    struct pinion_list items;
    struct pinion_list messages;
    struct pinion_outgoing_item *item;
    pinion__list_init(&items);
    pinion__list_init(&messages);
    pinion__outgoing_take(&state->queue, &items);
    while ((item = pinion__outgoing_shift(&items))) {
        if (item->kind == PINION_OUTGOING_MESSAGE)
            pinion__list_append(&messages, &item->node);
        else if (item->kind == PINION_OUTGOING_SUBSCRIBE)
            pinion__list_append(begun, &item->node);
        else
            free(item);
    }
    pinion__outgoing_return(&state->queue, &messages);
}

/* The topics, as names of the thread's own. */
struct names {
    struct pinion_list items;
    bool incomplete; /* there was no memory for all */
};

static void list_topic(struct pinion_map_node *node, void *data)
{
    const struct pinion_topics_entry *entry = PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
    struct names *names = data;
    struct pinion_outgoing_item *item =
        pinion__outgoing_item(PINION_OUTGOING_SUBSCRIBE, entry->name, NULL, 0);
    if (item)
        pinion__list_append(&names->items, &item->node);
    else
        names->incomplete = true;
}

static int subscribe_all(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    struct pinion_list begun;
    struct names topics = { .incomplete = false };
    struct pinion_outgoing_item *item;
    pinion__list_init(&begun);
    pinion__list_init(&topics.items);
    pthread_mutex_lock(&state->queue.lock);
    take_subscriptions(state, &begun);
    pinion__map_each(&state->topics.map, list_topic, &topics);
    pthread_mutex_unlock(&state->queue.lock);
    int rc = topics.incomplete ? PINION_EIO : subscribe_to(broker, PINION_SUBJECT_ALL, NULL, true);
    if (!rc)
        rc = subscribe_to(broker, PINION_SUBJECT_NODE, state->node, true);
    while ((item = pinion__outgoing_shift(&topics.items))) {
        if (!rc)
            rc = subscribe_to(broker, PINION_SUBJECT_TOPIC, item->name, true);
        free(item);
    }
    if (!rc)
        rc = broker->link->sync(broker);
    confirm(broker, &begun);
    return rc;
}

static int connect_to_broker(struct pinion_broker *broker, struct pinion_broker_problem *why)
{
    int rc = broker->link->open(broker, why);
    if (rc)
        return rc;
    take_messages(broker->state, true);
    return subscribe_all(broker);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A half to the whole of a time that doubles: nodes that lost the same broker do not come back in step. */
static uint64_t backoff_ms(unsigned failures)
{
    unsigned char dice = 0;
    uint64_t delay = failures < 5 ? BACKOFF_MIN_MS << failures : BACKOFF_MAX_MS;
    if (delay > BACKOFF_MAX_MS)
        delay = BACKOFF_MAX_MS;
    (void)RAND_bytes(&dice, 1);
    return delay / 2 + delay * dice / 510;
}

/* Wait before the next attempt. Nobody waits for a subscription meanwhile. False: it is the end. */
static bool wait_away(struct pinion_broker *broker, unsigned failures)
{
    struct pinion_broker_state *state = broker->state;
    uint64_t now = now_ms(), until = now + backoff_ms(failures);
    bool stopping = false;
    while (!stopping) {
        struct pinion_list begun;
        pinion__list_init(&begun);
        pthread_mutex_lock(&state->queue.lock);
        take_subscriptions(state, &begun);
        stopping = state->stopping;
        pthread_mutex_unlock(&state->queue.lock);
        confirm(broker, &begun);
        now = now_ms();
        if (stopping || now >= until)
            break;
        struct pollfd wake = { .fd = state->queue.wake_fd, .events = POLLIN };
        (void)poll(&wake, 1, (int)(until - now));
    }
    return !stopping;
}

static void decide(struct pinion_broker_state *state, int outcome, const struct pinion_broker_problem *why)
{
    pthread_mutex_lock(&state->queue.lock);
    if (!state->decided) {
        state->decided = true;
        state->outcome = outcome;
        state->problem = *why;
        pthread_cond_signal(&state->decision);
    }
    pthread_mutex_unlock(&state->queue.lock);
}

static void say_connected(struct pinion_broker *broker)
{
    char where[300];
    snprintf(where, sizeof where, "to %s:%u", broker->url.host, broker->url.port);
    broker->state->events->connection(broker->state->core, true, where);
}

static void *run(void *data)
{
    struct pinion_broker *broker = data;
    struct pinion_broker_state *state = broker->state;
    unsigned failures = 0;
    bool first = true;
    for (bool go_on = true; go_on; first = false) {
        struct pinion_broker_problem why = { "" };
        int rc = connect_to_broker(broker, &why);
        bool hopeless = rc && rc != PINION_EIO && first;
        decide(state, hopeless ? rc : 0, &why);
        if (!rc) {
            failures = 0;
            say_connected(broker);
            rc = work(broker, &why);
        }
        take_messages(state, false);
        broker->link->close(broker);
        if (rc && !hopeless)
            state->events->connection(state->core, false, why.text);
        go_on = rc && !hopeless && wait_away(broker, failures++);
    }
    return NULL;
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
    int rc = pinion__thread_start(&state->thread, run, broker);
    if (rc)
        return rc;
    pthread_mutex_lock(&state->queue.lock);
    while (!state->decided)
        pthread_cond_wait(&state->decision, &state->queue.lock);
    rc = state->outcome;
    pthread_mutex_unlock(&state->queue.lock);
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
    pthread_mutex_lock(&queue->lock);
    int rc = pinion__outgoing_put(queue, item);
    pthread_mutex_unlock(&queue->lock);
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

static int subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_SUBSCRIBE, topic, NULL, 0);
    if (!item)
        return PINION_ENOMEM;
    item->ticket = ticket;
    pthread_mutex_lock(&state->queue.lock);
    int rc = pinion__topics_add(&state->topics, topic, ticket);
    if (rc)
        free(item);
    else
        rc = pinion__outgoing_put(&state->queue, item);
    if (rc)
        pinion__topics_remove(&state->topics, topic);
    pthread_mutex_unlock(&state->queue.lock);
    return rc;
}

/* Where there is no memory for saying so, messages go on coming in. */
static void unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_UNSUBSCRIBE, topic, NULL, 0);
    pthread_mutex_lock(&state->queue.lock);
    pinion__topics_remove(&state->topics, topic);
    if (item)
        (void)pinion__outgoing_put(&state->queue, item);
    pthread_mutex_unlock(&state->queue.lock);
}

static void stop(pinion_pubsub_adapter *adapter)
{
    struct pinion_broker_state *state = broker_of(adapter)->state;
    pthread_mutex_lock(&state->queue.lock);
    state->stopping = true;
    state->queue.closed = true;
    pinion__outgoing_wake(&state->queue);
    pthread_mutex_unlock(&state->queue.lock);
    pthread_join(state->thread, NULL);
}

static void free_state(struct pinion_broker_state *state)
{
    pinion__topics_release(&state->topics);
    pthread_mutex_destroy(&state->receiving);
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

/* ---- making one ---- */

/* Its own table, since the name and the hints differ. */
static int make_ops(struct pinion_broker *broker)
{
    pinion_pubsub_ops *ops = malloc(sizeof *ops);
    if (!ops)
        return PINION_ENOMEM;
    *ops = (pinion_pubsub_ops){
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

/* The host's name says where it runs, the rest tells its nodes, and their lives, apart. */
static int name_node(const struct pinion_broker *broker, char out[PINION_NODE_MAX + 1])
{
    char host[64] = "";
    unsigned char random[6] = { 0 };
    if (broker->url.node) {
        if (!pinion__is_node_id(pinion__slice(broker->url.node, strlen(broker->url.node))))
            return pinion__fail(
                PINION_EINVAL,
                "pubsub: the URL's node is no name of 1 to %d bytes without control characters",
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

static int state_new(struct pinion_broker_state **out, size_t max)
{
    struct pinion_broker_state *state = calloc(1, sizeof *state);
    if (!state)
        return PINION_ENOMEM;
    int rc = pinion__outgoing_init(&state->queue, max);
    if (rc) {
        free(state);
        return rc;
    }
    pinion__topics_init(&state->topics);
    if (pthread_mutex_init(&state->receiving, NULL) != 0) {
        pinion__outgoing_release(&state->queue);
        free(state);
        return PINION_ENOMEM;
    }
    (void)pthread_cond_init(&state->decision, NULL);
    *out = state;
    return 0;
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
    if (rc)
        pinion__broker_release(broker);
    return rc;
}
