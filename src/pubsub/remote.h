/* The other nodes, reached through an adapter. What goes to them is put into envelopes; what comes from them
 * is checked, sorted by kind, and passed on. */
#ifndef PINION_PUBSUB_REMOTE_H
#define PINION_PUBSUB_REMOTE_H

#include "base/lock.h"
#include "pubsub/broadcast.h"
#include "pubsub/envelope.h"
#include "pubsub/senders.h"
#include "pubsub/topics.h"
#include <pinion/pubsub.h>

/* Receives a message from another node. Both slices are borrowed for the call. Called on the adapter's
 * thread, one call at a time. It must post what takes time. */
typedef void pinion_remote_receive_fn(void *context, struct pinion_slice node, struct pinion_slice bytes);

/* Receives a broadcast from another node, under the same conditions. */
typedef void pinion_remote_publish_fn(void *context, struct pinion_broadcast *broadcast);

/* Called when the messages of a topic come in, or when they never will because it is not allowed. */
typedef void pinion_remote_subscribed_fn(void *context, const char *topic, uint64_t ticket, bool allowed);

/* Called when a node has come, or gone. On the adapter's threads. */
typedef void pinion_remote_node_fn(void *context, const char *node, bool up);

/* The state of the connection, as the adapter has reported it. */
enum pinion_connection { PINION_CONNECTION_UNKNOWN, PINION_CONNECTION_UP, PINION_CONNECTION_DOWN };

struct pinion_remote_options {
    pinion_pubsub_adapter *adapter;
    bool bridge; /* it has at most one other node, and mostly none: then nothing is sent */
    pinion_remote_publish_fn *publish;
    pinion_remote_subscribed_fn *subscribed; /* may be NULL if the adapter brings everything */
    void *context;
};

struct pinion_remote {
    struct pinion_remote_options options;
    pinion_pubsub_ops ops; /* the adapter's */
    char node[PINION_NODE_MAX + 1];
    struct pinion_slice name; /* the same as `node` */
    uint64_t incarnation;     /* microseconds since 1970 when it was made: larger than in earlier lives */
    bool started;
    atomic_bool open;               /* between start and stop */
    atomic_int connection;          /* enum pinion_connection */
    struct pinion_lock telling;     /* guards the next members up to `gone` */
    char reason[240];               /* of the outage, as it was logged last */
    uint64_t said_reason;           /* when it was logged, seconds */
    struct pinion_topics gone;      /* nodes that have gone; not of a bridge */
    char peer[PINION_NODE_MAX + 1]; /* the other node of a bridge; "": there is none */
    atomic_uint_fast64_t sequence;
    struct pinion_senders senders; /* only the adapter's thread uses it */
    struct {
        pinion_remote_receive_fn *fn;
        void *context;
    } receivers[PINION_ENVELOPE_KINDS];
    struct {
        pinion_remote_node_fn *fn; /* NULL: nobody wants to know */
        void *context;
    } watchers[PINION_ENVELOPE_KINDS];
    atomic_uint_fast64_t sent;
    atomic_uint_fast64_t received;
    atomic_uint_fast64_t lost;    /* messages that the adapter did not accept, or accepted and then lost */
    atomic_uint_fast64_t refused; /* messages that came twice, or could not be read */
    atomic_bool said_lost;        /* it was logged since the connection came up */
    atomic_bool said_refused;
    atomic_uint_fast64_t said_namesake; /* when it was logged, seconds */
    atomic_uint_fast64_t denied;        /* subscriptions that the broker does not allow */
};

/* Make a remote, which owns the adapter on success. PINION_EINVAL: the adapter's node has no valid name;
 * PINION_ENOMEM. */
int pinion__remote_new(struct pinion_remote **out, const struct pinion_remote_options *options);

/* Free an adapter that nobody uses yet. adapter may be NULL. If its table of functions has no `free`, it is
 * not freed. */
void pinion__adapter_free(pinion_pubsub_adapter *adapter);

/* Free it and the adapter. remote may be NULL. */
void pinion__remote_free(struct pinion_remote *remote);

/* Connect. Errors: those of the adapter's start; pinion_error_detail() says more. */
int pinion__remote_start(struct pinion_remote *remote);

/* Disconnect, if it was started. Nothing comes in after it has returned. It may be called again. */
void pinion__remote_stop(struct pinion_remote *remote);

/* Pass messages of this kind to fn. Before start. */
void pinion__remote_receive(struct pinion_remote *remote, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context);

/* Have fn called when a node has come or gone, for the sake of messages of this kind. Before start. */
void pinion__remote_watch(struct pinion_remote *remote, enum pinion_envelope_kind kind,
                          pinion_remote_node_fn *fn, void *context);

/* True for a bridge that has no other node. */
static inline bool pinion__remote_is_alone(const struct pinion_remote *remote)
{
    return remote->options.bridge &&
           atomic_load_explicit(&remote->connection, memory_order_relaxed) != PINION_CONNECTION_UP;
}

/* True for a node that was there and has gone, as far as the adapter knows; with a bridge, for each that is
 * not at its other end. Thread: any. */
bool pinion__remote_has_gone(struct pinion_remote *remote, const char *node);

/* Send bytes of a kind to a node, or to all other nodes (NULL). Failures are counted. Errors: the adapter's;
 * PINION_ECLOSED: not started, stopped, or alone. Thread: any. */
int pinion__remote_send(struct pinion_remote *remote, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes);

/* True if the adapter wants to know which topics have subscribers here. */
static inline bool pinion__remote_by_topic(const struct pinion_remote *remote)
{
    return remote->ops.subscribe != NULL;
}

/* Have the messages of a topic come in, as the adapter's subscribe does. PINION_ECLOSED: not started, or
 * stopped. */
int pinion__remote_subscribe(struct pinion_remote *remote, const char *topic, uint64_t ticket);
void pinion__remote_unsubscribe(struct pinion_remote *remote, const char *topic);

/* Send a broadcast to all other nodes. Failures are counted. Thread: any. */
void pinion__remote_broadcast(struct pinion_remote *remote, const struct pinion_broadcast *broadcast);

#endif
