/* Brokers that refuse: what a user may not do, and what passes by itself. Nothing fails in silence: it ends
 * the start with a sentence, or is logged and counted. */
#include <pinion/pinion.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/broker_log.h"
#include "helpers/tcp.h"
#include "pubsub/adapter.h"

static struct broker_server server;

static int begin(void **state)
{
    keep_log();
    return 0;
}

static int finish(void **state)
{
    broker_kill(&server);
    pinion_log_set_function(NULL, NULL);
    return 0;
}

/* ---- nodes ---- */

static int try_start(pinion_endpoint **out, const char *format)
{
    char url[300];
    snprintf(url, sizeof url, format, server.port);
    int rc = pinion_endpoint_new(
        out, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .pubsub = url });
    assert_int_equal(rc, 0);
    return pinion_endpoint_start(*out);
}

static void expect_refused(const char *format, int error, const char *words)
{
    pinion_endpoint *endpoint = NULL;
    int rc = try_start(&endpoint, format);
    if (rc != error || !strstr(pinion_error_detail(), words))
        fail_msg("%s: %s: %s", format, pinion_errname(rc), pinion_error_detail());
    pinion_endpoint_free(endpoint);
}

static pinion_endpoint *expect_starts(const char *format)
{
    pinion_endpoint *endpoint = NULL;
    if (try_start(&endpoint, format) != 0)
        fail_msg("%s: %s", format, pinion_error_detail());
    return endpoint;
}

static pinion_stats stats_of(const pinion_endpoint *endpoint)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats;
}

/* ---- an adapter by itself ---- */

static struct told {
    unsigned subscribed, refused, lost, up, down;
} told;

static void on_received(void *core, const void *bytes, size_t length)
{
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
    note(&told.subscribed, 1);
}

static void on_refused(void *core, const char *topic, uint64_t ticket)
{
    note(&told.refused, 1);
}

static void on_connection(void *core, bool up, const char *detail)
{
    note(up ? &told.up : &told.down, 1);
}

static void on_lost(void *core, size_t count)
{
    note(&told.lost, (unsigned)count);
}

static void on_node(void *core, const char *node, bool up)
{
}

static const pinion_pubsub_events events = {
    .received = on_received,
    .subscribed = on_subscribed,
    .connection = on_connection,
    .lost = on_lost,
    .refused = on_refused,
    .node = on_node,
};

static void await_count(const unsigned *count, unsigned n)
{
    struct timespec deadline = in_patience();
    int rc = 0;
    pthread_mutex_lock(&lock);
    while (*count < n && rc == 0)
        rc = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&lock);
    assert_int_equal(rc, 0);
}

static pinion_pubsub_adapter *begin_adapter(const char *format)
{
    pinion_pubsub_adapter *adapter = NULL;
    char url[300], why[256] = "";
    memset(&told, 0, sizeof told);
    snprintf(url, sizeof url, format, server.port);
    assert_int_equal(pinion__adapter_open(url, &adapter), 0);
    int rc = adapter->ops->start(adapter, &events, NULL, why, sizeof why);
    if (rc)
        fail_msg("%s: %s", format, why);
    return adapter;
}

static void end_adapter(pinion_pubsub_adapter *adapter)
{
    adapter->ops->stop(adapter);
    adapter->ops->free(adapter);
}

/* ---- NATS ---- */

static void begin_nats(const char *configuration)
{
    char path[] = "/tmp/pinion-nats-XXXXXX";
    if (!broker_is_installed(&broker_nats))
        skip();
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, configuration, strlen(configuration)), strlen(configuration));
    close(fd);
    broker_start(&server, &broker_nats, (const char *const[]){ "-c", path, NULL });
    unlink(path);
}

#define NATS_USER(subscribe, publish)                                                                        \
    "authorization { users = [ { user: ann, password: pw, permissions: { subscribe: [" subscribe             \
    "], publish: [" publish "] } } ] }\n"

#define NATS_URL "nats://ann:pw@127.0.0.1:%u?node=n"

static void a_nats_user_who_may_not_subscribe(void **state)
{
    begin_nats(NATS_USER("\"pinion.nodes\", \"pinion.node.>\"", "\">\""));
    expect_refused(NATS_URL, PINION_EACCES, "does not let this user subscribe to pinion.all");
}

static void a_nats_user_who_may_not_subscribe_at_all(void **state)
{
    begin_nats(NATS_USER("\"other\"", "\">\""));
    expect_refused(NATS_URL, PINION_EACCES, "does not let this user subscribe to pinion.nodes");
}

static void a_nats_user_who_may_not_publish(void **state)
{
    begin_nats(NATS_USER("\">\"", "\"pinion.nodes\", \"pinion.node.>\""));
    expect_refused(NATS_URL, PINION_EACCES, "does not let this user publish to pinion.all");
}

/* As docs/clustering.md says it. */
static void a_nats_user_with_what_is_needed(void **state)
{
    begin_nats(NATS_USER("\"pinion.>\"", "\"pinion.>\""));
    pinion_endpoint *endpoint = expect_starts(NATS_URL);
    assert_true(stats_of(endpoint).remote_connected);
    assert_int_equal(count_logged("does not let"), 0);
    pinion_endpoint_free(endpoint);
}

/* Where it is told that a node is not there. */
static void a_nats_user_who_may_not_subscribe_below_the_node(void **state)
{
    begin_nats(NATS_USER("\"pinion.nodes\", \"pinion.all\", \"pinion.node.n\"", "\">\""));
    expect_refused(NATS_URL, PINION_EACCES, "does not let this user subscribe to pinion.node.n.*");
}

/* Of what the server says the library keeps the beginning. */
static void a_long_topic_that_a_nats_user_may_not_have(void **state)
{
    char topic[251] = "";
    begin_nats(NATS_USER("\"pinion.nodes\", \"pinion.all\", \"pinion.node.>\"", "\">\""));
    pinion_pubsub_adapter *adapter = begin_adapter(NATS_URL "&topics=1");
    memset(topic, '+', sizeof topic - 1);
    assert_int_equal(adapter->ops->subscribe(adapter, topic, 1), 0);
    await_count(&told.refused, 1);
    assert_int_equal(told.subscribed, 0);
    assert_int_equal(told.down, 0);
    end_adapter(adapter);
}

/* Nothing is kept of each attempt, as AddressSanitizer sees. */
static void a_topic_that_is_asked_for_again_and_again(void **state)
{
    begin_nats(NATS_USER("\"pinion.nodes\", \"pinion.all\", \"pinion.node.>\"", "\">\""));
    pinion_pubsub_adapter *adapter = begin_adapter(NATS_URL "&topics=1");
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(adapter->ops->subscribe(adapter, "secret", i), 0);
        await_count(&told.refused, i);
    }
    assert_int_equal(told.subscribed, 0);
    end_adapter(adapter);
}

static void a_topic_that_a_nats_user_may_not_have(void **state)
{
    begin_nats(
        NATS_USER("\"pinion.nodes\", \"pinion.all\", \"pinion.node.>\", \"pinion.topic.open\"", "\">\""));
    pinion_pubsub_adapter *adapter = begin_adapter(NATS_URL "&topics=1");
    assert_int_equal(adapter->ops->subscribe(adapter, "secret", 1), 0);
    await_count(&told.refused, 1);
    assert_int_equal(adapter->ops->subscribe(adapter, "open", 2), 0);
    await_count(&told.subscribed, 1);
    adapter->ops->unsubscribe(adapter, "secret");
    assert_int_equal(adapter->ops->subscribe(adapter, "secret", 3), 0); /* again */
    assert_int_equal(adapter->ops->subscribe(adapter, "also", 4), 0);
    await_count(&told.refused, 3);
    assert_int_equal(told.subscribed, 1);
    assert_int_equal(told.down, 0);
    assert_int_equal(count_logged("subscribe to pinion.topic.secret"), 1);
    end_adapter(adapter);
}

static void messages_that_a_nats_user_may_not_send(void **state)
{
    begin_nats(NATS_USER("\">\"", "\"pinion.nodes\", \"pinion.all\", \"pinion.node.>\""));
    pinion_pubsub_adapter *adapter = begin_adapter(NATS_URL "&topics=1");
    for (int i = 0; i < 3; i++)
        assert_int_equal(adapter->ops->broadcast(adapter, "room", "hello", 5), 0);
    await_count(&told.lost, 3);
    assert_int_equal(told.down, 0);
    assert_int_equal(count_logged("publish to pinion.topic.room"), 1);
    end_adapter(adapter);
}

static void nats_says_why_it_breaks_off(void **state)
{
    begin_nats("max_subscriptions: 2\n");
    pinion_endpoint *endpoint = expect_starts("nats://127.0.0.1:%u?node=n");
    await_logged("cut off");
    await_logged("maximum subscriptions exceeded");
    assert_false(stats_of(endpoint).remote_connected);
    pinion_endpoint_free(endpoint);
}

static void nats_with_too_many_connections(void **state)
{
    begin_nats("max_connections: 1\n");
    pinion_endpoint *first = expect_starts("nats://127.0.0.1:%u?node=n");
    pinion_endpoint *second = expect_starts("nats://127.0.0.1:%u?node=m");
    await_logged("as many connections as it may");
    pinion_endpoint_free(first);
    await_logged("node m is connected");
    pinion_endpoint_free(second);
}

/* ---- Redis ---- */

static void begin_redis(const char *const *extra)
{
    if (!broker_is_installed(&broker_redis))
        skip();
    broker_start(&server, &broker_redis, extra);
}

/* Say something to the server, in its inline form. The socket, which the caller closes. */
static int tell_redis(const char *command)
{
    int fd = tcp_connect(server.port);
    assert_true(fd >= 0);
    assert_true(tcp_say(fd, command));
    return fd;
}

static void ask_redis(const char *command, const char *answer)
{
    char got[256];
    int fd = tell_redis(command);
    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    assert_true(n > 0);
    got[n] = '\0';
    close(fd);
    if (strncmp(got, answer, strlen(answer)) != 0)
        fail_msg("%s: %s", command, got);
}

#define REDIS_URL       "redis://ann:pw@127.0.0.1:%u?node=n"
#define REDIS_USER(...) ((const char *const[]){ "--user", "ann", "on", ">pw", __VA_ARGS__, NULL })

static void a_redis_user_without_a_command(void **state)
{
    begin_redis(REDIS_USER("&pinion.*", "+publish", "+subscribe", "+unsubscribe"));
    expect_refused(REDIS_URL, PINION_EACCES, "does not let this user run PING");
    broker_kill(&server);
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+subscribe", "+unsubscribe"));
    expect_refused(REDIS_URL, PINION_EACCES, "does not let this user publish to pinion.");
    broker_kill(&server);
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+publish", "+unsubscribe"));
    expect_refused(REDIS_URL, PINION_EACCES, "does not let this user subscribe to pinion.");
    broker_kill(&server);
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+publish", "+subscribe"));
    expect_refused(REDIS_URL "&topics=1", PINION_EACCES, "does not let this user run UNSUBSCRIBE");
    pinion_endpoint_free(expect_starts(REDIS_URL)); /* which never needs it */
}

static void a_redis_user_without_the_channels(void **state)
{
    begin_redis(REDIS_USER("&other.*", "+ping", "+publish", "+subscribe", "+unsubscribe"));
    expect_refused(REDIS_URL, PINION_EACCES, "does not let this user subscribe to pinion.");
}

/* As docs/clustering.md says it. */
static void a_redis_user_with_what_is_needed(void **state)
{
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+publish", "+subscribe", "+unsubscribe"));
    pinion_endpoint *endpoint = expect_starts(REDIS_URL "&topics=1");
    assert_true(stats_of(endpoint).remote_connected);
    assert_int_equal(stats_of(endpoint).remote_lost, 0);
    pinion_endpoint_free(endpoint);
}

static void a_topic_that_a_redis_user_may_not_have(void **state)
{
    begin_redis(REDIS_USER("&pinion.nodes", "&pinion.all", "&pinion.node.*", "&pinion.topic.open", "+ping",
                           "+publish", "+subscribe", "+unsubscribe"));
    pinion_pubsub_adapter *adapter = begin_adapter(REDIS_URL "&topics=1");
    assert_int_equal(adapter->ops->subscribe(adapter, "secret", 1), 0);
    assert_int_equal(adapter->ops->subscribe(adapter, "open", 2), 0);
    await_count(&told.refused, 1);
    await_count(&told.subscribed, 1);
    assert_int_equal(adapter->ops->broadcast(adapter, "secret", "hello", 5), 0);
    await_count(&told.lost, 1);
    assert_int_equal(told.down, 0);
    assert_int_equal(count_logged("pinion.topic.secret"), 2); /* to subscribe to, and to publish on */
    end_adapter(adapter);
}

/* What cannot be ended would come for ever: the node would rather be cut off, until it may. */
static void a_redis_user_who_may_not_unsubscribe_any_more(void **state)
{
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+publish", "+subscribe", "+unsubscribe"));
    pinion_pubsub_adapter *adapter = begin_adapter(REDIS_URL "&topics=1");
    assert_int_equal(adapter->ops->subscribe(adapter, "room", 1), 0);
    await_count(&told.subscribed, 1);
    ask_redis("ACL SETUSER ann -unsubscribe\r\n", "+OK");
    adapter->ops->unsubscribe(adapter, "room");
    await_count(&told.down, 2);
    assert_int_equal(told.up, 1);
    ask_redis("PUBSUB CHANNELS *room\r\n", "*0");
    ask_redis("ACL SETUSER ann +unsubscribe\r\n", "+OK");
    await_count(&told.up, 2);
    end_adapter(adapter);
}

static void a_redis_user_who_may_publish_again(void **state)
{
    begin_redis(REDIS_USER("&pinion.*", "+ping", "+publish", "+subscribe", "+unsubscribe"));
    pinion_pubsub_adapter *adapter = begin_adapter(REDIS_URL "&topics=1");
    int listener = tell_redis("SUBSCRIBE pinion.topic.room\r\n");
    char got[256];
    assert_true(recv(listener, got, sizeof got, 0) > 0);
    ask_redis("ACL SETUSER ann resetchannels &pinion.nodes &pinion.all &pinion.node.*\r\n", "+OK");
    assert_int_equal(adapter->ops->broadcast(adapter, "room", "hello", 5), 0);
    await_count(&told.lost, 1);
    ask_redis("ACL SETUSER ann &pinion.topic.*\r\n", "+OK");
    assert_int_equal(adapter->ops->broadcast(adapter, "room", "again", 5), 0);
    ssize_t n = recv(listener, got, sizeof got - 1, 0);
    assert_true(n > 0);
    got[n] = '\0';
    assert_non_null(strstr(got, "again"));
    assert_int_equal(told.lost, 1);
    assert_int_equal(told.down, 0);
    close(listener);
    end_adapter(adapter);
}

static void redis_with_too_many_clients(void **state)
{
    begin_redis((const char *const[]){ "--maxclients", "1", NULL });
    int busy = tell_redis("PING\r\n");
    char pong[8];
    assert_true(recv(busy, pong, sizeof pong, 0) > 0);
    pinion_endpoint *endpoint = expect_starts("redis://127.0.0.1:%u?node=n");
    await_logged("as many clients as it may (maxclients)");
    assert_true(tcp_say(busy, "CONFIG SET maxclients 100\r\n"));
    await_logged("node n is connected");
    close(busy);
    pinion_endpoint_free(endpoint);
}

static void redis_that_is_busy_with_a_script(void **state)
{
    char got[64];
    begin_redis((const char *const[]){ "--busy-reply-threshold", "1", NULL });
    int script = tell_redis("EVAL \"while true do end\" 0\r\n");
    do { /* until it is known to be busy */
        int fd = tell_redis("PING\r\n");
        ssize_t n = recv(fd, got, sizeof got - 1, 0);
        assert_true(n > 0);
        got[n] = '\0';
        close(fd);
    } while (strncmp(got, "-BUSY", 5) != 0);
    pinion_endpoint *endpoint = expect_starts("redis://127.0.0.1:%u?node=n");
    await_logged("busy with a script");
    ask_redis("SCRIPT KILL\r\n", "+OK");
    await_logged("node n is connected");
    close(script);
    pinion_endpoint_free(endpoint);
}

static void redis_that_has_lost_its_master(void **state)
{
    begin_redis(
        (const char *const[]){ "--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "no", NULL });
    pinion_endpoint *endpoint = expect_starts("redis://127.0.0.1:%u?node=n");
    await_logged("a replica that has lost its master");
    ask_redis("REPLICAOF NO ONE\r\n", "+OK");
    await_logged("node n is connected");
    pinion_endpoint_free(endpoint);
}

/* What the server says last is the reason, though it was another when it broke. */
static void a_password_that_was_changed_in_an_outage(void **state)
{
    begin_redis(NULL);
    pinion_endpoint *endpoint = expect_starts("redis://127.0.0.1:%u?node=n");
    broker_kill(&server);
    await_logged("Connection refused");
    broker_restart(&server, (const char *const[]){ "--requirepass", "pw", NULL });
    await_logged("it wants a password");
    assert_int_equal(count_logged("Connection refused"), 1);
    pinion_endpoint_free(endpoint);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_nats_user_who_may_not_subscribe),
        TEST(a_nats_user_who_may_not_subscribe_at_all),
        TEST(a_nats_user_who_may_not_publish),
        TEST(a_nats_user_with_what_is_needed),
        TEST(a_topic_that_a_nats_user_may_not_have),
        TEST(messages_that_a_nats_user_may_not_send),
        TEST(a_nats_user_who_may_not_subscribe_below_the_node),
        TEST(a_long_topic_that_a_nats_user_may_not_have),
        TEST(a_topic_that_is_asked_for_again_and_again),
        TEST(nats_says_why_it_breaks_off),
        TEST(nats_with_too_many_connections),
        TEST(a_redis_user_without_a_command),
        TEST(a_redis_user_without_the_channels),
        TEST(a_redis_user_with_what_is_needed),
        TEST(a_topic_that_a_redis_user_may_not_have),
        TEST(a_redis_user_who_may_not_unsubscribe_any_more),
        TEST(a_redis_user_who_may_publish_again),
        TEST(redis_with_too_many_clients),
        TEST(redis_that_is_busy_with_a_script),
        TEST(redis_that_has_lost_its_master),
        TEST(a_password_that_was_changed_in_an_outage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
