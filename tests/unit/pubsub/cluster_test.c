/* Endpoints in one cluster: what a partition does to them, and its end. What any adapter does is in
 * tests/contract. */
#include <pinion/pinion.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PATIENCE_S 20

static pinion_cluster *cluster;

/* What one node hears, as a string of events. */
static struct node {
    pinion_endpoint *endpoint;
    pinion_subscription *subscription;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    char heard[128];
} a, b;

static void listen_to(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    struct node *node = data;
    pthread_mutex_lock(&node->lock);
    strncat(node->heard, event, sizeof node->heard - strlen(node->heard) - 1);
    pthread_cond_signal(&node->changed);
    pthread_mutex_unlock(&node->lock);
}

static pinion_stats stats_of(const struct node *node)
{
    pinion_stats stats;
    pinion_endpoint_stats(node->endpoint, &stats);
    return stats;
}

static void begin_node(struct node *node, const char *name)
{
    pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1 };
    memset(node, 0, sizeof *node);
    pthread_mutex_init(&node->lock, NULL);
    pthread_cond_init(&node->changed, NULL);
    assert_int_equal(pinion_cluster_adapter_new(&options.pubsub_adapter, cluster, name), 0);
    assert_int_equal(pinion_endpoint_new(&node->endpoint, &options), 0);
    assert_int_equal(pinion_endpoint_start(node->endpoint), 0);
    assert_int_equal(pinion_endpoint_subscribe(node->endpoint, "room", listen_to, node, &node->subscription),
                     0);
    while (stats_of(node).topics == 0) /* it is the loop that subscribes */
        sched_yield();
}

static void end_node(struct node *node)
{
    pinion_subscription_free(node->subscription, NULL);
    pinion_endpoint_free(node->endpoint);
    pthread_cond_destroy(&node->changed);
    pthread_mutex_destroy(&node->lock);
}

static int begin(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    assert_int_equal(pinion_cluster_new(&cluster, NULL), 0);
    begin_node(&a, "a");
    begin_node(&b, "b");
    return 0;
}

static int finish(void **state)
{
    pinion_cluster_free(cluster);
    end_node(&a);
    end_node(&b);
    return 0;
}

static void await_heard(struct node *node, const char *expected)
{
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&node->lock);
    while (strlen(node->heard) < strlen(expected) && rc == 0)
        rc = pthread_cond_clockwait(&node->changed, &node->lock, CLOCK_MONOTONIC, &deadline);
    assert_string_equal(node->heard, expected);
    pthread_mutex_unlock(&node->lock);
}

static void say(struct node *node, const char *event)
{
    assert_int_equal(pinion_endpoint_broadcast(node->endpoint, "room", event, NULL), 0);
}

static void what_is_sent_while_they_are_cut_off_is_lost(void **state)
{
    say(&a, "1");
    await_heard(&a, "1");
    await_heard(&b, "1");
    assert_int_equal(pinion_cluster_cut(cluster, "a", "b", true), 0);
    say(&a, "2");
    say(&b, "3");
    await_heard(&a, "12");
    await_heard(&b, "13");
    assert_int_equal(pinion_cluster_cut(cluster, "a", "b", false), 0);
    say(&a, "4");
    await_heard(&a, "124");
    await_heard(&b, "134");
}

static void a_node_knows_that_it_is_alone(void **state)
{
    say(&b, "1");
    await_heard(&a, "1"); /* so a has told that it is connected */
    assert_true(stats_of(&a).remote_connected);
    assert_int_equal(pinion_cluster_cut(cluster, "a", NULL, true), 0);
    while (stats_of(&a).remote_connected)
        sched_yield();
    say(&a, "2");
    await_heard(&a, "12");
    assert_int_equal(pinion_cluster_cut(cluster, "a", NULL, false), 0);
    while (!stats_of(&a).remote_connected)
        sched_yield();
    say(&a, "3");
    await_heard(&b, "13");
}

static void all_may_be_lost(void **state)
{
    pinion_cluster_lose(cluster, 1);
    say(&a, "1");
    await_heard(&a, "1");
    pinion_cluster_lose(cluster, 0);
    say(&a, "2");
    await_heard(&b, "2");
}

static void the_rest_goes_on_when_one_leaves(void **state)
{
    say(&a, "1");
    await_heard(&b, "1");
    end_node(&a);
    say(&b, "2");
    await_heard(&b, "12");
    begin_node(&a, "a"); /* in a second life */
    say(&a, "3");
    await_heard(&b, "123");
    say(&b, "4");
    await_heard(&a, "34");
}

static void names_are_checked(void **state)
{
    pinion_pubsub_adapter *adapter = NULL;
    assert_int_equal(pinion_cluster_adapter_new(&adapter, cluster, ""), PINION_EINVAL);
    assert_int_equal(pinion_cluster_adapter_new(&adapter, cluster, "a\n"), PINION_EINVAL);
    assert_int_equal(pinion_cluster_cut(cluster, "", "b", true), PINION_EINVAL);
    assert_int_equal(pinion_cluster_cut(cluster, "a", "", true), PINION_EINVAL);
    assert_null(adapter);
}

static void an_url_that_asks_for_nothing_there_is_fails(void **state)
{
    pinion_endpoint *endpoint = NULL;
    assert_int_equal(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .pubsub = "carrier:pigeon" }),
                     PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "carrier"));
    assert_null(endpoint);
}

/* Under AddressSanitizer this sees that the adapter is freed. */
static void an_adapter_is_the_endpoints_on_failure_too(void **state)
{
    pinion_endpoint_options options = { .io = "none" };
    pinion_endpoint *endpoint = NULL;
    assert_int_equal(pinion_cluster_adapter_new(&options.pubsub_adapter, cluster, "c"), 0);
    assert_int_equal(pinion_endpoint_new(&endpoint, &options), PINION_EINVAL);
    options = (pinion_endpoint_options){ .loops = 1 };
    assert_int_equal(pinion_cluster_adapter_new(&options.pubsub_adapter, cluster, "d"), 0);
    assert_int_equal(pinion_endpoint_new(&endpoint, &options), 0);
    pinion_endpoint_free(endpoint); /* which never ran */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sent_while_they_are_cut_off_is_lost),
        TEST(a_node_knows_that_it_is_alone),
        TEST(all_may_be_lost),
        TEST(the_rest_goes_on_when_one_leaves),
        TEST(names_are_checked),
        TEST(an_url_that_asks_for_nothing_there_is_fails),
        TEST(an_adapter_is_the_endpoints_on_failure_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
