/* The thread of a broker: connect, do what is queued, and begin again when the connection breaks. */
#include "base/clock.h"
#include "pubsub/broker_int.h"
#include <openssl/rand.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 2000
#define IDLE_MS        1000 /* how often a link looks after itself */

int pinion__broker_explain(struct pinion_broker *broker, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(broker->problem.text, sizeof broker->problem.text, format, args);
    va_end(args);
    return code;
}

void pinion__broker_lost(struct pinion_broker *broker, size_t count)
{
    broker->state->events->lost(broker->state->core, count);
}

void pinion__broker_wake(struct pinion_broker *broker)
{
    pinion__outgoing_wake(&broker->state->queue);
}

/* ---- working ---- */

static int publish_item(struct pinion_broker *broker, const struct pinion_outgoing_item *item)
{
    char subject[PINION_SUBJECT_MAX];
    (void)pinion__subject(subject, broker->state->base, item->subject, item->name);
    int rc = pinion__broker_publish(broker, item->subject, subject, pinion__slice(item->bytes, item->len));
    if (rc)
        pinion__broker_lost(broker, 1); /* with the connection */
    return rc;
}

/* Do all of these. After a failure, the rest stays in the list. */
static int perform_all(struct pinion_broker *broker, struct pinion_list *items)
{
    struct pinion_list subscriptions = PINION_LIST_HEAD(subscriptions);
    struct pinion_outgoing_item *item;
    int rc = 0;
    while (!rc && (item = pinion__outgoing_shift(items))) {
        rc = item->kind == PINION_OUTGOING_MESSAGE ? publish_item(broker, item)
                                                   : pinion__broker_subscribe(broker, item);
        if (item->kind == PINION_OUTGOING_SUBSCRIBE)
            pinion__list_append(&subscriptions, &item->node);
        else
            free(item);
    }
    return pinion__broker_confirm(broker, &subscriptions, rc);
}

/* Take what must be done now. Messages wait while nodes are expected back. Returns true at the end. */
static bool take_work(struct pinion_broker *broker, struct pinion_list *items)
{
    struct pinion_broker_state *state = broker->state;
    bool holds = pinion__broker_holds(broker);
    pinion__lock(&state->queue.lock);
    bool stopping = state->stopping;
    if (holds && !stopping)
        pinion__broker_take_subscriptions(state, items);
    else
        pinion__outgoing_take(&state->queue, items);
    pinion__unlock(&state->queue.lock);
    return stopping;
}

static int finish(struct pinion_broker *broker)
{
    pinion__broker_say_goodbye(broker);
    return broker->link->sync(broker);
}

/* Work until the connection breaks, or the end: 0. */
static int work(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    struct pinion_list items = PINION_LIST_HEAD(items);
    for (;;) {
        bool stopping = take_work(broker, &items);
        int rc = perform_all(broker, &items);
        if (!rc && stopping)
            return finish(broker);
        if (!rc)
            rc = pinion__broker_tend(broker);
        if (!rc)
            rc = pinion__broker_ask_again(broker);
        if (!rc)
            rc = broker->link->wait(broker, state->queue.wake_fd, IDLE_MS);
        if (!rc)
            continue;
        pinion__lock(&state->queue.lock);
        pinion__outgoing_return(&state->queue, &items);
        pinion__unlock(&state->queue.lock);
        return rc;
    }
}

/* ---- connecting ---- */

static int connect_to_broker(struct pinion_broker *broker)
{
    pinion__broker_forget_refusals(broker);
    atomic_store(&broker->state->nobody, false);
    atomic_store(&broker->state->namesake, false); /* a node that was heard before may have gone */
    int rc = broker->link->open(broker);
    if (rc)
        return rc;
    pinion__broker_take_messages(broker, true);
    rc = pinion__broker_claim_name(broker);
    if (!rc)
        rc = pinion__broker_subscribe_all(broker);
    return rc ? rc : pinion__broker_greet(broker);
}

uint64_t pinion__broker_backoff(uint64_t first, uint64_t longest, unsigned failures)
{
    unsigned char dice = 0;
    uint64_t delay = first;
    while (failures-- > 0 && delay < longest)
        delay *= 2;
    if (delay > longest)
        delay = longest;
    (void)RAND_bytes(&dice, 1);
    return delay / 2 + delay * dice / 510;
}

static bool is_stopping(struct pinion_broker_state *state)
{
    uint64_t count;
    pinion__lock(&state->queue.lock);
    bool stopping = state->stopping;
    ssize_t n = read(state->queue.wake_fd, &count, sizeof count);
    (void)n;
    pinion__unlock(&state->queue.lock);
    return stopping;
}

/* Wait before the next attempt. Returns false at the end. */
static bool wait_away(struct pinion_broker *broker, unsigned failures)
{
    struct pinion_broker_state *state = broker->state;
    uint64_t now = pinion__clock_ms(),
             until = now + pinion__broker_backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, failures);
    bool stopping;
    while (!(stopping = is_stopping(state)) && now < until) {
        struct pollfd wake = { .fd = state->queue.wake_fd, .events = POLLIN };
        (void)poll(&wake, 1, (int)(until - now));
        now = pinion__clock_ms();
    }
    return !stopping;
}

static void decide(struct pinion_broker *broker, int outcome)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->queue.lock);
    if (!state->decided) {
        state->decided = true;
        state->outcome = outcome;
        state->problem = broker->problem;
        pthread_cond_signal(&state->decision);
    }
    pinion__unlock(&state->queue.lock);
}

static void say_connected(struct pinion_broker *broker)
{
    char where[300];
    snprintf(where, sizeof where, "to %s:%u", broker->url.host, broker->url.port);
    pinion__broker_back(broker);
    atomic_store(&broker->state->runs, true);
    broker->state->events->connection(broker->state->core, true, where);
}

static void disconnect(struct pinion_broker *broker)
{
    pinion__broker_away(broker);
    pinion__broker_take_messages(broker, false);
    pinion__peers_await(&broker->state->peers, pinion__clock_ms());
    broker->link->close(broker);
}

/* Only the first attempt can fail because the settings never work: later they have worked before, and nobody
 * would hear of it. */
void *pinion__broker_run(void *data)
{
    struct pinion_broker *broker = data;
    struct pinion_broker_state *state = broker->state;
    unsigned failures = 0;
    bool first = true;
    for (bool go_on = true; go_on; first = false) {
        broker->problem.text[0] = '\0';
        int rc = connect_to_broker(broker);
        bool hopeless = rc && rc != PINION_EIO && rc != PINION_ETIMEDOUT && first;
        if (!rc)
            say_connected(broker);
        decide(broker, hopeless ? rc : 0); /* whoever waits for the start finds it connected */
        if (!rc) {
            failures = 0;
            rc = work(broker);
        }
        disconnect(broker);
        if (rc && !hopeless)
            state->events->connection(state->core, false, broker->problem.text);
        go_on = rc && !hopeless && wait_away(broker, failures++);
    }
    return NULL;
}
