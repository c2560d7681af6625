/* Pubsub adapters: what carries broadcasts from one node to the others. Pinion has one for NATS and one for
 * Redis, chosen by a URL (`pubsub` in pinion_endpoint_options); this is the contract they fulfil, for those
 * who write another (docs/clustering.md; the suite that checks any is installed as
 * share/pinion/contract/pubsub.h). And the cluster: nodes in one process, for tests and examples.
 *
 * A node is one endpoint that runs. An adapter carries messages from node to node: opaque bytes, which the
 * endpoint makes and reads. Who subscribes on a node, whom a broadcast leaves out, and what intercepts it, is
 * not its business; nor is delivery on the node a message comes from, which does not wait for it.
 *
 * What is promised: at most once, in order for each sender and topic. A message is lost when the connection
 * is, or when somebody does not keep up. A message never comes twice: the endpoint drops what it has had
 * before, and what it has sent itself, so that an adapter may hand in both.
 */
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

#define PINION_NODE_MAX 255 /* bytes of a node's id */

/* What an adapter calls: functions of the endpoint, with the `core` it got by them. All of them return at
 * once; none may be called before ->start is called, or once ->stop has returned. */
typedef struct pinion_pubsub_events {
    /* A message came. The bytes are borrowed for the call. Not to be called by two threads at once. */
    void (*received)(void *core, const void *bytes, size_t length);

    /* From now on messages on the topic of ->subscribe with this ticket come in; or it has failed, or there
     * is no connection now, so that there is nothing to wait for. Once for each, and soon: a client's join
     * waits for it. Not from inside ->subscribe, nor with a lock held that ->subscribe takes. Thread: any. */
    void (*subscribed)(void *core, const char *topic, uint64_t ticket);

    /* The connection has come up, or gone; `detail` says to what, or why, in a few words for the log, without
     * a secret. Thread: any. */
    void (*connection)(void *core, bool up, const char *detail);

    /* So many messages that were taken will not be sent, or that came were dropped. Thread: any. */
    void (*lost)(void *core, size_t count);

    /* Instead of subscribed: the broker does not allow this subscription. A client's join that waits for it
     * is refused. Under the same conditions. */
    void (*refused)(void *core, const char *topic, uint64_t ticket);

    /* A node of this name is there, or has gone: for an adapter that can tell, which need not. Who waits for
     * a node that has gone waits no more. Thread: any. */
    void (*node)(void *core, const char *node, bool up);
} pinion_pubsub_events;

/* An adapter: whoever writes one says what is in it. */
typedef struct pinion_pubsub_adapter pinion_pubsub_adapter;

/* One kind of adapter. Except as stated, functions are called on any thread, several at once, between the
 * return of ->start and the call of ->free; they must not wait for the network. */
typedef struct pinion_pubsub_ops {
    size_t size;      /* sizeof(pinion_pubsub_ops): what is behind it is not there (pinion/version.h) */
    const char *name; /* "nats", … for the log */

    /* Expected to give the name of this node: 1 to PINION_NODE_MAX bytes of UTF-8 without control characters,
     * unlike that of any other node, the same for the adapter's life. Called before ->start too. */
    const char *(*node_id)(const pinion_pubsub_adapter *adapter);

    /* Expected to make the connection, on a thread of its own, and to return once messages from the others
     * come in. May wait a few seconds. Where the broker cannot be reached, expected to succeed and to go on
     * trying; where the settings can never work (a name that does not exist, a password that is refused), to
     * say so: a PINION_E code, with a sentence in `why`, without a secret. Called once. */
    int (*start)(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size);

    /* Expected to send these bytes, borrowed for the call, to all nodes that subscribe to the topic, or to
     * all there are when it is NULL. It may send to more than these. 0; PINION_EBUSY: there is no room;
     * PINION_ECLOSED: stopped; PINION_ETOOBIG: more than it carries; PINION_ENOMEM. */
    int (*broadcast)(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length);

    /* Expected to send these bytes to one node. There need not be one of that name. Errors as above. */
    int (*send)(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length);

    /* Expected to have messages on this topic come in, and then to call events->subscribed. Not called for a
     * topic that is subscribed to, but for one that was refused; nor are two calls for one topic made at
     * once. PINION_ENOTCONN: there is no connection now. It is done once there is one, and subscribed is not
     * called: nobody waits for it. PINION_ENOMEM: it is not, and subscribed is not called. NULL, together
     * with
     * ->unsubscribe: this adapter brings everything to every node. */
    int (*subscribe)(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket);

    /* The topic is needed no more. Messages on it may still come. */
    void (*unsubscribe)(pinion_pubsub_adapter *adapter, const char *topic);

    /* Expected to send what was taken, for a second or so, to let go of the connection and to end the thread.
     * Called once, and only after a ->start that succeeded. */
    void (*stop)(pinion_pubsub_adapter *adapter);

    /* Expected to free the adapter. Nothing else is under way. */
    void (*free)(pinion_pubsub_adapter *adapter);
} pinion_pubsub_ops;

/* The beginning of every adapter's struct. */
struct pinion_pubsub_adapter {
    const pinion_pubsub_ops *ops; /* borrowed; must outlive the adapter */
};

/* ---- the cluster: nodes in one process, on adapters that can be cut off from each other ---- */

/* The nodes of one process. */
typedef struct pinion_cluster pinion_cluster;

/* Zero means the default. */
typedef struct pinion_cluster_options {
    bool topics;      /* messages go where their topic is subscribed to, not to every node */
    size_t max_queue; /* bytes waiting for a node: 64 MiB; more are dropped, counted */
    uint64_t seed;    /* of the dice that pinion_cluster_lose throws */
} pinion_cluster_options;

/* A cluster without nodes. Options are read for the call; NULL is all defaults. PINION_ENOMEM. */
PINION_API PINION_CHECKED int pinion_cluster_new_sized(pinion_cluster **out,
                                                       const pinion_cluster_options *options, size_t size);
static inline PINION_CHECKED int pinion_cluster_new(pinion_cluster **out,
                                                    const pinion_cluster_options *options)
{
    return pinion_cluster_new_sized(out, options, sizeof(pinion_cluster_options));
}

/* Give the cluster up: it is freed with the last of its adapters. NULL is allowed. */
PINION_API void pinion_cluster_free(pinion_cluster *cluster);

/* An adapter for a node of this name, to be given to an endpoint (`pubsub_adapter` in its options), which
 * owns it then. PINION_EINVAL: no name for a node; PINION_ENOMEM. Thread: any. */
PINION_API PINION_CHECKED int pinion_cluster_adapter_new(pinion_pubsub_adapter **out, pinion_cluster *cluster,
                                                         const char *node);

/* Cut the connection between two nodes, or mend it; they need not have started. What is sent from one to the
 * other while it is cut is lost. With NULL for `other` the node loses its own connection: nothing comes from
 * or goes to any. PINION_EINVAL: no name for a node; PINION_ENOMEM. Thread: any. */
PINION_API int pinion_cluster_cut(pinion_cluster *cluster, const char *node, const char *other, bool cut);

/* Lose each message to each node with this probability, from 0 to 1. Thread: any. */
PINION_API void pinion_cluster_lose(pinion_cluster *cluster, double probability);

#ifdef __cplusplus
}
#endif
#endif
