/* Two nodes of a cluster where memory runs out, with and without subscriptions by topic. Messages may be lost
 * by that, but not the way: what one node broadcasts comes to the other again, and both come to know the same
 * presences. */
#include "sweep/sweep.h"
#include <pinion/pinion.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define NODES     2
#define PATIENCE  10000 /* ms */
#define HEARTBEAT 20    /* ms */

static struct node {
    pinion_endpoint *endpoint;
    pinion_presence *presence;
} nodes[NODES];

static atomic_int heard;

static void hear(const char *topic, const char *event, const pinion_payload *payload, void *unused)
{
    atomic_fetch_add(&heard, 1);
}

static int open_node(pinion_cluster *cluster, struct node *node, const char *name)
{
    pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1 };
    const pinion_presence_options presence = { .heartbeat_ms = HEARTBEAT, .diff_at_once = true };
    int rc = pinion_cluster_adapter_new(&options.pubsub_adapter, cluster, name);
    if (!rc)
        rc = pinion_endpoint_new(&node->endpoint, &options);
    if (!rc)
        rc = pinion_presence_new(&node->presence, node->endpoint, &presence);
    return rc ? rc : pinion_endpoint_start(node->endpoint);
}

/* Again and again, as one may be lost. */
static bool until(bool (*met)(void *data), void (*act)(void), void *data)
{
    for (int ms = 0; ms < PATIENCE; ms++) {
        if (ms % HEARTBEAT == 0)
            act();
        if (met(data))
            return true;
        usleep(1000);
    }
    return false;
}

static void tell(void)
{
    (void)pinion_endpoint_broadcast(nodes[0].endpoint, "news", "flash", pinion_json("{s:s}", "what", "all"));
}

static bool was_told(void *unused)
{
    return atomic_load(&heard) > 0;
}

static void track(void)
{
    (void)pinion_presence_track_on(nodes[0].presence, NULL, "room", "ann", pinion_json("{s:i}", "age", 30));
}

static bool is_known(void *unused)
{
    return pinion_presence_count(nodes[1].presence, "room") == 1;
}

static void untrack(void)
{
    pinion_presence_untrack_on(nodes[0].presence, NULL, "room", "ann");
}

static bool is_unknown(void *unused)
{
    return pinion_presence_count(nodes[1].presence, "room") == 0;
}

static int talk(void)
{
    pinion_subscription *subscription;
    int rc = pinion_endpoint_subscribe(nodes[1].endpoint, "news", hear, NULL, &subscription);
    if (rc)
        return rc;
    if (!until(was_told, tell, NULL))
        fail_msg("what one node broadcasts does not come to the other");
    if (!until(is_known, track, NULL))
        fail_msg("a presence does not come to the other node");
    if (!until(is_unknown, untrack, NULL))
        fail_msg("a presence does not leave the other node");
    pinion_subscription_free(subscription, NULL);
    return 0;
}

static int play(void *by_topic)
{
    pinion_cluster *cluster;
    const pinion_cluster_options options = { .topics = *(bool *)by_topic };
    memset(nodes, 0, sizeof nodes);
    atomic_store(&heard, 0);
    int rc = pinion_cluster_new(&cluster, &options);
    if (rc)
        return rc;
    rc = open_node(cluster, &nodes[0], "one");
    if (!rc)
        rc = open_node(cluster, &nodes[1], "two");
    if (!rc)
        rc = talk();
    for (int i = 0; i < NODES; i++)
        pinion_endpoint_free(nodes[i].endpoint);
    pinion_cluster_free(cluster);
    return rc;
}

static void nodes_that_get_everything(void **state)
{
    bool by_topic = false;
    sweep("two nodes", play, &by_topic);
}

static void nodes_that_get_their_topics(void **state)
{
    bool by_topic = true;
    sweep("two nodes, by topic", play, &by_topic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_get_everything),
        cmocka_unit_test(nodes_that_get_their_topics),
    };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
