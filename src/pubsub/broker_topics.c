/* A broker's subscriptions: those of the node, and those of topics if each topic has its own. */
#include "pubsub/broker_int.h"
#include <stdlib.h>

/* ---- beginning and ending ---- */

static int subscribe_to(struct pinion_broker *broker, enum pinion_subject kind, const char *name)
{
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, broker->state->base, kind, name);
    pinion__broker_forget_refusal(broker, subject);
    return broker->link->subscribe(broker, subject);
}

int pinion__broker_subscribe(struct pinion_broker *broker, const struct pinion_outgoing_item *item)
{
    char subject[PINION_SUBJECT_MAX];
    if (item->kind == PINION_OUTGOING_SUBSCRIBE)
        return subscribe_to(broker, PINION_SUBJECT_TOPIC, item->name);
    (void)pinion__subject(subject, broker->state->base, PINION_SUBJECT_TOPIC, item->name);
    pinion__broker_forget_refusal(broker, subject);
    return broker->link->unsubscribe(broker, subject);
}

/* Nobody waits any more, however the subscriptions end: their tickets become 0. */
static void let_go(struct pinion_broker *broker, struct pinion_list *items)
{
    struct pinion_broker_state *state = broker->state;
    PINION_LIST_FOREACH (node, items) {
        struct pinion_outgoing_item *item = PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node);
        if (item->kind == PINION_OUTGOING_SUBSCRIBE && item->ticket)
            state->events->subscribed(state->core, item->name, item->ticket);
        item->ticket = 0;
    }
}

static void tell(struct pinion_broker *broker, const struct pinion_outgoing_item *item)
{
    struct pinion_broker_state *state = broker->state;
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, state->base, PINION_SUBJECT_TOPIC, item->name);
    if (pinion__broker_is_refused(broker, subject))
        state->events->refused(state->core, item->name, item->ticket);
    else if (item->ticket)
        state->events->subscribed(state->core, item->name, item->ticket);
}

/* The broker has answered: report each subscription as done or refused. */
static void tell_all(struct pinion_broker *broker, struct pinion_list *items)
{
    struct pinion_outgoing_item *item;
    while ((item = pinion__outgoing_shift(items))) {
        if (item->kind == PINION_OUTGOING_SUBSCRIBE)
            tell(broker, item);
        free(item);
    }
}

/* A broker that does not answer in time counts as away: nobody waits any more. It has the same time once
 * more, and what it refuses then is reported too. */
int pinion__broker_confirm(struct pinion_broker *broker, struct pinion_list *items, int rc)
{
    if (pinion__list_empty(items))
        return rc ? rc : broker->link->flush(broker);
    if (!rc)
        rc = broker->link->sync(broker);
    if (rc) {
        pinion__broker_away(broker);
        let_go(broker, items);
    }
    if (rc == PINION_ETIMEDOUT && (rc = broker->link->sync(broker)) == 0)
        pinion__broker_back(broker);
    if (!rc)
        tell_all(broker, items);
    pinion__outgoing_free_all(items);
    return rc;
}

/* ---- away, and back ---- */

void pinion__broker_take_subscriptions(struct pinion_broker_state *state, struct pinion_list *out)
{
    struct pinion_list items = PINION_LIST_HEAD(items), messages = PINION_LIST_HEAD(messages);
    struct pinion_outgoing_item *item;
    pinion__outgoing_take(&state->queue, &items);
    while ((item = pinion__outgoing_shift(&items)))
        pinion__list_append(item->kind == PINION_OUTGOING_MESSAGE ? &messages : out, &item->node);
    pinion__outgoing_return(&state->queue, &messages);
}

void pinion__broker_away(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    struct pinion_list waiting = PINION_LIST_HEAD(waiting), begun = PINION_LIST_HEAD(begun);
    pinion__lock(&state->queue.lock);
    state->away = true;
    pinion__broker_take_subscriptions(state, &waiting);
    PINION_LIST_FOREACH (node, &waiting) {
        struct pinion_outgoing_item *item = PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node);
        struct pinion_outgoing_item *copy =
            item->ticket ? pinion__outgoing_item(item->kind, item->name, NULL, 0) : NULL;
        if (copy) {
            copy->ticket = item->ticket;
            pinion__list_append(&begun, &copy->node);
            item->ticket = 0;
        }
    }
    pinion__outgoing_return(&state->queue, &waiting); /* they must still be made */
    pinion__unlock(&state->queue.lock);
    let_go(broker, &begun);
    pinion__outgoing_free_all(&begun);
}

void pinion__broker_back(struct pinion_broker *broker)
{
    pinion__lock(&broker->state->queue.lock);
    broker->state->away = false;
    pinion__unlock(&broker->state->queue.lock);
}

/* ---- all subscriptions ---- */

/* The topics, as items of the thread. */
struct names {
    struct pinion_list items;
    bool incomplete; /* there was no memory for all of them */
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

/* The set of topics already includes what waits in the queue to begin or end. */
static bool list_topics(struct pinion_broker_state *state, struct names *topics)
{
    struct pinion_list waiting = PINION_LIST_HEAD(waiting);
    pinion__lock(&state->queue.lock);
    pinion__broker_take_subscriptions(state, &waiting);
    pinion__map_each(&state->topics.map, list_topic, topics);
    pinion__unlock(&state->queue.lock);
    pinion__outgoing_free_all(&waiting);
    return !topics->incomplete;
}

int pinion__broker_subscribe_all(struct pinion_broker *broker)
{
    struct names topics = { .items = PINION_LIST_HEAD(topics.items) };
    int rc = 0;
    if (!list_topics(broker->state, &topics))
        rc = pinion__broker_explain(broker, PINION_EIO, "out of memory");
    if (!rc)
        rc = subscribe_to(broker, PINION_SUBJECT_ALL, NULL);
    if (!rc)
        rc = subscribe_to(broker, PINION_SUBJECT_NODE, broker->state->node);
    PINION_LIST_FOREACH (node, &topics.items) {
        if (!rc)
            rc = pinion__broker_subscribe(broker,
                                          PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node));
    }
    if (!rc)
        rc = broker->link->sync(broker);
    if (!rc)
        rc = pinion__broker_check_allowed(broker);
    if (!rc)
        tell_all(broker, &topics.items);
    pinion__outgoing_free_all(&topics.items);
    return rc;
}
