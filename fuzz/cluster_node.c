/* See cluster_node.h. */
#include "cluster_node.h"
#include "base/hash.h"
#include "cluster_client.h"
#include "cluster_told.h"
#include "endpoint/endpoint.h"
#include "engine/here.h"
#include "fuzz.h"
#include "memory_loop.h"
#include "presence/presence_int.h"
#include <string.h>

#define TURNS_MAX  10000   /* in a row, before time must pass */
#define STEP_MAX   1000    /* while a node stops */
#define LEAVE_MS   2500    /* how long a node that stops goes on */
#define SMALL_DIFF 200     /* bytes: hardly more than a meta */
#define EPOCH      1000000 /* when a run begins, ms */
#define FIRST_LIFE 100000

struct node nodes[NET_NODES];
struct cluster_options cluster;

static uint64_t now;
static unsigned lives; /* of all nodes */

static unsigned index_of(const struct node *node)
{
    return (unsigned)(node - nodes);
}

/* ---- a life begins ---- */

static uint64_t read_clock(void *context)
{
    return now + ((const struct node *)context)->ahead;
}

static struct pinion_scheduler *scheduler_of(const struct node *node)
{
    return node->endpoint->loops[0].scheduler;
}

/* The node has not run, and no timer is set. */
static void set_clock(struct node *node)
{
    struct pinion_scheduler *scheduler = scheduler_of(node);
    scheduler->clock = read_clock;
    scheduler->clock_context = node;
    pinion__wheel_init(&scheduler->wheel, read_clock(node));
    pinion__wheel_init(&scheduler->deadlines, scheduler->wheel.now);
}

/* If few removals are kept, nodes that have missed some are sent the whole state. */
static void set_memory(struct node *node)
{
    for (unsigned i = 0; i < cluster.shards && cluster.forgetful; i++)
        node->presence->shards[i].state->history.max = 2;
}

/* In place of the incarnations that the system's clock gave. */
static void set_incarnation(struct node *node, uint64_t life)
{
    node->endpoint->hub.pubsub.remote->incarnation = life;
    for (unsigned i = 0; i < cluster.shards; i++) {
        struct pinion_presence_replica *own = node->presence->shards[i].state->own;
        own->incarnation = life * PINION_PRESENCE_SHARDS_MAX + i;
        own->tag = pinion__siphash13((struct pinion_hash_key){ .k0 = own->incarnation },
                                     pinion__slice(own->name, own->name_len));
    }
}

static void open_endpoint(struct node *node)
{
    const pinion_endpoint_options options = { .host = "127.0.0.1",
                                              .loops = 1,
                                              .io = "uv",
                                              .drain_delay_ms = LEAVE_MS,
                                              .pubsub_adapter = net_adapter(index_of(node)) };
    const pinion_presence_options presence = { .shards = cluster.shards,
                                               .diff_interval_ms = cluster.diff_interval_ms,
                                               .diff_at_once = cluster.diff_interval_ms == 0,
                                               .heartbeat_ms = NODE_HEARTBEAT_MS,
                                               .down_ms = NODE_DOWN_MS,
                                               .remove_ms = NODE_REMOVE_MS,
                                               .max_diff = cluster.small_diffs ? SMALL_DIFF : 0,
                                               .fetch = cluster.fetches ? told_fetch : NULL,
                                               .handle_metas = cluster.handles ? told_diff : NULL,
                                               .data = node };
    ok(pinion_endpoint_new(&node->endpoint, &options));
    node->endpoint->engine = &memory_engine;
    ok(pinion_presence_new(&node->presence, node->endpoint, &presence));
    set_clock(node);
}

/* On the node's loop, so that it begins at once. */
static void subscribe(struct node *node)
{
    node_bind(index_of(node));
    for (unsigned i = 0; i < TRACKED_TOPICS; i++) {
        view_begin(&node->views[i], i);
        view_begin(&node->handled[i], i);
        ok(pinion_endpoint_subscribe(node->endpoint, tracked_topic_name(i), told_broadcast, node,
                                     &node->subscriptions[i]));
    }
}

static struct fiber *beginning;

static void stop_here(void)
{
    fiber_stop(beginning);
}

static void run_endpoint(void *data)
{
    ok(pinion_endpoint_run(((struct node *)data)->endpoint));
}

void node_start(unsigned index, bool set_back)
{
    struct node *node = &nodes[index];
    REQUIRE(!node->endpoint);
    memset(node, 0, sizeof *node);
    open_endpoint(node);
    set_memory(node);
    lives++;
    set_incarnation(node, set_back ? FIRST_LIFE - lives : FIRST_LIFE + lives);
    memory_script = stop_here;
    beginning = &node->fiber;
    fiber_begin(&node->fiber, run_endpoint, node);
    REQUIRE(!node->fiber.over);
    node->io = atomic_load(&node->endpoint->loops[0].io);
    subscribe(node);
}

/* ---- turns ---- */

void node_bind(unsigned node)
{
    memory_use(nodes[node].io);
    pinion__shard_bind(nodes[node].endpoint->loops[0].shard);
}

static void end_life(struct node *node);

/* Run what is due now at this node. */
static void take_turns(unsigned node)
{
    unsigned turns = 0;
    node_bind(node);
    while (memory_turn() == 0 && !memory_stopping())
        REQUIRE(++turns < TURNS_MAX);
    client_read(node);
    if (memory_stopping())
        end_life(&nodes[node]);
}

void node_settle(void)
{
    unsigned rounds = 0;
    do {
        for (unsigned i = 0; i < cluster.nodes; i++) {
            if (node_runs(i))
                take_turns(i);
        }
        REQUIRE(++rounds < TURNS_MAX);
    } while (net_flow());
}

/* When something is due next, by the common time. */
static uint64_t next_of(const struct node *node)
{
    uint64_t next = pinion__scheduler_next(scheduler_of(node));
    return next == UINT64_MAX ? next : next - node->ahead;
}

static uint64_t next_of_all(uint64_t until)
{
    uint64_t earliest = until;
    for (unsigned i = 0; i < cluster.nodes; i++) {
        uint64_t next = node_runs(i) ? next_of(&nodes[i]) : UINT64_MAX;
        if (next < earliest)
            earliest = next;
    }
    return earliest > now ? earliest : until;
}

void node_pass(uint64_t ms)
{
    uint64_t until = now + ms;
    node_settle();
    while (now < until) {
        now = next_of_all(until);
        node_settle();
    }
}

/* ---- pauses ---- */

void node_pause(unsigned node)
{
    nodes[node].paused = true;
    nodes[node].paused_at = now;
    net_pause(node, true);
}

void node_wake(unsigned node, bool stood)
{
    if (stood)
        nodes[node].ahead -= now - nodes[node].paused_at;
    nodes[node].paused = false;
    net_pause(node, false);
}

/* ---- a life ends ---- */

/* No other node's time passes. */
static void go_down(struct node *node)
{
    unsigned steps = 0;
    pinion_endpoint_stop(node->endpoint);
    node_bind(index_of(node));
    for (;;) {
        uint64_t wait = memory_turn();
        if (memory_stopping())
            return;
        REQUIRE(++steps < TURNS_MAX);
        node->ahead += wait < STEP_MAX ? wait : STEP_MAX;
    }
}

static void forget_own(struct node *node)
{
    for (unsigned topic = 0; topic < TRACKED_TOPICS; topic++) {
        for (unsigned key = 0; key < TRACKED_KEYS; key++)
            tracked_remove(node->own[topic][key]);
        pinion_subscription_free(node->subscriptions[topic], NULL);
        view_end(&node->views[topic]);
        view_end(&node->handled[topic]);
    }
}

static void require_empty(const struct node *node)
{
    pinion_stats stats;
    pinion_endpoint_stats(node->endpoint, &stats);
    REQUIRE(stats.connections == 0 && stats.sockets == 0 && stats.channels == 0 && stats.topics == 0);
}

/* Nothing may be left of it: no timer, and no reference to its loop. */
static void free_endpoint(struct node *node)
{
    struct pinion_scheduler *scheduler = pinion__scheduler_ref(scheduler_of(node));
    pinion_endpoint_free(node->endpoint);
    node->endpoint = NULL;
    forget_own(node);
    REQUIRE(pinion__scheduler_next(scheduler) == UINT64_MAX);
    REQUIRE(atomic_load(&scheduler->refs) == 1);
    pinion__scheduler_unref(scheduler);
}

/* Its loop has stopped. */
static void end_life(struct node *node)
{
    fiber_go_on(&node->fiber);
    REQUIRE(node->fiber.over);
    fiber_end(&node->fiber);
    require_empty(node);
    client_end(index_of(node));
    free_endpoint(node);
}

void node_leave(unsigned node)
{
    pinion_endpoint_stop(nodes[node].endpoint);
}

void node_stop(unsigned index, bool goodbye)
{
    struct node *node = &nodes[index];
    if (node->paused)
        node_wake(index, false);
    if (!goodbye)
        net_mute(index);
    go_down(node);
    end_life(node);
}

void cluster_begin(const struct cluster_options *options)
{
    cluster = *options;
    now = EPOCH;
    lives = 0;
    tracked_begin();
    told_begin();
    net_begin(options->nodes, options->by_topic, told_came);
    for (unsigned i = 0; i < options->nodes; i++)
        node_start(i, false);
}

void cluster_end(void)
{
    for (unsigned i = 0; i < cluster.nodes; i++) {
        if (nodes[i].endpoint)
            node_stop(i, true);
    }
    net_end();
}
