/* The other nodes, as this one sees them through its adapter: what goes to them is put into envelopes and
 * handed over, what comes from them is checked, told apart and passed on. */
#ifndef PINION_PUBSUB_REMOTE_H
#define PINION_PUBSUB_REMOTE_H

#include "base/lock.h"
#include "pubsub/broadcast.h"
#include "pubsub/envelope.h"
#include "pubsub/senders.h"
#include "pubsub/topics.h"
#include <pinion/pubsub.h>

/* What a message from another node is handed to, both slices borrowed for the call. Called on the adapter's
 * thread, one at a time; expected to post what it has to do. */
typedef void pinion_remote_receive_fn(void *context, struct pinion_slice node, struct pinion_slice bytes);

/* What a broadcast from another node is handed to, under the same conditions. */
typedef void pinion_remote_publish_fn(void *context, struct pinion_broadcast *broadcast);

/* What is told when messages on a topic come in, or, when it is not allowed, that they never do. */
typedef void pinion_remote_subscribed_fn(void *context, const char *topic, uint64_t ticket, bool allowed);

/* What is told when a node has gone. On the adapter's threads. */
typedef void pinion_remote_gone_fn(void *context, const char *node);

/* The connection, as the adapter says. */
enum pinion_link { PINION_LINK_UNKNOWN, PINION_LINK_UP, PINION_LINK_DOWN };

struct pinion_remote_options {
    pinion_pubsub_adapter *adapter;
    pinion_remote_publish_fn *publish;
    pinion_remote_subscribed_fn *subscribed; /* may be NULL where the adapter brings everything */
    void *context;
};

struct pinion_remote {
    struct pinion_remote_options options;
    pinion_pubsub_ops ops; /* the adapter's */
    char node[PINION_NODE_MAX + 1];
    struct pinion_slice name; /* of the node: the same */
    uint64_t incarnation;     /* microseconds since 1970 when it was made: larger than in the lives before */
    bool started;
    atomic_bool open;           /* between start and stop */
    atomic_int link;            /* enum pinion_link */
    struct pinion_lock telling; /* of the next few */
    char reason[240];           /* of the outage, as it was said last */
    uint64_t said_reason;       /* when; seconds */
    struct pinion_topics gone;  /* nodes */
    atomic_uint_fast64_t sequence;
    struct pinion_senders senders; /* the adapter's thread's */
    struct {
        pinion_remote_receive_fn *fn;
        void *context;
    } receivers[PINION_ENVELOPE_KINDS];
    pinion_remote_gone_fn *on_gone; /* NULL: nobody asks */
    void *gone_context;
    atomic_uint_fast64_t sent;
    atomic_uint_fast64_t received;
    atomic_uint_fast64_t lost;    /* not taken by the adapter, or taken and then given up */
    atomic_uint_fast64_t refused; /* came twice, or could not be read */
    atomic_bool said_lost;        /* in the log, since the connection came up */
    atomic_bool said_refused;
    atomic_uint_fast64_t said_namesake; /* when; seconds */
    atomic_uint_fast64_t denied;        /* subscriptions that the broker does not allow */
};

/* Make one. The adapter is its own on success. PINION_EINVAL: the adapter's node has no proper name;
 * PINION_ENOMEM. */
int pinion__remote_new(struct pinion_remote **out, const struct pinion_remote_options *options);

/* Free an adapter that nobody uses yet. NULL is allowed. One whose table of functions does not say how stays.
 */
void pinion__adapter_free(pinion_pubsub_adapter *adapter);

/* Free it and the adapter. NULL is allowed. */
void pinion__remote_free(struct pinion_remote *remote);

/* Connect. As the adapter's start; pinion_error_detail() says what is wrong. */
int pinion__remote_start(struct pinion_remote *remote);

/* Disconnect, if it was started. Nothing comes in any more when this has returned. Idempotent. */
void pinion__remote_stop(struct pinion_remote *remote);

/* Have messages of this kind handed to fn. Before start. */
void pinion__remote_receive(struct pinion_remote *remote, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context);

/* Have it told to fn when a node has gone. Before start. */
void pinion__remote_watch(struct pinion_remote *remote, pinion_remote_gone_fn *fn, void *context);

/* True for a node that was there and has gone, as far as the adapter can tell. Thread: any. */
bool pinion__remote_has_gone(struct pinion_remote *remote, const char *node);

/* Send bytes of a kind to a node, or to all other nodes (NULL). Errors as the adapter's; PINION_ECLOSED: not
 * started, or stopped. Failures are counted. Thread: any. */
int pinion__remote_send(struct pinion_remote *remote, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes);

/* True where the adapter wants to know which topics have subscribers here. */
static inline bool pinion__remote_by_topic(const struct pinion_remote *remote)
{
    return remote->ops.subscribe != NULL;
}

/* Have messages on a topic come in, as the adapter's subscribe does. PINION_ECLOSED: not started, or stopped.
 */
int pinion__remote_subscribe(struct pinion_remote *remote, const char *topic, uint64_t ticket);
void pinion__remote_unsubscribe(struct pinion_remote *remote, const char *topic);

/* Send a broadcast to all other nodes. Failures are counted. Thread: any. */
void pinion__remote_broadcast(struct pinion_remote *remote, const struct pinion_broadcast *broadcast);

#endif
