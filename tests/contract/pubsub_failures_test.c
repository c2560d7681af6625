/* Brokers, nodes and networks that fail under load. Whatever happens: delivery on a node's own subscribers
 * goes on without a gap, nothing comes twice or out of order, and the other nodes are reached again within
 * RESUMES_WITHIN_S of the repair. */
#include <errno.h>
#include <pinion/pinion.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/broker.h"
#include "helpers/freezing_proxy.h"

#define RESUMES_WITHIN_S 10
#define PATIENCE_S       30

struct listener {
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    long last;     /* the largest number that came; -1: none */
    long heard;    /* how many came */
    bool in_order; /* each was larger than the one before */
    long life;     /* of the other process, as its last answer says */
};

struct node {
    pinion_endpoint *endpoint;
    pinion_subscription *subscription;
    struct listener listener;
};

/* What a test runs on. */
struct setting {
    const struct broker_kind *kind;
    const char *scheme;
    const char *extra; /* settings in the URL */
};

static struct broker_server server;
static const struct setting *setting;
static const char *program;

/* ---- nodes ---- */

static void listen_to(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    struct listener *listener = data;
    long n = (long)json_integer_value(pinion_payload_get(payload, "n"));
    pthread_mutex_lock(&listener->lock);
    if (strcmp(event, "pong") == 0) {
        listener->life = n;
    } else if (strcmp(event, "n") == 0) {
        listener->in_order &= n > listener->last;
        listener->last = n;
        listener->heard++;
    }
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

static void url_of(char *out, size_t size, const char *name, uint16_t port)
{
    snprintf(out, size, "%s://127.0.0.1:%u?node=%s%s", setting->scheme, port, name, setting->extra);
}

static void begin_node(struct node *node, const char *name, uint16_t port)
{
    char url[128];
    url_of(url, sizeof url, name, port);
    memset(node, 0, sizeof *node);
    pthread_mutex_init(&node->listener.lock, NULL);
    pthread_cond_init(&node->listener.changed, NULL);
    node->listener.last = -1;
    node->listener.in_order = true;
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 2, .pubsub = url };
    assert_int_equal(pinion_endpoint_new(&node->endpoint, &options), 0);
    assert_int_equal(pinion_endpoint_start(node->endpoint), 0);
    assert_int_equal(
        pinion_endpoint_subscribe(node->endpoint, "room", listen_to, &node->listener, &node->subscription),
        0);
}

static void end_node(struct node *node)
{
    pinion_stats stats;
    pinion_endpoint_stats(node->endpoint, &stats);
    assert_int_equal(stats.remote_refused, 0);
    pinion_subscription_free(node->subscription, NULL);
    pinion_endpoint_free(node->endpoint);
    pthread_cond_destroy(&node->listener.changed);
    pthread_mutex_destroy(&node->listener.lock);
}

static struct timespec in_seconds(int seconds)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += seconds;
    return deadline;
}

/* Until it has heard a number larger than this. */
static void await_beyond(struct node *node, long number, int seconds, const char *what)
{
    struct listener *listener = &node->listener;
    struct timespec deadline = in_seconds(seconds);
    int rc = 0;
    pthread_mutex_lock(&listener->lock);
    while (listener->last <= number && rc == 0)
        rc = pthread_cond_clockwait(&listener->changed, &listener->lock, CLOCK_MONOTONIC, &deadline);
    long last = listener->last;
    pthread_mutex_unlock(&listener->lock);
    if (last <= number)
        fail_msg("%s: %ld was heard, and nothing after it for %d s", what, last, seconds);
}

static void check_order(struct node *node, bool all)
{
    struct listener *listener = &node->listener;
    pthread_mutex_lock(&listener->lock);
    bool in_order = listener->in_order;
    long heard = listener->heard, last = listener->last;
    pthread_mutex_unlock(&listener->lock);
    assert_true(in_order);
    if (all)
        assert_int_equal(heard, last + 1);
}

/* ---- load ---- */

static struct load {
    pthread_t thread;
    pinion_endpoint *endpoint;
    atomic_bool stop;
    atomic_long next;
} load;

static void *publish(void *data)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };
    while (!atomic_load(&load.stop)) {
        for (int i = 0; i < 5; i++) {
            long n = atomic_fetch_add(&load.next, 1);
            (void)pinion_endpoint_broadcast(load.endpoint, "room", "n",
                                            pinion_json("{s:I}", "n", (json_int_t)n));
        }
        nanosleep(&millisecond, NULL); /* the rate: 5,000 a second */
    }
    return NULL;
}

/* What is published before the node's own subscription is known counts for nobody. */
static void begin_load(struct node *node)
{
    pinion_stats stats;
    do
        pinion_endpoint_stats(node->endpoint, &stats);
    while (stats.topics == 0);
    load.endpoint = node->endpoint;
    atomic_store(&load.stop, false);
    atomic_store(&load.next, 0);
    assert_int_equal(pthread_create(&load.thread, NULL, publish, NULL), 0);
}

static void end_load(void)
{
    atomic_store(&load.stop, true);
    pthread_join(load.thread, NULL);
}

static long now_published(void)
{
    return atomic_load(&load.next);
}

/* ---- what fails ---- */

static void await_link(struct node *node, bool connected)
{
    struct timespec now, deadline = in_seconds(PATIENCE_S);
    pinion_stats stats;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(now.tv_sec < deadline.tv_sec);
        await_beyond(node, now_published(), PATIENCE_S, "its own messages"); /* a little time goes by */
        pinion_endpoint_stats(node->endpoint, &stats);
    } while (stats.remote_connected != connected);
}

static void begin(void **state)
{
    setting = *state;
    if (!broker_is_installed(setting->kind))
        skip();
    broker_start(&server, setting->kind, NULL);
}

static void a_broker_that_is_killed_and_comes_back(void **state)
{
    struct node a, b;
    begin(state);
    begin_node(&a, "a", server.port);
    begin_node(&b, "b", server.port);
    begin_load(&a);
    await_beyond(&b, 200, PATIENCE_S, "at first");
    for (int i = 0; i < 3; i++) {
        broker_kill(&server);
        await_beyond(&a, now_published() + 500, PATIENCE_S, "here, without the broker");
        broker_restart(&server, NULL);
        await_beyond(&b, now_published(), RESUMES_WITHIN_S, "there, with the broker back");
        await_beyond(&a, now_published(), PATIENCE_S, "here, with the broker back");
    }
    end_load();
    await_beyond(&a, now_published() - 2, PATIENCE_S, "at the end");
    check_order(&a, true);
    check_order(&b, false);
    end_node(&a);
    end_node(&b);
    broker_kill(&server);
}

static void a_node_that_is_cut_off_and_comes_back(void **state)
{
    struct freezing_proxy proxy;
    struct node a, b;
    begin(state);
    proxy_start(&proxy, server.port);
    begin_node(&a, "a", proxy.port);
    begin_node(&b, "b", server.port);
    begin_load(&a);
    await_beyond(&b, 200, PATIENCE_S, "at first");
    proxy_freeze(&proxy, true);
    await_link(&a, false);
    proxy_freeze(&proxy, false);
    await_beyond(&b, now_published(), RESUMES_WITHIN_S, "there, with the network back");
    await_link(&a, true);
    end_load();
    await_beyond(&a, now_published() - 2, PATIENCE_S, "at the end");
    check_order(&a, true);
    check_order(&b, false);
    end_node(&a);
    end_node(&b);
    proxy_end(&proxy);
    broker_kill(&server);
}

/* ---- a node that is another process ---- */

/* It answers each "ping" with a "pong", which says which of its lives it is. */
struct other {
    pinion_endpoint *endpoint;
    long life;
};

static void answer(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    const struct other *other = data;
    if (strcmp(event, "ping") == 0)
        (void)pinion_endpoint_broadcast(other->endpoint, "room", "pong",
                                        pinion_json("{s:I}", "n", (json_int_t)other->life));
}

static int be_other(const char *url, const char *life)
{
    struct other other = { .life = atol(life) };
    pinion_subscription *subscription = NULL;
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1, .pubsub = url };
    pinion_log_set_level(PINION_LOG_NONE);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int rc = pinion_endpoint_new(&other.endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_subscribe(other.endpoint, "room", answer, &other, &subscription);
    if (!rc)
        rc = pinion_endpoint_run(other.endpoint);
    return pinion_exit(rc);
}

static pid_t start_other(long life)
{
    char url[128], text[32];
    url_of(url, sizeof url, "b", server.port);
    snprintf(text, sizeof text, "%ld", life);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(program, program, url, text, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Ask until this life answers. */
static void await_life(struct node *node, long life)
{
    struct listener *listener = &node->listener;
    struct timespec now, deadline = in_seconds(PATIENCE_S);
    pthread_mutex_lock(&listener->lock);
    while (listener->life != life) {
        pthread_mutex_unlock(&listener->lock);
        assert_int_equal(pinion_endpoint_broadcast(node->endpoint, "room", "ping", NULL), 0);
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(now.tv_sec < deadline.tv_sec);
        now.tv_nsec += 20000000;
        now.tv_sec += now.tv_nsec / 1000000000;
        now.tv_nsec %= 1000000000;
        pthread_mutex_lock(&listener->lock);
        if (listener->life != life)
            pthread_cond_clockwait(&listener->changed, &listener->lock, CLOCK_MONOTONIC, &now);
    }
    pthread_mutex_unlock(&listener->lock);
}

static void a_node_that_is_killed_and_comes_back(void **state)
{
    struct node a;
    begin(state);
    begin_node(&a, "a", server.port);
    begin_load(&a);
    for (long life = 1; life <= 3; life++) {
        pid_t pid = start_other(life);
        await_life(&a, life);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        await_beyond(&a, now_published(), PATIENCE_S, "here, without the other node");
    }
    end_load();
    await_beyond(&a, now_published() - 2, PATIENCE_S, "at the end");
    check_order(&a, true);
    end_node(&a);
    broker_kill(&server);
}

#define ON(name, which)                                                                                      \
    {                                                                                                        \
#name ", " #which, name, NULL, NULL, (void *)&which                                                  \
    }

int main(int argc, char **argv)
{
    static const struct setting nats = { &broker_nats, "nats", "" };
    static const struct setting nats_topics = { &broker_nats, "nats", "&topics=1" };
    static const struct setting redis = { &broker_redis, "redis", "" };
    static const struct setting redis_topics = { &broker_redis, "redis", "&topics=1" };
    const struct CMUnitTest tests[] = {
        ON(a_broker_that_is_killed_and_comes_back, nats),
        ON(a_broker_that_is_killed_and_comes_back, nats_topics),
        ON(a_broker_that_is_killed_and_comes_back, redis),
        ON(a_broker_that_is_killed_and_comes_back, redis_topics),
        ON(a_node_that_is_cut_off_and_comes_back, nats_topics),
        ON(a_node_that_is_cut_off_and_comes_back, redis_topics),
        ON(a_node_that_is_killed_and_comes_back, nats_topics),
        ON(a_node_that_is_killed_and_comes_back, redis),
    };
    if (argc == 3)
        return be_other(argv[1], argv[2]);
    program = "/proc/self/exe";
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
