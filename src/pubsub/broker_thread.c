/* A broker's thread: connect, do what is queued, and begin again when the connection breaks. */
#include "pubsub/broker_int.h"
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 2000
#define IDLE_MS        1000 /* how often a link looks after itself */

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
    struct pinion_list subscriptions = PINION_LIST_HEAD(subscriptions);
    struct pinion_outgoing_item *item;
    int rc = 0;
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
    struct pinion_list items = PINION_LIST_HEAD(items);
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
    struct pinion_list items = PINION_LIST_HEAD(items);
    struct pinion_list messages = PINION_LIST_HEAD(messages);
    struct pinion_outgoing_item *item;
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
    struct pinion_list begun = PINION_LIST_HEAD(begun);
    struct names topics = { .items = PINION_LIST_HEAD(topics.items) };
    struct pinion_outgoing_item *item;
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
        struct pinion_list begun = PINION_LIST_HEAD(begun);
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

void *pinion__broker_run(void *data)
{
    struct pinion_broker *broker = data;
    struct pinion_broker_state *state = broker->state;
    unsigned failures = 0;
    bool first = true;
    for (bool go_on = true; go_on; first = false) {
        struct pinion_broker_problem why = { "" };
        int rc = connect_to_broker(broker, &why);
        bool hopeless = rc && rc != PINION_EIO && first;
        if (!rc)
            say_connected(broker);
        decide(state, hopeless ? rc : 0, &why); /* whoever waits for the start finds it connected */
        if (!rc) {
            failures = 0;
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
