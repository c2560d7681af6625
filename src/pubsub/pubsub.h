/* Publishes to a topic: on every loop that has subscribers, and on the other nodes if there is an adapter.
 * The engine knows what a subscriber is and how to deliver to it: each loop passes a function for that.
 *
 * Order: the broadcasts of one publishing thread reach each loop in the order in which they were published.
 * Each is delivered at most once. For other nodes see pinion/pubsub.h. */
#ifndef PINION_PUBSUB_PUBSUB_H
#define PINION_PUBSUB_PUBSUB_H

#include "base/list.h"
#include "base/scheduler.h"
#include "pubsub/broadcast.h"
#include "pubsub/interest.h"
#include "pubsub/registry.h"
#include "pubsub/remote.h"

/* Deliver to the subscribers of `topic` on this loop. It must not change the registry before it returns. */
typedef void pinion_deliver_fn(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast);

/* A loop's part. */
struct pinion_pubsub_loop {
    struct pinion_registry registry;
    struct pinion_pubsub *pubsub;
    unsigned index;
    struct pinion_scheduler *scheduler;
    pinion_deliver_fn *deliver;
    void *context;
    atomic_size_t topics;       /* with subscribers here; written by the loop, read by any thread */
    struct pinion_list waiters; /* linked through pinion_waiter.node */
    struct pinion_task check_task;
    atomic_bool checking; /* check_task is posted */
};

/* Waits until the messages of a topic come in from other nodes too. The caller owns its memory. */
struct pinion_waiter {
    struct pinion_list node;
    struct pinion_topic *topic;                                /* NULL: it does not wait */
    void (*ready)(struct pinion_waiter *waiter, bool allowed); /* allowed is false: they never will */
};

struct pinion_pubsub {
    struct pinion_interest interest;
    unsigned loop_count;
    struct pinion_pubsub_loop *loops[PINION_LOOPS_MAX];
    atomic_ulong published;
    atomic_ulong dropped;         /* deliveries to loops whose mailbox was full */
    struct pinion_remote *remote; /* the other nodes; NULL: there is no adapter */
};

int pinion__pubsub_init(struct pinion_pubsub *pubsub);
void pinion__pubsub_release(struct pinion_pubsub *pubsub);

/* Add a loop, before any thread runs. The caller owns its memory and the scheduler. */
int pinion__pubsub_add_loop(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *loop,
                            struct pinion_scheduler *scheduler, pinion_deliver_fn *deliver, void *context);

/* Publish on this node. `here` is the loop of the calling thread, or NULL on any other thread; its
 * subscribers are delivered to before this returns. The caller keeps its reference. On an error some loops
 * did not get it, which was counted and logged; the others have it. PINION_EBUSY: a mailbox is full;
 * PINION_ENOMEM. Thread: any. */
int pinion__pubsub_publish(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                           struct pinion_broadcast *broadcast);

/* Publish on this node and on all others. Errors: as pinion__pubsub_publish, of this node. Thread: any. */
int pinion__pubsub_broadcast(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                             struct pinion_broadcast *broadcast);

/* True if messages from other nodes come in only for topics that have subscribers here. */
static inline bool pinion__pubsub_by_topic(const struct pinion_pubsub *pubsub)
{
    return pubsub->interest.hooks != NULL;
}

/* Call it before subscribing to a held topic. Returns 0 when its messages come in from all nodes: at once if
 * there is no adapter, or if it brings everything. PINION_EPENDING: waiter->ready will be called on this
 * loop; it waits until pinion__pubsub_unawait. PINION_ENOMEM. Thread: the loop's. */
int pinion__pubsub_await(struct pinion_pubsub_loop *loop, struct pinion_topic *topic,
                         struct pinion_waiter *waiter);

/* End the wait, before or after it was ready. The waiter may be all zero, or not waiting. */
void pinion__pubsub_unawait(struct pinion_waiter *waiter);

/* ---- other nodes ---- */

/* Use an adapter, which the pubsub owns from now on, also on failure. Call it once, before any thread runs.
 * Errors: as pinion__remote_new. */
int pinion__pubsub_attach(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter);

/* The same for a bridge, which mostly has no other node at its end (bridge.h). */
int pinion__pubsub_attach_bridge(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter);

/* Connect to the other nodes. Returns 0 if there is no adapter. Errors: as pinion__remote_start. */
int pinion__pubsub_start(struct pinion_pubsub *pubsub);

/* Disconnect: nothing comes in from other nodes any more. It may be called again. Not on one of the loops. */
void pinion__pubsub_stop(struct pinion_pubsub *pubsub);

static inline bool pinion__pubsub_has_adapter(const struct pinion_pubsub *pubsub)
{
    return pubsub->remote != NULL;
}

static inline bool pinion__pubsub_is_bridge(const struct pinion_pubsub *pubsub)
{
    return pubsub->remote && pubsub->remote->options.bridge;
}

/* True while nothing has to be sent to other nodes. It may change at any time. Thread: any. */
static inline bool pinion__pubsub_is_alone(const struct pinion_pubsub *pubsub)
{
    return !pubsub->remote || pinion__remote_is_alone(pubsub->remote);
}

/* The name of this node, which no other node has; "" if there is no adapter. */
static inline const char *pinion__pubsub_node(const struct pinion_pubsub *pubsub)
{
    return pubsub->remote ? pubsub->remote->node : "";
}

/* Pass what other nodes send of this kind to fn, on the adapter's thread, until pinion__pubsub_stop. Call it
 * before pinion__pubsub_start. Without an adapter this does nothing. */
void pinion__pubsub_receive(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context);

/* Have fn called on an adapter's thread when a node has come or gone: see pinion__remote_watch. */
static inline void pinion__pubsub_watch(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind,
                                        pinion_remote_node_fn *fn, void *context)
{
    if (pubsub->remote)
        pinion__remote_watch(pubsub->remote, kind, fn, context);
}

/* True for a node that was there and has gone, as far as is known; with a bridge, for each that is not at its
 * other end. Thread: any. */
static inline bool pinion__pubsub_has_gone(const struct pinion_pubsub *pubsub, const char *node)
{
    return pubsub->remote && pinion__remote_has_gone(pubsub->remote, node);
}

/* Send bytes of a kind to a node, or to all other nodes (NULL). The bytes are borrowed for the call. Nothing
 * says if they arrive. PINION_ECLOSED: there is no adapter, or it does not run; otherwise as
 * pinion__remote_send. Thread: any. */
int pinion__pubsub_send(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes);

#endif
