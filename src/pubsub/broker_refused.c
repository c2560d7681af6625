/* What a broker does not allow this node's user. Somebody may change that at the broker, but the node is not
 * told. So what was refused is tried again, as long as it is wanted.
 *
 * Publishing needs nothing of this: every message is a try. */
#include "base/clock.h"
#include "pubsub/broker_int.h"
#include <stdio.h>
#include <string.h>

#define ASK_MIN_MS 1000
#define ASK_MAX_MS 8000 /* with a second until the thread looks, and the answer: within 10 s */
#define ASK_MAX    1000 /* subscriptions in one go, if none was allowed the last time */

/* ---- refusing ---- */

static void say_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    bool publishes = act == PINION_BROKER_PUBLISH;
    if (state->runs && pinion__broker_may_say(&state->said_refused[act]))
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: the server does not let this user %s %s, nor perhaps others: %s; "
                    "it must be allowed all of %s.",
                    broker->link->name, publishes ? "publish to" : "subscribe to", subject,
                    publishes ? "other nodes do not get what is sent there"
                              : "nothing comes from other nodes on it, until it is allowed",
                    broker->url.prefix);
}

/* Is it the subject of a topic? The node needs all others. */
static bool is_topic(const struct pinion_broker_state *state, const char *subject)
{
    char topic[256];
    return pinion__subject_topic(subject, state->base, topic);
}

/* What cannot be remembered counts as something the node needs: the connection is made anew. */
static void note_refused(struct pinion_broker_state *state, const char *subject)
{
    if (!is_topic(state, subject) || pinion__topics_add(&state->refused, subject, state->round) != 0)
        snprintf(state->refused_needed, sizeof state->refused_needed, "%s", subject);
}

void pinion__broker_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    if (act == PINION_BROKER_SUBSCRIBE)
        note_refused(state, subject);
    else
        snprintf(state->refused_publish, sizeof state->refused_publish, "%s", subject);
    pinion__unlock(&state->refusing);
    say_refused(broker, act, subject); /* first: whoever hears of the loss knows why */
    if (act == PINION_BROKER_PUBLISH && state->runs)
        pinion__broker_lost(broker, 1);
}

bool pinion__broker_is_refused(struct pinion_broker *broker, const char *subject)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    bool refused = pinion__topics_find(&state->refused, subject) != NULL;
    pinion__unlock(&state->refusing);
    return refused;
}

void pinion__broker_forget_refusal(struct pinion_broker *broker, const char *subject)
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
    state->refused_needed[0] = '\0';
    state->refused_publish[0] = '\0';
    pinion__unlock(&state->refusing);
    state->asking = (struct pinion_asking){ .at = 0 };
}

/* ---- what the node needs ---- */

static int explain_refusal(struct pinion_broker *broker, const char *act, const char *subject)
{
    if (!*subject)
        return 0;
    return pinion__broker_explain(broker, PINION_EACCES,
                                  "the server does not let this user %s %s: it must be allowed to "
                                  "subscribe and publish to all of %s.",
                                  act, subject, broker->url.prefix);
}

static int check_needed(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->refusing);
    int rc = explain_refusal(broker, "subscribe to", state->refused_needed);
    pinion__unlock(&state->refusing);
    return rc;
}

int pinion__broker_check_allowed(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    int rc = check_needed(broker);
    pinion__lock(&state->refusing);
    if (!rc)
        rc = explain_refusal(broker, "publish to", state->refused_publish);
    pinion__unlock(&state->refusing);
    return rc;
}

/* ---- trying again ---- */

struct choice {
    struct pinion_broker_state *state;
    struct pinion_list *out; /* of pinion_outgoing_item.node */
    size_t room;
};

/* Both locks are held. A subscription that is no longer wanted is forgotten. One for which there is no memory
 * stays. */
static void choose(struct pinion_map_node *node, void *data)
{
    const struct pinion_topics_entry *entry = PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
    struct choice *choice = data;
    struct pinion_broker_state *state = choice->state;
    struct pinion_outgoing_item *item = NULL;
    char topic[256];
    if (choice->room == 0 || entry->ticket == state->round)
        return;
    bool wanted =
        pinion__subject_topic(entry->name, state->base, topic) && pinion__topics_find(&state->topics, topic);
    if (wanted && !(item = pinion__outgoing_item(PINION_OUTGOING_SUBSCRIBE, topic, NULL, 0)))
        return;
    if (item) {
        pinion__list_append(choice->out, &item->node);
        choice->room--;
    }
    pinion__topics_remove(&state->refused, entry->name);
}

/* Choose those that were not tried in this round; if there are none, begin the next round. Returns how many
 * are left. */
static size_t choose_all(struct pinion_broker_state *state, struct pinion_list *out, size_t most)
{
    struct choice choice = { .state = state, .out = out, .room = most };
    pinion__lock(&state->refusing);
    pinion__lock(&state->queue.lock);
    pinion__map_each(&state->refused.map, choose, &choice);
    if (pinion__list_empty(out)) {
        state->round++;
        pinion__map_each(&state->refused.map, choose, &choice);
    }
    pinion__unlock(&state->queue.lock);
    size_t left = state->refused.map.count;
    pinion__unlock(&state->refusing);
    return left;
}

static size_t count_refused(struct pinion_broker_state *state)
{
    pinion__lock(&state->refusing);
    size_t count = state->refused.map.count;
    pinion__unlock(&state->refusing);
    return count;
}

/* This is logged when nothing is refused any more: NATS refuses a moment after it has confirmed. */
static void end_asking(struct pinion_broker *broker)
{
    struct pinion_asking *asking = &broker->state->asking;
    if (asking->allowed)
        pinion__log(
            PINION_LOG_INFO,
            "pubsub %s: the server lets this user subscribe to what it had refused: messages of other "
            "nodes come in",
            broker->link->name);
    *asking = (struct pinion_asking){ .at = 0 };
}

static int ask(struct pinion_broker *broker, struct pinion_list *items)
{
    int rc = 0;
    PINION_LIST_FOREACH (node, items) {
        if (!rc)
            rc = pinion__broker_subscribe(broker,
                                          PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node));
    }
    return pinion__broker_confirm(broker, items, rc);
}

/* If one is allowed now, the rest may be too, and is tried soon. */
static int ask_for_some(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    struct pinion_asking *asking = &state->asking;
    struct pinion_list items = PINION_LIST_HEAD(items);
    size_t most = asking->allowed && asking->times == 0 ? SIZE_MAX : ASK_MAX, count = 0;
    size_t left = choose_all(state, &items, most);
    PINION_LIST_FOREACH (node, &items) {
        count++;
    }
    if (count == 0 && left == 0) {
        end_asking(broker);
        return 0;
    }
    int rc = ask(broker, &items);
    bool allowed = count_refused(state) < left + count;
    asking->allowed |= allowed;
    asking->times = allowed ? 0 : asking->times + 1;
    asking->at = pinion__clock_ms() + pinion__broker_backoff(ASK_MIN_MS, ASK_MAX_MS, asking->times);
    return rc;
}

int pinion__broker_ask_again(struct pinion_broker *broker)
{
    struct pinion_asking *asking = &broker->state->asking;
    uint64_t now = pinion__clock_ms();
    int rc = check_needed(broker);
    if (rc)
        return rc;
    if (!asking->at && count_refused(broker->state) > 0)
        asking->at = now + ASK_MIN_MS;
    return asking->at && now >= asking->at ? ask_for_some(broker) : 0;
}
