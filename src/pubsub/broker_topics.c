/* A broker's subscriptions: of the node, and of topics where each has its own. */
#include "pubsub/broker_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what may not be ---- */

static void say_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    bool publishes = act == PINION_BROKER_PUBLISH;
    if (state->runs && pinion__broker_may_say(&state->said_refused))
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: the server does not let this user %s %s, nor perhaps others: %s; "
                    "it must be allowed all of %s.",
                    broker->link->name, publishes ? "publish to" : "subscribe to", subject,
                    publishes ? "other nodes do not get what is sent there"
                              : "nothing comes from other nodes on it",
                    broker->url.prefix);
}

void pinion__broker_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    if (act == PINION_BROKER_SUBSCRIBE)
        (void)pinion__topics_add(&state->refused, subject, 0);
    else
        snprintf(state->refused_publish, sizeof state->refused_publish, "%s", subject);
    pinion__unlock(&state->refusing);
    if (act == PINION_BROKER_PUBLISH && state->runs)
        pinion__broker_lost(broker, 1);
    say_refused(broker, act, subject);
}

/* A subscription was, on this connection. Thread: the broker's. */
static bool is_refused(struct pinion_broker *broker, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    bool refused = pinion__topics_find(&state->refused, subject) != NULL;
    pinion__unlock(&state->refusing);
    return refused;
}

static void forget_refusal(struct pinion_broker *broker, const char *subject)
{
    pinion__lock(&broker->state->refusing);
    pinion__topics_remove(&broker->state->refused, subject);
    pinion__unlock(&broker->state->refusing);
}

void pinion__broker_forget_refusals(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    pinion__topics_release(&state->refused);
    pinion__topics_init(&state->refused);
    state->refused_publish[0] = '\0';
    pinion__unlock(&state->refusing);
}

static int explain_refusal(struct pinion_broker *broker, const char *subject)
{
    return pinion__broker_explain(broker, PINION_EACCES,
                                  "the server does not let this user subscribe to %s: it must be allowed to "
                                  "subscribe and publish to all of %s.",
                                  subject, broker->url.prefix);
}

static int check_subscription(struct pinion_broker *broker, enum pinion_subject kind)
{
    char subject[PINION_SUBJECT_MAX];
    const struct pinion_broker_state *state = broker->state;
    (void)pinion__subject(subject, kind == PINION_SUBJECT_NODES ? broker->url.prefix : state->base, kind,
                          state->node);
    return is_refused(broker, subject) ? explain_refusal(broker, subject) : 0;
}

struct search {
    const char *topics; /* what subjects of topics begin with */
    const struct pinion_topics_entry *found;
};

static void find_other(struct pinion_map_node *node, void *data)
{
    const struct pinion_topics_entry *entry = PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
    struct search *search = data;
    if (strncmp(entry->name, search->topics, strlen(search->topics)) != 0)
        search->found = entry;
}

/* What a link needs beside these. The lock is held. */
static int check_others(struct pinion_broker *broker)
{
    char topics[PINION_SUBJECT_MAX];
    struct search search = { .topics = topics };
    size_t len = pinion__subject(topics, broker->state->base, PINION_SUBJECT_TOPIC, "");
    topics[len - 1] = '\0'; /* without what stands for no topic */
    pinion__map_each(&broker->state->refused.map, find_other, &search);
    return search.found ? explain_refusal(broker, search.found->name) : 0;
}

int pinion__broker_check_allowed(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    int rc = check_subscription(broker, PINION_SUBJECT_NODES);
    if (!rc)
        rc = check_subscription(broker, PINION_SUBJECT_ALL);
    if (!rc)
        rc = check_subscription(broker, PINION_SUBJECT_NODE);
    pinion__lock(&state->refusing);
    if (!rc)
        rc = check_others(broker);
    if (!rc && state->refused_publish[0])
        rc = pinion__broker_explain(broker, PINION_EACCES,
                                    "the server does not let this user publish to %s: it must be allowed to "
                                    "subscribe and publish to all of %s.",
                                    state->refused_publish, broker->url.prefix);
    pinion__unlock(&state->refusing);
    return rc;
}

/* ---- beginning and ending ---- */

static int subscribe_to(struct pinion_broker *broker, enum pinion_subject kind, const char *name)
{
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, broker->state->base, kind, name);
    forget_refusal(broker, subject);
    return broker->link->subscribe(broker, subject);
}

int pinion__broker_subscribe(struct pinion_broker *broker, const struct pinion_outgoing_item *item)
{
    char subject[PINION_SUBJECT_MAX];
    if (item->kind == PINION_OUTGOING_SUBSCRIBE)
        return subscribe_to(broker, PINION_SUBJECT_TOPIC, item->name);
    (void)pinion__subject(subject, broker->state->base, PINION_SUBJECT_TOPIC, item->name);
    return broker->link->unsubscribe(broker, subject);
}

/* Ticket 0 is of those that nobody waits for. */
static void tell(struct pinion_broker *broker, const struct pinion_outgoing_item *item, bool confirmed)
{
    struct pinion_broker_state *state = broker->state;
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, state->base, PINION_SUBJECT_TOPIC, item->name);
    if (confirmed && is_refused(broker, subject))
        state->events->refused(state->core, item->name, item->ticket);
    else if (item->ticket)
        state->events->subscribed(state->core, item->name, item->ticket);
}

static void tell_all(struct pinion_broker *broker, struct pinion_list *items, bool confirmed)
{
    struct pinion_outgoing_item *item;
    while ((item = pinion__outgoing_shift(items))) {
        if (item->kind == PINION_OUTGOING_SUBSCRIBE)
            tell(broker, item, confirmed);
        free(item);
    }
}

/* A broker that does not answer in time is away: nobody waits any more. It has as much time again. */
int pinion__broker_confirm(struct pinion_broker *broker, struct pinion_list *items, int rc)
{
    if (pinion__list_empty(items))
        return rc ? rc : broker->link->flush(broker);
    if (!rc)
        rc = broker->link->sync(broker);
    if (rc) {
        pinion__broker_away(broker);
        tell_all(broker, items, false);
    }
    if (rc == PINION_ETIMEDOUT && (rc = broker->link->sync(broker)) == 0)
        pinion__broker_back(broker);
    tell_all(broker, items, true);
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
    pinion__outgoing_return(&state->queue, &waiting); /* they are still to be made */
    pinion__unlock(&state->queue.lock);
    tell_all(broker, &begun, false);
}

void pinion__broker_back(struct pinion_broker *broker)
{
    pinion__lock(&broker->state->queue.lock);
    broker->state->away = false;
    pinion__unlock(&broker->state->queue.lock);
}

/* ---- everything ---- */

/* The topics, as items of the thread's own. */
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

/* What waits in the queue to begin or end is in the set of topics already. */
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
        tell_all(broker, &topics.items, true);
    pinion__outgoing_free_all(&topics.items);
    return rc;
}
