#include "base/list.h"
#include "base/thread.h"
#include "pubsub/bridge_int.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct pinion_bridge *bridge_of(const pinion_pubsub_adapter *adapter)
{
    return PINION_CONTAINER_OF((pinion_pubsub_adapter *)adapter, struct pinion_bridge, base);
}

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return bridge_of(adapter)->node;
}

/* ---- start ---- */

static struct timespec start_deadline(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += PINION_BRIDGE_START_MS / 1000;
    return at;
}

/* What is published from now on reaches the other node, and what that publishes comes in. If the other end
 * does not answer in time, the start goes on without it; it may come later. */
static void await_settled(struct pinion_bridge *bridge)
{
    const struct timespec deadline = start_deadline();
    int error = 0;
    pinion__lock(&bridge->queue.lock);
    while (!bridge->settled && !error)
        error = pinion__lock_wait_until(&bridge->queue.lock, &bridge->settling, &deadline);
    pinion__unlock(&bridge->queue.lock);
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    struct pinion_bridge *bridge = bridge_of(adapter);
    bridge->events = events;
    bridge->core = core;
    bridge->line = bridge->news.open(bridge->news.context);
    if (bridge->line < 0)
        return 0;
    if (pinion__thread_start(&bridge->thread, pinion__bridge_run, bridge) != 0)
        return PINION_ENOMEM;
    bridge->threaded = true;
    await_settled(bridge);
    return 0;
}

/* ---- sending ---- */

/* Send to the other node: to this one if it has a name, else to whoever is there. If nobody is, there is
 * nothing to do. */
static int put(struct pinion_bridge *bridge, const char *node, const void *bytes, size_t length)
{
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_MESSAGE, NULL, bytes, length);
    if (!item)
        return PINION_ENOMEM;
    pinion__lock(&bridge->queue.lock);
    bool there = bridge->peer[0] && (!node || strcmp(node, bridge->peer) == 0);
    int rc = there || bridge->queue.closed ? pinion__outgoing_put(&bridge->queue, item) : 0;
    if (!there && !bridge->queue.closed)
        free(item);
    pinion__unlock(&bridge->queue.lock);
    return rc;
}

static int broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return put(bridge_of(adapter), NULL, bytes, length);
}

static int send_to(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    return put(bridge_of(adapter), node, bytes, length);
}

/* ---- the end ---- */

static void stop(pinion_pubsub_adapter *adapter)
{
    struct pinion_bridge *bridge = bridge_of(adapter);
    pinion__lock(&bridge->queue.lock);
    bridge->queue.closed = true;
    pinion__unlock(&bridge->queue.lock);
    if (!bridge->threaded)
        return;
    pinion__outgoing_wake(&bridge->queue);
    pthread_join(bridge->thread, NULL);
    bridge->threaded = false;
}

static void free_bridge(pinion_pubsub_adapter *adapter)
{
    struct pinion_bridge *bridge = bridge_of(adapter);
    if (bridge->line >= 0)
        close(bridge->line);
    pthread_cond_destroy(&bridge->settling);
    pinion__outgoing_release(&bridge->queue);
    free(bridge);
}

static const pinion_pubsub_ops ops = {
    .size = sizeof(pinion_pubsub_ops),
    .name = "bridge",
    .node_id = node_id,
    .start = start,
    .broadcast = broadcast,
    .send = send_to,
    .stop = stop,
    .free = free_bridge,
};

int pinion__bridge_new(pinion_pubsub_adapter **out, const char *node, const struct pinion_bridge_line *line)
{
    struct pinion_bridge *bridge = calloc(1, sizeof *bridge + strlen(node) + 1);
    if (!bridge)
        return PINION_ENOMEM;
    int rc = pinion__outgoing_init(&bridge->queue, PINION_BRIDGE_QUEUE);
    if (rc) {
        free(bridge);
        return rc;
    }
    if (pinion__condition_init(&bridge->settling) != 0) {
        pinion__outgoing_release(&bridge->queue);
        free(bridge);
        return PINION_ENOMEM;
    }
    bridge->base.ops = &ops;
    bridge->news = *line;
    bridge->line = bridge->peer_fd = -1;
    pinion__list_init(&bridge->sending);
    pinion__bridge_reader_init(&bridge->reader, PINION_BRIDGE_QUEUE);
    memcpy(bridge->node, node, strlen(node) + 1);
    *out = &bridge->base;
    return 0;
}
