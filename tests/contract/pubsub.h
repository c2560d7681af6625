/* What every pubsub adapter must do (pinion/pubsub.h), as cmocka tests. For adapters of your own too: include
 * cmocka as its manual says, then this, and hand in a function that makes an adapter:
 *
 *     static int open(void *context, const char *node, pinion_pubsub_adapter **out) { ... }
 *
 *     int main(void)
 *     {
 *         return pubsub_contract_adapters("mine", open, NULL) + pubsub_contract_endpoints("mine", open,
 * NULL);
 *     }
 *
 * Adapters made by it, for nodes of different names, must reach each other. Tests run one after the other and
 * use topics and nodes of their own names. Link with pinion, cmocka and threads.
 */
#ifndef PINION_CONTRACT_PUBSUB_H
#define PINION_CONTRACT_PUBSUB_H

#include <errno.h>
#include <pinion/endpoint.h>
#include <pinion/pubsub.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PUBSUB_CONTRACT_PATIENCE_S 20
#define PUBSUB_CONTRACT_NODES      3

typedef int pubsub_contract_open_fn(void *context, const char *node, pinion_pubsub_adapter **out);

static pubsub_contract_open_fn *pubsub_contract_open;
static void *pubsub_contract_context;

/* ---- what one node hears ---- */

struct pubsub_contract_message {
    struct pubsub_contract_message *next;
    size_t len;
    char bytes[]; /* terminated */
};

struct pubsub_contract_node {
    pinion_pubsub_adapter *adapter;
    bool started;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    struct pubsub_contract_message *first;
    struct pubsub_contract_message **end;
    uint64_t confirmed; /* the last ticket */
    unsigned confirmations;
    bool up;
    bool inside; /* received() runs */
    bool closed; /* stop has returned */
};

static struct pubsub_contract_node pubsub_contract_nodes[PUBSUB_CONTRACT_NODES];

static inline void pubsub_contract_received(void *core, const void *bytes, size_t length)
{
    struct pubsub_contract_node *node = core;
    struct pubsub_contract_message *message = malloc(sizeof *message + length + 1);
    if (!message)
        abort();
    message->next = NULL;
    message->len = length;
    memcpy(message->bytes, bytes, length);
    message->bytes[length] = '\0';
    pthread_mutex_lock(&node->lock);
    if (node->inside || node->closed)
        abort(); /* two at once, or after the end */
    node->inside = true;
    *node->end = message;
    node->end = &message->next;
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->lock);
    sched_yield();
    pthread_mutex_lock(&node->lock);
    node->inside = false;
    pthread_mutex_unlock(&node->lock);
}

static inline void pubsub_contract_subscribed(void *core, const char *topic, uint64_t ticket)
{
    struct pubsub_contract_node *node = core;
    (void)topic;
    pthread_mutex_lock(&node->lock);
    node->confirmed = ticket;
    node->confirmations++;
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->lock);
}

static inline void pubsub_contract_connection(void *core, bool up, const char *detail)
{
    struct pubsub_contract_node *node = core;
    (void)detail;
    pthread_mutex_lock(&node->lock);
    node->up = up;
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->lock);
}

static inline void pubsub_contract_lost(void *core, size_t count)
{
    (void)core;
    fprintf(stderr, "%zu messages were lost\n", count);
    abort(); /* nothing here gives a reason to */
}

static inline void pubsub_contract_refused(void *core, const char *topic, uint64_t ticket)
{
    (void)core;
    (void)ticket;
    fprintf(stderr, "the subscription to %s was refused\n", topic);
    abort(); /* nothing here gives a reason to */
}

static inline void pubsub_contract_node_changed(void *core, const char *node, bool up)
{
    (void)core; /* an adapter may tell of nodes, and need not */
    (void)node;
    (void)up;
}

static const pinion_pubsub_events pubsub_contract_events = {
    .received = pubsub_contract_received,
    .subscribed = pubsub_contract_subscribed,
    .connection = pubsub_contract_connection,
    .lost = pubsub_contract_lost,
    .refused = pubsub_contract_refused,
    .node = pubsub_contract_node_changed,
};

static inline struct timespec pubsub_contract_deadline(void)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PUBSUB_CONTRACT_PATIENCE_S;
    return deadline;
}

/* With the lock held: wait for a change. */
static inline void pubsub_contract_wait(struct pubsub_contract_node *node, const struct timespec *deadline,
                                        const char *what)
{
    if (pthread_cond_clockwait(&node->changed, &node->lock, CLOCK_MONOTONIC, deadline) == ETIMEDOUT) {
        pthread_mutex_unlock(&node->lock);
        fail_msg("waited for %s in vain", what);
    }
}

/* The next message that begins with `prefix`; what comes before it is dropped. The caller frees it. */
static inline struct pubsub_contract_message *pubsub_contract_next(unsigned i, const char *prefix)
{
    struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
    struct timespec deadline = pubsub_contract_deadline();
    struct pubsub_contract_message *found = NULL;
    pthread_mutex_lock(&node->lock);
    while (!found) {
        while (!node->first)
            pubsub_contract_wait(node, &deadline, prefix);
        struct pubsub_contract_message *message = node->first;
        node->first = message->next;
        if (!node->first)
            node->end = &node->first;
        if (message->len >= strlen(prefix) && memcmp(message->bytes, prefix, strlen(prefix)) == 0)
            found = message;
        else
            free(message);
    }
    pthread_mutex_unlock(&node->lock);
    return found;
}

static inline void pubsub_contract_hears(unsigned i, const char *text)
{
    free(pubsub_contract_next(i, text));
}

/* Nothing with this prefix has come. */
static inline void pubsub_contract_has_not_heard(unsigned i, const char *prefix)
{
    struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
    bool heard = false;
    pthread_mutex_lock(&node->lock);
    for (const struct pubsub_contract_message *it = node->first; it; it = it->next)
        heard |= it->len >= strlen(prefix) && memcmp(it->bytes, prefix, strlen(prefix)) == 0;
    pthread_mutex_unlock(&node->lock);
    if (heard)
        fail_msg("node %u was sent \"%s\", which is for another", i, prefix);
}

/* ---- nodes ---- */

static inline void pubsub_contract_name(char *out, size_t size, unsigned i)
{
    static atomic_uint life;
    snprintf(out, size, "node-%u-%u", i, atomic_fetch_add(&life, 1));
}

static inline void pubsub_contract_begin(unsigned i)
{
    struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
    char name[64], why[256] = "";
    memset(node, 0, sizeof *node);
    pthread_mutex_init(&node->lock, NULL);
    pthread_cond_init(&node->changed, NULL);
    node->end = &node->first;
    pubsub_contract_name(name, sizeof name, i);
    assert_int_equal(pubsub_contract_open(pubsub_contract_context, name, &node->adapter), 0);
    assert_string_equal(node->adapter->ops->node_id(node->adapter), name);
    int rc = node->adapter->ops->start(node->adapter, &pubsub_contract_events, node, why, sizeof why);
    if (rc)
        fail_msg("start: %s (%s)", pinion_errname(rc), why);
    node->started = true;
    struct timespec deadline = pubsub_contract_deadline();
    pthread_mutex_lock(&node->lock);
    while (!node->up)
        pubsub_contract_wait(node, &deadline, "the connection");
    pthread_mutex_unlock(&node->lock);
}

static inline void pubsub_contract_stop(unsigned i)
{
    struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
    if (!node->started)
        return;
    node->started = false;
    node->adapter->ops->stop(node->adapter);
    pthread_mutex_lock(&node->lock);
    node->closed = true;
    pthread_mutex_unlock(&node->lock);
}

static inline int pubsub_contract_setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PUBSUB_CONTRACT_NODES; i++)
        pubsub_contract_begin(i);
    return 0;
}

static inline int pubsub_contract_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PUBSUB_CONTRACT_NODES; i++) {
        struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
        pubsub_contract_stop(i);
        node->adapter->ops->free(node->adapter);
        while (node->first) {
            struct pubsub_contract_message *message = node->first;
            node->first = message->next;
            free(message);
        }
        pthread_cond_destroy(&node->changed);
        pthread_mutex_destroy(&node->lock);
    }
    return 0;
}

static inline const char *pubsub_contract_id(unsigned i)
{
    pinion_pubsub_adapter *adapter = pubsub_contract_nodes[i].adapter;
    return adapter->ops->node_id(adapter);
}

static inline int pubsub_contract_say(unsigned i, const char *topic, const char *text)
{
    pinion_pubsub_adapter *adapter = pubsub_contract_nodes[i].adapter;
    return adapter->ops->broadcast(adapter, topic, text, strlen(text));
}

static inline int pubsub_contract_tell(unsigned i, const char *node, const char *text)
{
    pinion_pubsub_adapter *adapter = pubsub_contract_nodes[i].adapter;
    return adapter->ops->send(adapter, node, text, strlen(text));
}

/* Subscribe where there is something to subscribe to, and wait for the confirmation. */
static inline void pubsub_contract_subscribe(unsigned i, const char *topic)
{
    static uint64_t last_ticket;
    struct pubsub_contract_node *node = &pubsub_contract_nodes[i];
    uint64_t ticket = ++last_ticket;
    if (!node->adapter->ops->subscribe)
        return;
    assert_int_equal(node->adapter->ops->subscribe(node->adapter, topic, ticket), 0);
    struct timespec deadline = pubsub_contract_deadline();
    pthread_mutex_lock(&node->lock);
    while (node->confirmed != ticket)
        pubsub_contract_wait(node, &deadline, "the confirmation of a subscription");
    pthread_mutex_unlock(&node->lock);
}

static inline void pubsub_contract_unsubscribe(unsigned i, const char *topic)
{
    pinion_pubsub_adapter *adapter = pubsub_contract_nodes[i].adapter;
    if (adapter->ops->unsubscribe)
        adapter->ops->unsubscribe(adapter, topic);
}

/* ---- what an adapter does ---- */

static inline void pubsub_contract_broadcasts_reach_all_others(void **state)
{
    (void)state;
    pubsub_contract_subscribe(1, "news");
    pubsub_contract_subscribe(2, "news");
    assert_int_equal(pubsub_contract_say(0, "news", "hello"), 0);
    pubsub_contract_hears(1, "hello");
    pubsub_contract_hears(2, "hello");
    assert_int_equal(pubsub_contract_say(2, "news", "too"), 0);
    pubsub_contract_hears(1, "too");
}

static inline void pubsub_contract_without_a_topic_it_is_for_all(void **state)
{
    (void)state;
    assert_int_equal(pubsub_contract_say(0, NULL, "everybody"), 0);
    pubsub_contract_hears(1, "everybody");
    pubsub_contract_hears(2, "everybody");
}

static inline void pubsub_contract_one_node_is_reached_by_its_name(void **state)
{
    (void)state;
    assert_int_equal(pubsub_contract_tell(0, pubsub_contract_id(1), "for one"), 0);
    assert_int_equal(pubsub_contract_tell(0, pubsub_contract_id(2), "for two"), 0);
    pubsub_contract_hears(2, "for two");
    pubsub_contract_has_not_heard(2, "for one");
    pubsub_contract_hears(1, "for one");
    pubsub_contract_has_not_heard(1, "for two");
}

static inline void pubsub_contract_a_node_that_is_not_there_is_no_error(void **state)
{
    (void)state;
    assert_int_equal(pubsub_contract_tell(0, "nobody-of-that-name", "lost"), 0);
    assert_int_equal(pubsub_contract_tell(0, pubsub_contract_id(1), "there"), 0);
    pubsub_contract_hears(1, "there");
}

/* The next message that begins with the word is this one of its numbers. */
static inline void pubsub_contract_hears_number(unsigned i, const char *word, int n)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%s %d.", word, n);
    struct pubsub_contract_message *message = pubsub_contract_next(i, word);
    assert_int_equal(message->len, len);
    assert_memory_equal(message->bytes, text, len);
    free(message);
}

static inline void pubsub_contract_order_is_kept(void **state)
{
    char text[64];
    (void)state;
    pubsub_contract_subscribe(1, "count");
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "topic %d.", i);
        assert_int_equal(pubsub_contract_say(0, "count", text), 0);
        snprintf(text, sizeof text, "name %d.", i);
        assert_int_equal(pubsub_contract_tell(0, pubsub_contract_id(2), text), 0);
    }
    for (int i = 0; i < 2000; i++) {
        pubsub_contract_hears_number(1, "topic", i);
        pubsub_contract_hears_number(2, "name", i);
    }
}

static inline void pubsub_contract_any_bytes_pass(void **state)
{
    static const size_t sizes[] = { 3, 256, 4096, 65536, 500000 };
    (void)state;
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        char *bytes = malloc(sizes[n]);
        assert_non_null(bytes);
        for (size_t i = 0; i < sizes[n]; i++)
            bytes[i] = (char)(i * 7 + i / 251);
        memcpy(bytes, "b\r\n", 3);
        pinion_pubsub_adapter *adapter = pubsub_contract_nodes[0].adapter;
        assert_int_equal(adapter->ops->broadcast(adapter, NULL, bytes, sizes[n]), 0);
        struct pubsub_contract_message *message = pubsub_contract_next(1, "b\r\n");
        assert_int_equal(message->len, sizes[n]);
        assert_memory_equal(message->bytes, bytes, sizes[n]);
        free(message);
        free(bytes);
    }
    for (unsigned first = 0; first < 256; first++) { /* whatever they begin with */
        const char bytes[2] = { (char)first, 'x' };
        pinion_pubsub_adapter *adapter = pubsub_contract_nodes[0].adapter;
        assert_int_equal(adapter->ops->broadcast(adapter, NULL, bytes, sizeof bytes), 0);
        struct pubsub_contract_message *message = pubsub_contract_next(1, "");
        assert_int_equal(message->len, sizeof bytes);
        assert_memory_equal(message->bytes, bytes, sizeof bytes);
        free(message);
    }
}

static inline void pubsub_contract_any_topic_will_do(void **state)
{
    static const char *const topics[] = {
        "room:1",
        "room.1",
        "a b",
        "*",
        ">",
        "a.*.>",
        "",
        "%",
        "_",
        "?x=[y]",
        "\xC3\xBC\xE2\x82\xAC",
        "a\tb\nc",
        ".",
        "..",
        "$SYS.x",
        "pinion",
    };
    char text[64], longest[256] = { 0 };
    (void)state;
    memset(longest, '.', sizeof longest - 1);
    for (size_t i = 0; i <= sizeof topics / sizeof topics[0]; i++) {
        const char *topic = i < sizeof topics / sizeof topics[0] ? topics[i] : longest;
        snprintf(text, sizeof text, "topic %zu.", i);
        pubsub_contract_subscribe(1, topic);
        assert_int_equal(pubsub_contract_say(0, topic, text), 0);
        pubsub_contract_hears(1, text);
        pubsub_contract_unsubscribe(1, topic);
    }
}

static inline void pubsub_contract_topics_are_told_apart(void **state)
{
    (void)state;
    pubsub_contract_subscribe(1, "mine");
    pubsub_contract_subscribe(2, "*");
    assert_int_equal(pubsub_contract_say(0, "mine", "for mine"), 0);
    assert_int_equal(pubsub_contract_say(0, "*", "for star"), 0);
    pubsub_contract_hears(1, "for mine");
    pubsub_contract_hears(2, "for star");
    assert_int_equal(pubsub_contract_say(0, "mine", "more"), 0);
    pubsub_contract_hears(1, "more");
}

static inline void pubsub_contract_a_topic_may_be_taken_again(void **state)
{
    char text[64];
    (void)state;
    for (int i = 0; i < 50; i++) {
        pubsub_contract_subscribe(1, "again");
        snprintf(text, sizeof text, "again %d.", i);
        assert_int_equal(pubsub_contract_say(0, "again", text), 0);
        pubsub_contract_hears(1, text);
        pubsub_contract_unsubscribe(1, "again");
    }
    if (pubsub_contract_nodes[1].adapter->ops->subscribe)
        assert_int_equal(pubsub_contract_nodes[1].confirmations, 50); /* once each */
}

struct pubsub_contract_talker {
    pthread_t thread;
    char topic[32];
    int status;
};

static inline void *pubsub_contract_talk(void *data)
{
    struct pubsub_contract_talker *talker = data;
    char text[64];
    for (int i = 0; i < 500 && !talker->status; i++) {
        snprintf(text, sizeof text, "%s %d.", talker->topic, i);
        talker->status = pubsub_contract_say(0, talker->topic, text);
    }
    return NULL;
}

static inline void pubsub_contract_threads_may_talk_at_once(void **state)
{
    struct pubsub_contract_talker talkers[4];
    int heard[4] = { 0 };
    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(talkers[i].topic, sizeof talkers[i].topic, "talk-%d", i);
        talkers[i].status = 0;
        pubsub_contract_subscribe(1, talkers[i].topic);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&talkers[i].thread, NULL, pubsub_contract_talk, &talkers[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(talkers[i].thread, NULL);
        assert_int_equal(talkers[i].status, 0);
    }
    for (int i = 0; i < 2000; i++) {
        struct pubsub_contract_message *message = pubsub_contract_next(1, "talk-");
        int talker = message->bytes[5] - '0';
        assert_in_range(talker, 0, 3);
        assert_int_equal(strtol(message->bytes + 7, NULL, 10), heard[talker]++);
        free(message);
    }
}

static inline void pubsub_contract_what_was_taken_is_sent_before_the_end(void **state)
{
    (void)state;
    char text[64];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "last %d.", i);
        assert_int_equal(pubsub_contract_say(0, NULL, text), 0);
    }
    pubsub_contract_stop(0);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "last %d.", i);
        pubsub_contract_hears(1, text);
    }
    assert_int_equal(pubsub_contract_say(0, NULL, "too late"), PINION_ECLOSED);
    assert_int_equal(pubsub_contract_tell(0, pubsub_contract_id(1), "too late"), PINION_ECLOSED);
    assert_int_equal(pubsub_contract_say(2, NULL, "we go on"), 0);
    pubsub_contract_hears(1, "we go on");
}

/* received() aborts when it is called after the end. */
static inline void pubsub_contract_nothing_comes_after_the_end(void **state)
{
    struct pubsub_contract_talker talker = { .topic = "talk-0" };
    (void)state;
    pubsub_contract_subscribe(1, "talk-0");
    pubsub_contract_subscribe(2, "talk-0");
    assert_int_equal(pthread_create(&talker.thread, NULL, pubsub_contract_talk, &talker), 0);
    pubsub_contract_hears(1, "talk-0 10.");
    pubsub_contract_stop(1);
    pthread_join(talker.thread, NULL);
    assert_int_equal(talker.status, 0);
    pubsub_contract_hears(2, "talk-0 499.");
}

static inline void pubsub_contract_one_that_never_starts_can_be_freed(void **state)
{
    pinion_pubsub_adapter *adapter = NULL;
    (void)state;
    assert_int_equal(pubsub_contract_open(pubsub_contract_context, "never-started", &adapter), 0);
    assert_string_equal(adapter->ops->node_id(adapter), "never-started");
    adapter->ops->free(adapter);
}

#define PUBSUB_CONTRACT_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(pubsub_contract_##name, pubsub_contract_setup, pubsub_contract_teardown)

/* Check adapters by themselves. Returns how many tests failed. */
static inline int pubsub_contract_adapters(const char *name, pubsub_contract_open_fn *open_adapter,
                                           void *context)
{
    const struct CMUnitTest tests[] = {
        PUBSUB_CONTRACT_TEST(broadcasts_reach_all_others),
        PUBSUB_CONTRACT_TEST(without_a_topic_it_is_for_all),
        PUBSUB_CONTRACT_TEST(one_node_is_reached_by_its_name),
        PUBSUB_CONTRACT_TEST(a_node_that_is_not_there_is_no_error),
        PUBSUB_CONTRACT_TEST(order_is_kept),
        PUBSUB_CONTRACT_TEST(any_bytes_pass),
        PUBSUB_CONTRACT_TEST(any_topic_will_do),
        PUBSUB_CONTRACT_TEST(topics_are_told_apart),
        PUBSUB_CONTRACT_TEST(a_topic_may_be_taken_again),
        PUBSUB_CONTRACT_TEST(threads_may_talk_at_once),
        PUBSUB_CONTRACT_TEST(what_was_taken_is_sent_before_the_end),
        PUBSUB_CONTRACT_TEST(nothing_comes_after_the_end),
        cmocka_unit_test(pubsub_contract_one_that_never_starts_can_be_freed),
    };
    pubsub_contract_open = open_adapter;
    pubsub_contract_context = context;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

/* ---- what endpoints do with it ---- */

struct pubsub_contract_listener {
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    unsigned probes;
    int next;       /* the number that comes next */
    bool in_order;  /* so far */
    bool binary_ok; /* the binary payload came, and is whole */
    bool local;     /* an event that is for its own node came */
};

static struct pubsub_contract_endpoints {
    pinion_endpoint *of[2]; /* the same, where there is no adapter */
    struct pubsub_contract_listener listeners[2];
    pinion_subscription *subscriptions[2];
} pubsub_contract_two;

static inline void pubsub_contract_listen(const char *topic, const char *event, const pinion_payload *payload,
                                          void *data)
{
    struct pubsub_contract_listener *listener = data;
    size_t len = 0;
    const char *bytes = pinion_payload_bytes(payload, &len);
    (void)topic;
    pthread_mutex_lock(&listener->lock);
    if (strcmp(event, "probe") == 0)
        listener->probes++;
    else if (strcmp(event, "local") == 0)
        listener->local = true;
    else if (strcmp(event, "binary") == 0)
        listener->binary_ok = pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY && len == 4 &&
                              memcmp(bytes, "\0\xFF\r\n", 4) == 0;
    else
        listener->in_order &= json_integer_value(pinion_payload_get(payload, "n")) == listener->next++;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

static inline pinion_endpoint *pubsub_contract_endpoint(unsigned i)
{
    pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 2, .pubsub = "local" };
    pinion_endpoint *endpoint = NULL;
    char name[64];
    pubsub_contract_name(name, sizeof name, i);
    if (pubsub_contract_open)
        assert_int_equal(pubsub_contract_open(pubsub_contract_context, name, &options.pubsub_adapter), 0);
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_start(endpoint);
    if (rc)
        fail_msg("endpoint: %s (%s)", pinion_errname(rc), pinion_error_detail());
    return endpoint;
}

/* Have somebody broadcast until both hear it: then subscriptions are known everywhere. */
static inline void pubsub_contract_await_both(pinion_endpoint *endpoint)
{
    struct timespec now, deadline = pubsub_contract_deadline();
    for (unsigned i = 0; i < 2; i++) {
        struct pubsub_contract_listener *listener = &pubsub_contract_two.listeners[i];
        pthread_mutex_lock(&listener->lock);
        unsigned before = listener->probes;
        while (listener->probes == before) {
            pthread_mutex_unlock(&listener->lock);
            assert_int_equal(pinion_endpoint_broadcast(endpoint, "room", "probe", NULL), 0);
            clock_gettime(CLOCK_MONOTONIC, &now);
            assert_true(now.tv_sec < deadline.tv_sec);
            now.tv_nsec += 20000000;
            now.tv_sec += now.tv_nsec / 1000000000;
            now.tv_nsec %= 1000000000;
            pthread_mutex_lock(&listener->lock);
            if (listener->probes == before)
                pthread_cond_clockwait(&listener->changed, &listener->lock, CLOCK_MONOTONIC, &now);
        }
        pthread_mutex_unlock(&listener->lock);
    }
}

static inline int pubsub_contract_two_begin(void **state)
{
    struct pubsub_contract_endpoints *two = &pubsub_contract_two;
    (void)state;
    memset(two, 0, sizeof *two);
    for (unsigned i = 0; i < 2; i++) {
        pthread_mutex_init(&two->listeners[i].lock, NULL);
        pthread_cond_init(&two->listeners[i].changed, NULL);
        two->listeners[i].in_order = true;
        two->of[i] = i > 0 && !pubsub_contract_open ? two->of[0] : pubsub_contract_endpoint(i);
        assert_int_equal(pinion_endpoint_subscribe(two->of[i], "room", pubsub_contract_listen,
                                                   &two->listeners[i], &two->subscriptions[i]),
                         0);
    }
    pubsub_contract_await_both(two->of[0]);
    pubsub_contract_await_both(two->of[1]);
    return 0;
}

static inline int pubsub_contract_two_end(void **state)
{
    struct pubsub_contract_endpoints *two = &pubsub_contract_two;
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        pinion_subscription_free(two->subscriptions[i], NULL);
    pinion_endpoint_free(two->of[0]);
    if (two->of[1] != two->of[0])
        pinion_endpoint_free(two->of[1]);
    for (unsigned i = 0; i < 2; i++) {
        pthread_cond_destroy(&two->listeners[i].changed);
        pthread_mutex_destroy(&two->listeners[i].lock);
    }
    return 0;
}

static inline void pubsub_contract_count_to(unsigned i, int number)
{
    struct pubsub_contract_listener *listener = &pubsub_contract_two.listeners[i];
    struct timespec deadline = pubsub_contract_deadline();
    int rc = 0;
    pthread_mutex_lock(&listener->lock);
    while (listener->next < number && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&listener->changed, &listener->lock, CLOCK_MONOTONIC, &deadline);
    int heard = listener->next;
    bool in_order = listener->in_order;
    pthread_mutex_unlock(&listener->lock);
    assert_int_equal(heard, number);
    assert_true(in_order);
}

static inline void pubsub_contract_say_number(unsigned i, int n)
{
    assert_int_equal(
        pinion_endpoint_broadcast(pubsub_contract_two.of[i], "room", "n", pinion_json("{s:i}", "n", n)), 0);
}

static inline void pubsub_contract_each_hears_all_once_and_in_order(void **state)
{
    (void)state;
    for (int n = 0; n < 2000; n++)
        pubsub_contract_say_number(0, n);
    pubsub_contract_count_to(0, 2000);
    pubsub_contract_count_to(1, 2000);
    pubsub_contract_say_number(1, 2000);
    pubsub_contract_count_to(0, 2001);
    pubsub_contract_count_to(1, 2001);
}

static inline void pubsub_contract_binary_payloads_survive(void **state)
{
    (void)state;
    assert_int_equal(pinion_endpoint_broadcast(pubsub_contract_two.of[0], "room", "binary",
                                               pinion_payload_binary("\0\xFF\r\n", 4)),
                     0);
    pubsub_contract_say_number(0, 0);
    for (unsigned i = 0; i < 2; i++) {
        pubsub_contract_count_to(i, 1);
        assert_true(pubsub_contract_two.listeners[i].binary_ok);
    }
}

static inline void pubsub_contract_what_is_local_stays_so(void **state)
{
    (void)state;
    pinion_endpoint *const *of = pubsub_contract_two.of;
    assert_int_equal(pinion_endpoint_broadcast_local(of[0], "room", "local", NULL), 0);
    pubsub_contract_say_number(0, 0);
    pubsub_contract_count_to(0, 1);
    pubsub_contract_count_to(1, 1);
    assert_true(pubsub_contract_two.listeners[0].local);
    assert_int_equal(pubsub_contract_two.listeners[1].local, of[0] == of[1]);
}

static inline void pubsub_contract_it_is_counted(void **state)
{
    pinion_stats sent, received;
    (void)state;
    pubsub_contract_say_number(0, 0);
    pubsub_contract_count_to(1, 1);
    pinion_endpoint_stats(pubsub_contract_two.of[0], &sent);
    pinion_endpoint_stats(pubsub_contract_two.of[1], &received);
    assert_int_equal(sent.remote_connected, pubsub_contract_open != NULL);
    assert_int_equal(sent.remote_sent > 0, pubsub_contract_open != NULL);
    assert_int_equal(received.remote_received > 0, pubsub_contract_open != NULL);
    assert_int_equal(sent.remote_lost, 0);
    assert_int_equal(received.remote_refused, 0);
}

#define PUBSUB_CONTRACT_ENDPOINT_TEST(name)                                                                  \
    cmocka_unit_test_setup_teardown(pubsub_contract_##name, pubsub_contract_two_begin,                       \
                                    pubsub_contract_two_end)

/* Check two endpoints on adapters; or one without, where open_adapter is NULL. Returns how many tests
 * failed. */
static inline int pubsub_contract_endpoints(const char *name, pubsub_contract_open_fn *open_adapter,
                                            void *context)
{
    const struct CMUnitTest tests[] = {
        PUBSUB_CONTRACT_ENDPOINT_TEST(each_hears_all_once_and_in_order),
        PUBSUB_CONTRACT_ENDPOINT_TEST(binary_payloads_survive),
        PUBSUB_CONTRACT_ENDPOINT_TEST(what_is_local_stays_so),
        PUBSUB_CONTRACT_ENDPOINT_TEST(it_is_counted),
    };
    pubsub_contract_open = open_adapter;
    pubsub_contract_context = context;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

#endif
