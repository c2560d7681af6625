/* A cluster of two to four whole nodes on one thread. The input controls the network between them and their
 * clocks. Letters are delivered, held back, overtaken, doubled and lost; nodes are cut off, stop, crash, come
 * back, and pause. Meanwhile presences come and go, and broadcasts are made. One input always gives the same
 * run: there is no other thread, no other clock and nothing random.
 *
 * The first two bytes choose the cluster and its busy nodes: while time passes, a few presences come or go
 * there every BUSY_MS. Then every two bytes are an act. In the end all living nodes are awake and reach each
 * other for SETTLE_MS. Then all lists must be exactly what all nodes track, everybody who was told of changes
 * must know the same, and every broadcast that came must have been heard. When the nodes have stopped,
 * nothing may be left. */
#include "cluster_client.h"
#include "cluster_node.h"
#include "fuzz.h"
#include <string.h>

#define ACTS_MAX 200
#define TIME_MAX 40000 /* that acts may let pass, ms */
#define BUSY_MS  200
#define CROWD    4
#define AT_ONCE  0x80 /* in an act's first byte: what it causes waits for the next act */

/* A node that has died without a goodbye is missed after down_ms. It may take as long again when a dead node
 * is mistaken for an earlier life. The rest is for asking, answering and telling. */
#define SETTLE_MS (2 * NODE_DOWN_MS + 6 * NODE_HEARTBEAT_MS + 2 * cluster.diff_interval_ms)

static uint64_t passed;
static unsigned busy; /* a bit for each node */
static uint32_t dice; /* decides who comes or goes next */

/* The content of an act's second byte. */
struct act {
    unsigned node, other;
    unsigned topic, key;
    unsigned rest;
};

static struct act read_act(unsigned byte)
{
    struct act act = { .node = byte % cluster.nodes, .rest = byte / cluster.nodes };
    act.other = (act.node + 1 + act.rest % (cluster.nodes - 1)) % cluster.nodes;
    act.topic = act.rest % TRACKED_TOPICS;
    act.key = act.rest / TRACKED_TOPICS % TRACKED_KEYS;
    return act;
}

/* ---- acts of the world ---- */

static unsigned throw_dice(unsigned below)
{
    dice = dice * 1103515245 + 12345;
    return dice / 65536 % below;
}

static void come_or_go(unsigned node)
{
    unsigned topic = throw_dice(TRACKED_TOPICS), key = throw_dice(TRACKED_KEYS);
    if (nodes[node].own[topic][key])
        node_untrack(node, topic, key);
    else
        node_track(node, topic, key);
}

static void crowd(unsigned node)
{
    for (unsigned i = 0; i < CROWD && node_runs(node); i++)
        come_or_go(node);
}

static void pass_busily(uint64_t ms)
{
    for (; ms > BUSY_MS; ms -= BUSY_MS) {
        node_pass(BUSY_MS);
        for (unsigned i = 0; i < cluster.nodes; i++) {
            if (busy >> i & 1)
                crowd(i);
        }
    }
    node_pass(ms);
}

static void pass(unsigned choice)
{
    static const uint64_t times[] = { 1, 100, 500, 1000, 1600, 5000, 8000, 20000 };
    uint64_t ms = times[choice % (sizeof times / sizeof *times)];
    if (passed + ms > TIME_MAX)
        ms = 1;
    passed += ms;
    pass_busily(ms);
}

static void isolate(unsigned node, bool cut)
{
    for (unsigned other = 0; other < cluster.nodes; other++) {
        if (other != node)
            net_cut(node, other, cut);
    }
}

static size_t pick_letter(const struct act *act)
{
    size_t waiting = net_waiting(act->node, act->other);
    return waiting ? act->rest / cluster.nodes % waiting : 0;
}

/* The node may be paused. */
static void end_life(const struct act *act, bool goodbye)
{
    if (!nodes[act->node].endpoint)
        return;
    if (goodbye)
        node_leave(act->node);
    else
        node_stop(act->node, false);
}

static void begin_life(const struct act *act, bool set_back)
{
    end_life(act, false);
    node_start(act->node, set_back);
}

static bool act_on_world(unsigned what, const struct act *act)
{
    switch (what) {
    case 0:
    case 1:
    case 2:
        pass(act->rest);
        break;
    case 3:
        net_cut(act->node, act->other, true);
        break;
    case 4:
        net_cut(act->node, act->other, false);
        break;
    case 5:
        isolate(act->node, true);
        break;
    case 6:
        isolate(act->node, false);
        break;
    case 7:
        net_hold(act->node, act->other, true);
        break;
    case 8:
        net_hold(act->node, act->other, false);
        break;
    case 9:
        net_deliver(act->node, act->other, pick_letter(act), false);
        break;
    case 10:
        net_deliver(act->node, act->other, pick_letter(act), true);
        break;
    case 11:
        net_drop(act->node, act->other, pick_letter(act));
        break;
    case 12:
        end_life(act, act->rest % 2);
        break;
    case 13:
        begin_life(act, act->rest % 4 == 3);
        break;
    default:
        return false;
    }
    return true;
}

/* ---- acts of a node that runs ---- */

/* For example, track on all topics, or untrack. */
static void on_all(const struct act *act, void (*fn)(unsigned node, unsigned topic, unsigned key))
{
    for (unsigned topic = 0; topic < TRACKED_TOPICS; topic++)
        fn(act->node, topic, act->rest % TRACKED_KEYS);
}

static void act_on_node(unsigned what, const struct act *act)
{
    switch (what) {
    case 14:
        node_pause(act->node);
        break;
    case 15:
    case 16:
        node_track(act->node, act->topic, act->key);
        break;
    case 17:
        on_all(act, node_track);
        break;
    case 18:
        node_update(act->node, act->topic, act->key);
        break;
    case 19:
        on_all(act, node_update);
        break;
    case 20:
        node_untrack(act->node, act->topic, act->key);
        break;
    case 21:
        on_all(act, node_untrack);
        break;
    case 22:
    case 23:
        node_broadcast(act->node, act->topic);
        break;
    case 24:
        node_require_own(act->node);
        break;
    case 25:
    case 26:
        client_join(act->node, act->topic, act->key);
        break;
    case 27:
        client_leave(act->node, act->topic);
        break;
    case 28:
        client_say(act->node, act->topic);
        break;
    case 29:
        client_go(act->node);
        break;
    case 30:
        client_disconnect(act->node, act->other);
        break;
    default:
        break;
    }
}

static void perform(unsigned what, unsigned byte)
{
    struct act act = read_act(byte);
    if (act_on_world(what, &act))
        return;
    if (node_runs(act.node))
        act_on_node(what, &act);
    else if (nodes[act.node].endpoint)
        node_wake(act.node, act.rest % 2);
}

/* ---- a run ---- */

static void begin(unsigned byte, unsigned more)
{
    static const uint32_t intervals[] = { 1500, 0, 300 };
    const struct cluster_options options = { .nodes = 2 + byte % 3,
                                             .diff_interval_ms = intervals[byte / 3 % 3],
                                             .shards = 1 + byte / 9 % 2,
                                             .by_topic = byte / 18 % 2,
                                             .forgetful = byte / 36 % 2,
                                             .fetches = more >> 4 & 1,
                                             .handles = more >> 5 & 1,
                                             .small_diffs = more >> 6 & 1 };
    passed = 0;
    busy = more & 15;
    dice = byte;
    cluster_begin(&options);
    node_settle();
}

static void heal(void)
{
    net_mend_all();
    for (unsigned i = 0; i < cluster.nodes; i++) {
        if (nodes[i].endpoint && nodes[i].paused)
            node_wake(i, false);
    }
    node_pass(SETTLE_MS);
}

static void check(void)
{
    for (unsigned i = 0; i < cluster.nodes; i++) {
        if (nodes[i].endpoint)
            node_require_all(i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    pinion_log_set_level(PINION_LOG_NONE);
    unsigned first = input_byte(&input);
    begin(first, input_byte(&input));
    for (unsigned acts = 0; input.left > 0 && acts < ACTS_MAX; acts++) {
        unsigned what = input_byte(&input);
        perform(what % 32, input_byte(&input));
        if (!(what & AT_ONCE))
            node_settle();
    }
    heal();
    check();
    cluster_end();
    return 0;
}
