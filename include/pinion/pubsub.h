/* Pubsub adapters: what carries broadcasts from one node to the others. Pinion has one for NATS and one for
 * Redis; a URL chooses between them (`pubsub` in pinion_endpoint_options). This header is the contract they
 * fulfil, for those who write another (docs/clustering.md). The suite that checks any adapter is installed as
 * share/pinion/contract/pubsub.h. This header also has the cluster: nodes in one process, for tests and
 * examples.
 *
 * A node is one running endpoint. An adapter carries messages from node to node: opaque bytes, which the
 * endpoint writes and reads. An adapter does not know who subscribes on a node, whom a broadcast leaves out,
 * or what intercepts it. Nor does it deliver on the node that sends: the endpoint does that at once, without
 * waiting for the adapter.
 *
 * Order: messages of one sender on one topic are delivered at most once, and in order. A message is lost when
 * the connection is lost, or when a receiver does not keep up. A message is never delivered twice: the
 * endpoint drops messages that it has had before and messages that it sent itself. So an adapter may hand in
 * both. */
#ifndef PINION_PUBSUB_H
#define PINION_PUBSUB_H

#include <pinion/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the contract ---- */

#define PINION_NODE_MAX 255 /* Bytes of a node's id. */

/* What an adapter calls: functions of the endpoint. `core` is what ->start was given. All of them return at
 * once. None may be called before ->start is called, or after ->stop has returned. */
typedef struct pinion_pubsub_events {
    /* A message came. The bytes are borrowed for the call. Two threads must not call it at the same time. */
    void (*received)(void *core, const void *bytes, size_t length);

    /* The subscription of ->subscribe with this ticket is done: messages on the topic come in from now on.
     * Also called when it has failed, or when there is no connection now, so that nobody waits for it. Call
     * it once for each ticket, and soon: a client's join waits for it. Do not call it from inside
     * ->subscribe, nor while holding a lock that ->subscribe takes.
     *
     * Thread: any. */
    void (*subscribed)(void *core, const char *topic, uint64_t ticket);

    /* The connection came up, or went down. `detail` says to what, or why: a few words for the log, without a
     * secret.
     *
     * Thread: any. */
    void (*connection)(void *core, bool up, const char *detail);

    /* This many messages were lost: they had been taken but will not be sent, or they came in and were
     * dropped.
     *
     * Thread: any. */
    void (*lost)(void *core, size_t count);

    /* The broker does not allow this subscription. Called in place of `subscribed`, under the same
     * conditions. A client's join that waits for it is refused. If the adapter finds out later, after the
     * ticket was answered, or when it asks again, it calls this with ticket 0: then it is only counted. */
    void (*refused)(void *core, const char *topic, uint64_t ticket);

    /* A node of this name came, or went. Optional: only for an adapter that can tell. Whatever waits for a
     * node that went stops waiting.
     *
     * Thread: any. */
    void (*node)(void *core, const char *node, bool up);
} pinion_pubsub_events;

/* An adapter. Its author decides what is in it. */
typedef struct pinion_pubsub_adapter pinion_pubsub_adapter;

/* One kind of adapter. Unless stated otherwise, functions are called on any thread, several at once, after
 * ->start has returned and before ->free is called. They must not wait for the network. */
typedef struct pinion_pubsub_ops {
    size_t size;      /* sizeof(pinion_pubsub_ops): members beyond it do not exist (pinion/version.h). */
    const char *name; /* Its name for the log: "nats". */

    /* Give the name of this node. UTF-8 of 1 to PINION_NODE_MAX bytes without control characters, different
     * from every other node's, and the same as long as the adapter lives. Also called before ->start. */
    const char *(*node_id)(const pinion_pubsub_adapter *adapter);

    /* Make the connection, on a thread of its own, and return once messages from the other nodes come in. It
     * may wait a few seconds. If the broker cannot be reached, return 0 and keep trying. If the settings can
     * never work (a host name that does not exist, a password that is refused), return a PINION_E code and
     * write a sentence into `why`, without a secret. Called once. */
    int (*start)(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size);

    /* Send these bytes to all nodes that subscribe to the topic; a NULL topic means to all nodes. It may also
     * send to more nodes. The bytes are borrowed for the call.
     *
     * Errors: PINION_EBUSY: no room in its queue; PINION_ECLOSED: stopped; PINION_ETOOBIG: more than it can
     * carry; PINION_ENOMEM: out of memory. */
    int (*broadcast)(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length);

    /* Send these bytes to one node. A node of that name need not exist.
     *
     * Errors: as broadcast. */
    int (*send)(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length);

    /* Subscribe to messages on this topic, then call events->subscribed. The endpoint does not call it for a
     * topic that is subscribed already, and never makes two calls for one topic at once. It may call it again
     * for a topic that was refused. NULL, together with ->unsubscribe: this adapter brings every message to
     * every node.
     *
     * Errors: PINION_ENOTCONN: there is no connection now (subscribe once there is one, but do not call
     * events->subscribed: nobody waits for it); PINION_ENOMEM: out of memory, nothing was subscribed and
     * events->subscribed is not called. */
    int (*subscribe)(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket);

    /* Messages on this topic are no longer needed. Some may still come in. */
    void (*unsubscribe)(pinion_pubsub_adapter *adapter, const char *topic);

    /* Send what was taken, for about a second at most; then close the connection and end the thread. Called
     * once, and only if ->start succeeded. */
    void (*stop)(pinion_pubsub_adapter *adapter);

    /* Free the adapter. No other call is under way. */
    void (*free)(pinion_pubsub_adapter *adapter);
} pinion_pubsub_ops;

/* The first member of every adapter's struct. */
struct pinion_pubsub_adapter {
    const pinion_pubsub_ops *ops; /* Borrowed; must outlive the adapter. */
};

/* ---- the cluster: nodes in one process, on adapters that can be cut off from each other ---- */

/* The nodes of one process. */
typedef struct pinion_cluster pinion_cluster;

/* How a cluster is made. Zero means the default. */
typedef struct pinion_cluster_options {
    bool topics;      /* Send a message only to the nodes that subscribe to its topic. Default: false, to
                         every node. */
    size_t max_queue; /* The queue of each node. Bytes. Default: 64 MiB. On excess: messages are dropped
                         and counted. */
    uint64_t seed;    /* The seed of the random numbers of pinion_cluster_lose. A number. Default: 0. */
} pinion_cluster_options;

/* Make a cluster without nodes. Options are read during the call; NULL means all defaults.
 *
 * Ownership: *out is the caller's, until pinion_cluster_free.
 *
 * Errors: PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_cluster_new_sized(pinion_cluster **out,
                                                       const pinion_cluster_options *options, size_t size);
static inline PINION_CHECKED int pinion_cluster_new(pinion_cluster **out,
                                                    const pinion_cluster_options *options)
{
    return pinion_cluster_new_sized(out, options, sizeof(pinion_cluster_options));
}

/* Give the cluster up. NULL is allowed.
 *
 * Lifetime: it is freed with the last of its adapters. */
PINION_API void pinion_cluster_free(pinion_cluster *cluster);

/* Make an adapter for a node of this name, for `pubsub_adapter` in an endpoint's options.
 *
 * Ownership: the caller's, until it is given to an endpoint.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: not a valid name for a node; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_cluster_adapter_new(pinion_pubsub_adapter **out, pinion_cluster *cluster,
                                                         const char *node);

/* Cut the connection between two nodes, or mend it. The nodes need not have started. A message sent between
 * them while it is cut is lost. NULL for `other` means that the node loses its own connection: it gets
 * nothing from any node, and nothing it sends arrives.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: not a valid name for a node; PINION_ENOMEM: out of memory. */
PINION_API int pinion_cluster_cut(pinion_cluster *cluster, const char *node, const char *other, bool cut);

/* Lose each message to each node with this probability, from 0 to 1.
 *
 * Thread: any. */
PINION_API void pinion_cluster_lose(pinion_cluster *cluster, double probability);

#ifdef __cplusplus
}
#endif
#endif
