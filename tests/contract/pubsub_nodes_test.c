/* What nodes on one broker know of each other: names that are taken, clusters that share a broker, messages
 * larger than it carries, nodes that go, and what waits for those that come back after an outage. */
#include <pinion/pinion.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/broker_log.h"
#include "helpers/freezing_proxy.h"
#include "pubsub/adapter.h"

struct kind {
    const struct broker_kind *broker;
    const char *scheme;
};

static const struct kind nats = { &broker_nats, "nats" }, redis = { &broker_redis, "redis" };

static const struct kind *kind;
static struct broker_server server;

static void begin_with(void **state, const char *const *extra)
{
    kind = *state;
    if (!broker_is_installed(kind->broker))
        skip();
    keep_log();
    broker_start(&server, kind->broker, extra);
}

static int finish(void **state)
{
    broker_kill(&server);
    pinion_log_set_function(NULL, NULL);
    return 0;
}

/* ---- nodes ---- */

struct node {
    pinion_pubsub_adapter *adapter;
    unsigned heard; /* messages */
    unsigned wrong; /* of these, that are not what was sent, or not in order */
    size_t longest; /* bytes */
    unsigned lost;
    unsigned subscribed;
    unsigned ups, downs; /* of its connection */
    unsigned gone;       /* others */
    char name[64];       /* of the last one */
};

static void on_received(void *core, const void *bytes, size_t length)
{
    struct node *node = core;
    const char *text = bytes;
    pthread_mutex_lock(&lock);
    if (length > 16) { /* a long one is the same letter over and over */
        for (size_t i = 1; i < length; i++)
            node->wrong += text[i] != text[0];
    } else if (length >= sizeof node->heard) {
        unsigned number = 0;
        memcpy(&number, bytes, sizeof number);
        node->wrong += number != node->heard;
    }
    node->heard++;
    if (length > node->longest)
        node->longest = length;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void note(unsigned *count, unsigned n)
{
    pthread_mutex_lock(&lock);
    *count += n;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_subscribed(void *core, const char *topic, uint64_t ticket)
{
    note(&((struct node *)core)->subscribed, 1);
}

static void on_refused(void *core, const char *topic, uint64_t ticket)
{
}

static void on_connection(void *core, bool up, const char *detail)
{
    struct node *node = core;
    note(up ? &node->ups : &node->downs, 1);
}

static void on_lost(void *core, size_t count)
{
    note(&((struct node *)core)->lost, (unsigned)count);
}

static void on_node(void *core, const char *name, bool up)
{
    struct node *node = core;
    pthread_mutex_lock(&lock);
    snprintf(node->name, sizeof node->name, "%s%c", name, up ? '+' : '-');
    node->gone += !up;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static const pinion_pubsub_events events = {
    .received = on_received,
    .subscribed = on_subscribed,
    .connection = on_connection,
    .lost = on_lost,
    .refused = on_refused,
    .node = on_node,
};

static void await_count(const unsigned *count, unsigned n, const char *what)
{
    struct timespec deadline = in_patience();
    int rc = 0;
    pthread_mutex_lock(&lock);
    while (*count < n && rc == 0)
        rc = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
    unsigned reached = *count;
    pthread_mutex_unlock(&lock);
    if (rc)
        fail_msg("%s: %u of %u", what, reached, n);
}

static void await_name(struct node *node, const char *name)
{
    struct timespec deadline = in_patience();
    int rc = 0;
    pthread_mutex_lock(&lock);
    while (strcmp(node->name, name) != 0 && rc == 0)
        rc = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&lock);
    if (rc)
        fail_msg("waited for %s; the last was %s", name, node->name);
}

static int try_node(struct node *node, const char *name, const char *settings, uint16_t port, char why[256])
{
    char url[256];
    memset(node, 0, sizeof *node);
    snprintf(url, sizeof url, "%s://127.0.0.1:%u?node=%s%s", kind->scheme, port, name, settings);
    assert_int_equal(pinion__adapter_open(url, &node->adapter), 0);
    return node->adapter->ops->start(node->adapter, &events, node, why, 256);
}

static void begin_node(struct node *node, const char *name, const char *settings, uint16_t port)
{
    char why[256] = "";
    int rc = try_node(node, name, settings, port, why);
    if (rc)
        fail_msg("%s: %s: %s", name, pinion_errname(rc), why);
    await_count(&node->ups, 1, "connected");
}

static void end_node(struct node *node)
{
    node->adapter->ops->stop(node->adapter);
    node->adapter->ops->free(node->adapter);
}

static void say(struct node *node, unsigned number)
{
    assert_int_equal(node->adapter->ops->broadcast(node->adapter, NULL, &number, sizeof number), 0);
}

/* ---- names ---- */

static void a_name_that_is_taken(void **state)
{
    struct node first, second, third;
    char why[256] = "";
    begin_with(state, NULL);
    begin_node(&first, "ann", "", server.port);
    begin_node(&third, "eve", "", server.port);
    assert_int_equal(try_node(&second, "ann", "", server.port, why), PINION_EADDRINUSE);
    assert_string_equal(why, "a node named ann runs already: each needs a name of its own");
    second.adapter->ops->free(second.adapter);
    say(&third, 0); /* the first one goes on, and nobody has taken it as gone */
    await_count(&first.heard, 1, "heard");
    assert_int_equal(third.gone, 0);
    end_node(&first);
    begin_node(&second, "ann", "", server.port); /* the name is free */
    end_node(&second);
    end_node(&third);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A node that runs in a process of its own, until it is killed. */
static pid_t start_other(const char *name)
{
    char url[128], byte;
    int ends[2];
    snprintf(url, sizeof url, "%s://127.0.0.1:%u?node=%s", kind->scheme, server.port, name);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/proc/self/exe", "node", url, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1); /* it is connected */
    close(ends[0]);
    return pid;
}

static int be_other(const char *url)
{
    struct node node = { .heard = 0 };
    char why[256] = "";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pinion__adapter_open(url, &node.adapter) != 0 ||
        node.adapter->ops->start(node.adapter, &events, &node, why, sizeof why) != 0)
        return 1;
    printf("r");
    fflush(stdout);
    for (;;)
        pause();
}

/* Under its own name, by whoever watches over it. */
static void a_node_that_crashed_is_back_at_once(void **state)
{
    struct node node;
    begin_with(state, NULL);
    pid_t pid = start_other("ann");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    uint64_t began = now_ms();
    begin_node(&node, "ann", "", server.port);
    if (now_ms() - began >= 900)
        fail_msg("it took %u ms: an answer of the dead was waited for", (unsigned)(now_ms() - began));
    end_node(&node);
}

/* It is there as far as the broker knows, and says nothing. */
static void a_namesake_that_hangs_keeps_nobody_away(void **state)
{
    struct node node, witness;
    int status;
    begin_with(state, NULL);
    begin_node(&witness, "eve", "", server.port);
    pid_t pid = start_other("ann");
    await_name(&witness, "ann+"); /* nothing that it said is on its way any more */
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    begin_node(&node, "ann", "", server.port);
    end_node(&node);
    end_node(&witness);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A supervisor starts the new one before the old one has gone: both have its notification socket. */
static void one_that_replaces_another_has_its_name(void **state)
{
    struct node old, new, other;
    begin_with(state, NULL);
    setenv("NOTIFY_SOCKET", "@0abcd", 1);
    begin_node(&other, "eve", "", server.port);
    begin_node(&old, "ann", "", server.port);
    await_name(&other, "ann+");
    begin_node(&new, "ann", "", server.port);
    unsetenv("NOTIFY_SOCKET");
    await_count(&other.gone, 1, "the old life has gone");
    await_name(&other, "ann+");
    end_node(&old);
    say(&new, 0);
    await_count(&other.heard, 1, "heard");
    assert_string_equal(other.name, "ann+"); /* the old one's goodbye is not the new one's */
    assert_int_equal(other.gone, 1);
    assert_int_equal(count_logged("named ann"), 0);
    end_node(&new);
    end_node(&other);
}

/* ---- nodes that go ---- */

static void it_is_known_who_has_gone(void **state)
{
    struct node a, b;
    begin_with(state, NULL);
    begin_node(&a, "a", "", server.port);
    begin_node(&b, "b", "", server.port);
    await_name(&a, "b+");
    end_node(&b); /* with a goodbye */
    await_name(&a, "b-");
    pid_t pid = start_other("c");
    await_name(&a, "c+");
    kill(pid, SIGSTOP); /* it says nothing any more */
    await_name(&a, "c-");
    kill(pid, SIGCONT);
    await_name(&a, "c+");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(a.adapter->ops->send(a.adapter, "c", "hello", 5), 0); /* the broker knows at once */
    await_name(&a, "c-");
    end_node(&a);
}

/* ---- clusters ---- */

static void clusters_of_other_names_are_ignored(void **state)
{
    struct node blue, green, green_too;
    begin_with(state, NULL);
    begin_node(&blue, "a", "&cluster=blue", server.port);
    begin_node(&green, "a", "&cluster=green", server.port); /* it may have the same name there */
    begin_node(&green_too, "b", "&cluster=green", server.port);
    await_name(&green, "b+");
    say(&blue, 77);
    say(&green_too, 0);
    say(&green_too, 1);
    await_count(&green.heard, 2, "heard in its cluster");
    await_logged("of the cluster \"green\" is on the same broker");
    await_logged("of the cluster \"blue\" is on the same broker");
    assert_int_equal(green.wrong, 0);
    assert_in_range(blue.heard, 0, 1); /* what it said itself, which Redis brings back */
    assert_int_equal(blue.gone, 0);
    assert_string_equal(blue.name, "");
    assert_int_equal(count_logged("of the cluster \"green\" is on the same broker"), 1);
    end_node(&blue);
    end_node(&green);
    end_node(&green_too);
}

/* ---- large messages ---- */

static void what_the_broker_does_not_carry_goes_in_pieces(void **state)
{
    static char large[3000000];
    char path[] = "/tmp/pinion-nats-XXXXXX";
    static const char configuration[] = "max_payload: 4096\n";
    struct node a, b;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, configuration, strlen(configuration)), strlen(configuration));
    close(fd);
    begin_with(state, *state == &nats ? (const char *const[]){ "-c", path, NULL } : NULL);
    unlink(path);
    begin_node(&a, "a", "", server.port);
    begin_node(&b, "b", "", server.port);
    memset(large, 'x', sizeof large);
    for (unsigned i = 0; i < 5; i++) {
        say(&a, 4 * i);
        assert_int_equal(a.adapter->ops->broadcast(a.adapter, NULL, large, sizeof large - i), 0);
        assert_int_equal(a.adapter->ops->send(a.adapter, "b", large, 65536), 0);
        assert_int_equal(a.adapter->ops->broadcast(a.adapter, NULL, large, 4097), 0);
        await_count(&b.heard, 4 * (i + 1), "heard");
    }
    assert_int_equal(b.longest, sizeof large);
    assert_int_equal(a.lost + b.lost + b.wrong, 0);
    end_node(&a);
    end_node(&b);
}

/* ---- outages ---- */

static void no_join_waits_for_a_broker_that_is_frozen(void **state)
{
    struct node node;
    begin_with(state, NULL);
    begin_node(&node, "a", "&topics=1", server.port);
    kill(server.pid, SIGSTOP);
    assert_int_equal(waitpid(server.pid, NULL, WUNTRACED), server.pid); /* it has stopped */
    uint64_t began = now_ms();
    int rc = node.adapter->ops->subscribe(node.adapter, "one", 1);
    if (rc != PINION_ENOTCONN)
        await_count(&node.subscribed, 1, "told that there is nothing to wait for");
    if (now_ms() - began > 3000)
        fail_msg("the first waited %u ms", (unsigned)(now_ms() - began));
    for (unsigned i = 2; now_ms() - began < 8000; i++) { /* for as long as it lasts */
        char topic[16];
        snprintf(topic, sizeof topic, "%u", i);
        assert_int_equal(node.adapter->ops->subscribe(node.adapter, topic, i), PINION_ENOTCONN);
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL); /* the rate of joins */
    }
    kill(server.pid, SIGCONT);
    await_count(&node.ups, 2, "connected again");
    assert_int_equal(node.adapter->ops->subscribe(node.adapter, "last", 1000), 0);
    await_count(&node.subscribed, rc == PINION_ENOTCONN ? 1 : 2, "confirmed");
    end_node(&node);
}

/* The broker goes from both; one of them comes back later than the other. */
static void what_was_said_in_an_outage_waits_for_those_that_come_back(void **state)
{
    struct freezing_proxy proxy;
    struct node a, b;
    unsigned number = 0;
    begin_with(state, NULL);
    proxy_start(&proxy, server.port);
    begin_node(&a, "a", "", server.port);
    begin_node(&b, "b", "", proxy.port);
    await_name(&a, "b+");
    say(&a, number++);
    await_count(&b.heard, 1, "heard before");
    broker_kill(&server);
    await_count(&a.downs, 1, "cut off");
    await_count(&b.downs, 1, "cut off");
    proxy_freeze(&proxy, true);
    while (number < 1000)
        say(&a, number++);
    broker_restart(&server, NULL);
    await_count(&a.ups, 2, "back");
    say(&a, number++); /* behind the others */
    proxy_freeze(&proxy, false);
    await_count(&b.heard, number, "heard after");
    assert_int_equal(b.wrong, 0);
    assert_int_equal(a.lost, 0);
    end_node(&a);
    end_node(&b);
    proxy_end(&proxy);
}

static void and_is_counted_where_nobody_does(void **state)
{
    struct node a;
    begin_with(state, NULL);
    begin_node(&a, "a", "", server.port);
    pid_t pid = start_other("b");
    await_name(&a, "b+");
    broker_kill(&server);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    await_count(&a.downs, 1, "cut off");
    for (unsigned i = 0; i < 100; i++)
        say(&a, i);
    broker_restart(&server, NULL);
    await_count(&a.ups, 2, "back");
    await_count(&a.lost, 100, "counted");
    end_node(&a);
    assert_int_equal(count_logged("1 nodes that were there before the outage are not back"), 1);
}

#define ON(name, which)                                                                                      \
    {                                                                                                        \
#name ", " #which, name, NULL, finish, (void *)&which                                                \
    }
#define ON_BOTH(name) ON(name, nats), ON(name, redis)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_name_that_is_taken),
        ON_BOTH(a_node_that_crashed_is_back_at_once),
        ON_BOTH(a_namesake_that_hangs_keeps_nobody_away),
        ON_BOTH(one_that_replaces_another_has_its_name),
        ON_BOTH(it_is_known_who_has_gone),
        ON_BOTH(clusters_of_other_names_are_ignored),
        ON_BOTH(what_the_broker_does_not_carry_goes_in_pieces),
        ON_BOTH(no_join_waits_for_a_broker_that_is_frozen),
        ON_BOTH(what_was_said_in_an_outage_waits_for_those_that_come_back),
        ON_BOTH(and_is_counted_where_nobody_does),
    };
    if (argc == 2)
        return be_other(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
