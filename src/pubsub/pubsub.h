/* Pubsub: publish to a topic, on every loop that has subscribers, and on the other nodes where there is an
 * adapter. What a subscriber is, and how it is delivered to, is the engine's business: each loop hands in a
 * function.
 *
 * Order: broadcasts of one publishing thread reach each loop in the order they were published. At most once.
 * On other nodes: see pinion/pubsub.h.
 */
#ifndef PINION_PUBSUB_PUBSUB_H
#define PINION_PUBSUB_PUBSUB_H

#include "base/list.h"
#include "base/scheduler.h"
#include "pubsub/broadcast.h"
#include "pubsub/interest.h"
#include "pubsub/registry.h"
#include "pubsub/remote.h"

/* Deliver to the subscribers of `topic` on this loop. Must not change the registry before it returns. */
typedef void pinion_deliver_fn(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast);

/* One loop's part. */
struct pinion_pubsub_loop {
    struct pinion_registry registry;
    struct pinion_pubsub *pubsub;
    unsigned index;
    struct pinion_scheduler *scheduler;
    pinion_deliver_fn *deliver;
    void *context;
    atomic_size_t topics;       /* with subscribers here; written by the loop, read by any thread */
    struct pinion_list waiters; /* of struct pinion_waiter */
    struct pinion_task check_task;
    atomic_bool checking; /* check_task is posted */
};

/* One that waits until a topic's messages come in, from other nodes too. Its memory is the caller's. */
struct pinion_waiter {
    struct pinion_list node;
    struct pinion_topic *topic;                                /* NULL: it does not wait */
    void (*ready)(struct pinion_waiter *waiter, bool allowed); /* false: they never come in */
};

struct pinion_pubsub {
    struct pinion_interest interest;
    unsigned loop_count;
    struct pinion_pubsub_loop *loops[PINION_LOOPS_MAX];
    atomic_ulong published;
    atomic_ulong dropped;         /* deliveries to a loop whose mailbox was full */
    struct pinion_remote *remote; /* the other nodes; NULL: there is no adapter */
};

int pinion__pubsub_init(struct pinion_pubsub *pubsub);
void pinion__pubsub_release(struct pinion_pubsub *pubsub);

/* Add a loop, before any thread runs. Its memory, and the scheduler, are the caller's. */
int pinion__pubsub_add_loop(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *loop,
                            struct pinion_scheduler *scheduler, pinion_deliver_fn *deliver, void *context);

/* Publish on this node. `here` is the loop of the calling thread, whose subscribers are delivered to before
 * this returns, or NULL on any other thread. The caller keeps its reference. Thread: any. */
void pinion__pubsub_publish(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                            struct pinion_broadcast *broadcast);

/* Publish on this node, and on all others. Thread: any. */
void pinion__pubsub_broadcast(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                              struct pinion_broadcast *broadcast);

/* True where messages from other nodes come in for those topics alone that have subscribers here. */
static inline bool pinion__pubsub_by_topic(const struct pinion_pubsub *pubsub)
{
    return pubsub->interest.hooks != NULL;
}

/* Before subscribing to a topic that is held: 0 when its messages come in from all nodes, at once where there
 * is no adapter or it brings everything. PINION_EPENDING: waiter->ready is called later, on this loop; it
 * waits until pinion__pubsub_unawait. PINION_ENOMEM. Thread: the loop's. */
int pinion__pubsub_await(struct pinion_pubsub_loop *loop, struct pinion_topic *topic,
                         struct pinion_waiter *waiter);

/* Wait no more, before it is ready or after. Harmless for one that does not, or is all zero. */
void pinion__pubsub_unawait(struct pinion_waiter *waiter);

/* ---- other nodes ---- */

/* Have an adapter, which is the pubsub's from here, on failure too. Once, before any thread runs. Errors as
 * pinion__remote_new. */
int pinion__pubsub_attach(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter);

/* Connect to the other nodes: 0 where there is no adapter, else as pinion__remote_start. */
int pinion__pubsub_start(struct pinion_pubsub *pubsub);

/* Disconnect; nothing comes in from other nodes any more. Idempotent. Not from one of the loops. */
void pinion__pubsub_stop(struct pinion_pubsub *pubsub);

static inline bool pinion__pubsub_has_adapter(const struct pinion_pubsub *pubsub)
{
    return pubsub->remote != NULL;
}

/* The name of this node, unlike that of any other; "" where there is no adapter. */
static inline const char *pinion__pubsub_node(const struct pinion_pubsub *pubsub)
{
    return pubsub->remote ? pubsub->remote->node : "";
}

/* Have what other nodes send of this kind handed to fn, on the adapter's thread, until pinion__pubsub_stop.
 * Before pinion__pubsub_start; nothing happens where there is no adapter. */
void pinion__pubsub_receive(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context);

/* Have it told to fn, on an adapter's thread, when a node has gone; as pinion__remote_watch. */
static inline void pinion__pubsub_watch(struct pinion_pubsub *pubsub, pinion_remote_gone_fn *fn,
                                        void *context)
{
    if (pubsub->remote)
        pinion__remote_watch(pubsub->remote, fn, context);
}

/* True for a node that was there and has gone, as far as can be told. Thread: any. */
static inline bool pinion__pubsub_has_gone(const struct pinion_pubsub *pubsub, const char *node)
{
    return pubsub->remote && pinion__remote_has_gone(pubsub->remote, node);
}

/* Send bytes of a kind, borrowed for the call, to a node, or to all other nodes (NULL). Nothing says whether
 * they arrive. PINION_ECLOSED: there is no adapter, or it does not run; else as pinion__remote_send. Thread:
 * any. */
int pinion__pubsub_send(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes);

#endif
