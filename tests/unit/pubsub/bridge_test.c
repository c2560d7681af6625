/* The bridge: meeting, order, an end that goes, one that takes its place, one that does not read, another
 * version. */
#include "pubsub/bridge.h"
#include "pubsub/bridge_frames.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 20

/* ---- a node: a bridge, its line, and what it heard ---- */

static struct node {
    pinion_pubsub_adapter *adapter;
    int line; /* our end of its line; a byte for each piece of news */
    int peers[8];
    int peer_count, peers_read;
    bool started;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    char heard[4096]; /* "+name up " "-name down " and messages */
    size_t messages;
} nodes[2];

static void note(struct node *node, const char *what, const void *text, size_t len)
{
    pthread_mutex_lock(&node->lock);
    size_t used = strlen(node->heard);
    snprintf(node->heard + used, sizeof node->heard - used, "%s%.*s ", what, (int)len, (const char *)text);
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->lock);
}

static void on_received(void *core, const void *bytes, size_t length)
{
    struct node *node = core;
    pthread_mutex_lock(&node->lock);
    node->messages++;
    pthread_mutex_unlock(&node->lock);
    note(node, "", bytes, length < 20 ? length : 20);
}

static void on_connection(void *core, bool up, const char *detail)
{
    note(core, up ? "up" : "down", "", 0);
}

static void on_lost(void *core, size_t count)
{
    note(core, "lost", "", 0);
}

static void on_node(void *core, const char *name, bool up)
{
    note(core, up ? "+" : "-", name, strlen(name));
}

static const pinion_pubsub_events events = {
    .received = on_received, .connection = on_connection, .lost = on_lost, .node = on_node
};

/* Wait until it has heard this, and forget it all. */
static void hears(struct node *node, const char *text)
{
    struct timespec deadline;
    int error = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&node->lock);
    while (strcmp(node->heard, text) != 0 && !error)
        error = pthread_cond_clockwait(&node->changed, &node->lock, CLOCK_MONOTONIC, &deadline);
    assert_string_equal(node->heard, text);
    node->heard[0] = '\0';
    pthread_mutex_unlock(&node->lock);
}

/* ---- the line: a byte says what comes, 'A' alone, 'P' the next of `peers` ---- */

static int open_line(void *context)
{
    struct node *node = context;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    if (node->peer_count == 0)
        assert_int_equal(write(ends[0], "A", 1), 1);
    for (int i = 0; i < node->peer_count; i++)
        assert_int_equal(write(ends[0], "P", 1), 1);
    node->line = ends[0];
    return ends[1];
}

static enum pinion_bridge_news hear_line(void *context, int line, int *peer)
{
    struct node *node = context;
    char byte = 0;
    if (recv(line, &byte, 1, MSG_DONTWAIT) == 0)
        return PINION_BRIDGE_OVER;
    if (byte == 'A')
        return PINION_BRIDGE_ALONE;
    *peer = node->peers[node->peers_read++];
    return PINION_BRIDGE_PEER;
}

/* ---- */

static int make_nodes(void **state)
{
    static const char *const names[] = { "one", "two" };
    for (int i = 0; i < 2; i++) {
        struct node *node = &nodes[i];
        *node = (struct node){ .line = -1 };
        pthread_mutex_init(&node->lock, NULL);
        pthread_cond_init(&node->changed, NULL);
        const struct pinion_bridge_line line = { open_line, hear_line, node };
        if (pinion__bridge_new(&node->adapter, names[i], &line) != 0)
            return -1;
    }
    return 0;
}

static void stop(struct node *node)
{
    if (node->started)
        node->adapter->ops->stop(node->adapter);
    node->started = false;
}

static int free_nodes(void **state)
{
    for (int i = 0; i < 2; i++) {
        stop(&nodes[i]);
        nodes[i].adapter->ops->free(nodes[i].adapter);
        if (nodes[i].line >= 0)
            close(nodes[i].line);
        pthread_cond_destroy(&nodes[i].changed);
        pthread_mutex_destroy(&nodes[i].lock);
    }
    return 0;
}

static void start(struct node *node)
{
    char why[64];
    assert_int_equal(node->adapter->ops->start(node->adapter, &events, node, why, sizeof why), 0);
    node->started = true;
}

/* Another end for a node. It may run, or not yet. */
static void give(struct node *node, int fd)
{
    node->peers[node->peer_count++] = fd;
    if (node->line >= 0)
        assert_int_equal(write(node->line, "P", 1), 1);
}

static void meet(void)
{
    int ends[2];
    start(&nodes[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    give(&nodes[0], ends[0]);
    give(&nodes[1], ends[1]);
    start(&nodes[1]);
    hears(&nodes[0], "up +two ");
    hears(&nodes[1], "up +one ");
}

static int say(struct node *node, const char *text)
{
    return node->adapter->ops->broadcast(node->adapter, "topic", text, strlen(text));
}

/* An end of the test's own, which reads and writes bytes. */
static int own_end(struct node *node)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    give(node, ends[0]);
    return ends[1];
}

static void send_frame(int fd, enum pinion_bridge_frame kind, const char *body, size_t len)
{
    char head[PINION_BRIDGE_HEAD];
    pinion__bridge_head(head, kind, len);
    assert_int_equal(send(fd, head, sizeof head, 0), sizeof head);
    assert_int_equal(send(fd, body, len, 0), len);
}

/* Read until the other end is closed. */
static void expect_end(int fd)
{
    char bytes[4096];
    ssize_t len;
    do
        len = recv(fd, bytes, sizeof bytes, 0);
    while (len > 0);
    assert_true(len == 0 || errno == ECONNRESET);
    close(fd);
}

/* ---- tests ---- */

static void alone_nothing_is_queued_and_nothing_fails(void **state)
{
    start(&nodes[0]);
    assert_int_equal(say(&nodes[0], "hello"), 0);
    assert_int_equal(nodes[0].adapter->ops->send(nodes[0].adapter, "two", "hello", 5), 0);
    stop(&nodes[0]);
    assert_int_equal(say(&nodes[0], "hello"), PINION_ECLOSED);
    assert_string_equal(nodes[0].heard, "");
}

static void two_that_meet_hear_each_other_in_order(void **state)
{
    meet();
    assert_int_equal(say(&nodes[0], "a"), 0);
    assert_int_equal(say(&nodes[0], "b"), 0);
    assert_int_equal(nodes[0].adapter->ops->send(nodes[0].adapter, "three", "not", 3), 0);
    assert_int_equal(nodes[0].adapter->ops->send(nodes[0].adapter, "two", "c", 1), 0);
    assert_int_equal(say(&nodes[1], "d"), 0);
    hears(&nodes[1], "a b c ");
    hears(&nodes[0], "d ");
}

/* It is the last start that waits: what either says as soon as it has returned arrives. */
static void a_start_waits_until_the_other_end_sends(void **state)
{
    for (int i = 0; i < 50; i++) {
        meet();
        assert_int_equal(say(&nodes[0], "from the old"), 0);
        assert_int_equal(say(&nodes[1], "from the new"), 0);
        hears(&nodes[1], "from the old ");
        hears(&nodes[0], "from the new ");
        free_nodes(state);
        make_nodes(state);
    }
}

static void what_was_said_before_an_end_arrives(void **state)
{
    static char large[1u << 20];
    memset(large, 'x', sizeof large - 1);
    meet();
    for (int i = 0; i < 8; i++)
        assert_int_equal(say(&nodes[0], large), 0);
    assert_int_equal(say(&nodes[0], "last"), 0);
    stop(&nodes[0]);
    hears(&nodes[0], "down -two ");
    char expected[512] = "";
    for (int i = 0; i < 8; i++)
        strcat(expected, "xxxxxxxxxxxxxxxxxxxx ");
    strcat(expected, "last down -one ");
    hears(&nodes[1], expected);
    assert_int_equal(say(&nodes[1], "to nobody"), 0);
}

static void another_one_takes_the_place(void **state)
{
    meet();
    int fd = own_end(&nodes[0]);
    hears(&nodes[0], "down -two ");
    hears(&nodes[1], "down -one ");
    send_frame(fd, PINION_BRIDGE_HELLO, "\x01three", 6);
    hears(&nodes[0], "up +three ");
    send_frame(fd, PINION_BRIDGE_MESSAGE, "hello", 5);
    send_frame(fd, 77, "from the future", 15);
    hears(&nodes[0], "hello ");
    close(fd);
    hears(&nodes[0], "down -three ");
}

static void an_end_that_is_not_understood_is_left(void **state)
{
    static const char *const hellos[] = { "\x02newer", "\x01" };
    start(&nodes[0]);
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
        int fd = own_end(&nodes[0]);
        send_frame(fd, PINION_BRIDGE_HELLO, hellos[i], strlen(hellos[i]));
        expect_end(fd);
    }
    int fd = own_end(&nodes[0]);
    send_frame(fd, PINION_BRIDGE_HELLO, "\x01two", 4);
    hears(&nodes[0], "up +two ");
    send_frame(fd, PINION_BRIDGE_HELLO, "\x01two", 4);
    expect_end(fd);
    hears(&nodes[0], "down -two ");
}

/* The queue is bounded, nobody waits, and there is room again when the other end has gone. */
static void an_end_that_does_not_read_costs_no_more_than_the_queue(void **state)
{
    static char large[4u << 20];
    int fd = own_end(&nodes[0]), taken = 0, rc;
    memset(large, 'x', sizeof large - 1);
    send_frame(fd, PINION_BRIDGE_HELLO, "\x01two", 4);
    send_frame(fd, PINION_BRIDGE_HEARD, "", 0);
    start(&nodes[0]);
    hears(&nodes[0], "up +two ");
    while ((rc = say(&nodes[0], large)) == 0)
        taken++;
    assert_int_equal(rc, PINION_EBUSY);
    assert_int_equal(taken, PINION_BRIDGE_QUEUE / sizeof large);
    char *longest = calloc(1, PINION_BRIDGE_QUEUE + 1);
    assert_int_equal(
        nodes[0].adapter->ops->broadcast(nodes[0].adapter, NULL, longest, PINION_BRIDGE_QUEUE + 1),
        PINION_ETOOBIG);
    free(longest);
    stop(&nodes[0]); /* it is given a second to read, and does not */
    close(fd);
    hears(&nodes[0], "down -two ");
}

/* The supervisor has never answered, or has gone. */
static void a_line_that_is_over_is_no_reason_to_wait(void **state)
{
    meet();
    close(nodes[0].line);
    nodes[0].line = -1;
    assert_int_equal(say(&nodes[0], "still"), 0);
    hears(&nodes[1], "still ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_nodes, free_nodes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alone_nothing_is_queued_and_nothing_fails),
        TEST(two_that_meet_hear_each_other_in_order),
        TEST(a_start_waits_until_the_other_end_sends),
        TEST(what_was_said_before_an_end_arrives),
        TEST(another_one_takes_the_place),
        TEST(an_end_that_is_not_understood_is_left),
        TEST(an_end_that_does_not_read_costs_no_more_than_the_queue),
        TEST(a_line_that_is_over_is_no_reason_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
