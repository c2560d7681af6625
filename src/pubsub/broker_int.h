/* What the files of a broker share. broker.c has its life and what the endpoint calls, broker_thread.c
 * connects and works, broker_topics.c has subscriptions, broker_refused.c what the broker does not allow,
 * broker_nodes.c the other nodes on the broker, and broker_parcels.c messages that are too large for it. */
#ifndef PINION_PUBSUB_BROKER_INT_H
#define PINION_PUBSUB_BROKER_INT_H

#include "base/lock.h"
#include "pubsub/broker.h"
#include "pubsub/outgoing.h"
#include "pubsub/peers.h"
#include "pubsub/pieces.h"
#include "pubsub/topics.h"
#include <pthread.h>
#include <stdatomic.h>

/* When something was last logged: at most once a minute. */
struct pinion_said {
    atomic_uint_fast64_t at; /* milliseconds; 0: never */
};

/* When and how often refused subscriptions are tried again. */
struct pinion_asking {
    uint64_t at;    /* when, ms; 0: nothing was refused */
    unsigned times; /* how often in a row nothing was allowed */
    bool allowed;   /* something was allowed since the last log line about it */
};

struct pinion_broker_state {
    struct pinion_outgoing queue; /* its lock also guards the next members up to `outcome` */
    struct pinion_topics topics;  /* those whose messages should come in */
    bool away;                    /* there is no connection, as far as is known */
    bool stopping;
    bool decided; /* the first attempt to connect is over */
    int outcome;  /* its result */
    struct pinion_broker_problem problem;
    pthread_cond_t decision;

    struct pinion_lock receiving; /* guards what follows; held while a message is passed on */
    bool taking;
    struct pinion_pieces pieces;

    struct pinion_lock refusing;  /* guards what this connection was refused */
    struct pinion_topics refused; /* subjects of topics; the ticket is the round in which it was refused */
    uint64_t round;               /* in a round, each of them is tried again once */
    char refused_needed[PINION_SUBJECT_MAX]; /* the last other subject that may not be subscribed to; "": none
                                              */
    char refused_publish[PINION_SUBJECT_MAX]; /* the last subject that may not be published to; "": none */
    struct pinion_asking asking;              /* only the thread uses it */

    struct pinion_peers peers;
    uint64_t life;
    uint64_t born;
    uint64_t family;
    atomic_bool runs;     /* it has started: the node has its name */
    atomic_bool namesake; /* another node of this name runs, or was the first to start */
    atomic_bool nobody;   /* the result of ->ask */
    atomic_bool asked;    /* another node has asked who is there */
    struct pinion_said said_namesake, said_cluster, said_small;
    struct pinion_said said_refused[2]; /* by pinion_broker_act: one does not hide the other */

    uint64_t noticed; /* when the thread last sent a notice, ms */
    atomic_uint_fast64_t
        hold_until; /* until then messages wait for nodes that are expected back, ms; 0: they do not wait */
    uint64_t pieces_sent; /* number of messages that were sent in pieces */

    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    char base[PINION_SUBJECT_BASE_MAX + 1]; /* of subjects */
    char node[PINION_NODE_MAX + 1];
};

/* The thread, from start to stop. `data` is the broker. */
void *pinion__broker_run(void *data);

/* A random time between half and all of a time that doubles with each failure, up to `longest`, ms. So nodes
 * that lost the same broker do not come back at the same time. */
uint64_t pinion__broker_backoff(uint64_t first, uint64_t longest, unsigned failures);

/* True once a minute. Thread: any. */
bool pinion__broker_may_say(struct pinion_said *said);

/* ---- broker_topics.c ---- */

/* Subscribe to everything that should come in, and have it confirmed. */
int pinion__broker_subscribe_all(struct pinion_broker *broker);

/* Begin or end the subscription of an item. */
int pinion__broker_subscribe(struct pinion_broker *broker, const struct pinion_outgoing_item *item);

/* Have the subscriptions of these items confirmed, if there are any, and report them. The items are freed. If
 * something has failed already (rc), nobody waits for them. */
int pinion__broker_confirm(struct pinion_broker *broker, struct pinion_list *items, int rc);

/* There is no connection: until pinion__broker_back, nobody waits for a subscription. */
void pinion__broker_away(struct pinion_broker *broker);
void pinion__broker_back(struct pinion_broker *broker);

/* Take the items about subscriptions out of the queue, in order. Messages stay. The caller holds the queue's
 * lock. */
void pinion__broker_take_subscriptions(struct pinion_broker_state *state, struct pinion_list *out);

/* ---- broker_refused.c ---- */

/* Forget what this connection was refused: everything, or one subscription. */
void pinion__broker_forget_refusals(struct pinion_broker *broker);
void pinion__broker_forget_refusal(struct pinion_broker *broker, const char *subject);

/* The subscription to this subject of a topic was refused. */
bool pinion__broker_is_refused(struct pinion_broker *broker, const char *subject);

/* Check that what the node needs is allowed. PINION_EACCES, explained: it is not. */
int pinion__broker_check_allowed(struct pinion_broker *broker);

/* Called in each turn of the thread: try refused subscriptions that are still wanted again, when it is time.
 * Only trying shows that they are allowed now. PINION_EACCES: the node needs what was refused; or a failure
 * of the link. */
int pinion__broker_ask_again(struct pinion_broker *broker);

/* ---- broker_nodes.c ---- */

/* Tell the others about this node, and hear about them. Before the first connection is ready, this finds out
 * if the name is taken: PINION_EADDRINUSE, explained. */
int pinion__broker_claim_name(struct pinion_broker *broker);
int pinion__broker_greet(struct pinion_broker *broker);
int pinion__broker_tend(struct pinion_broker *broker);
void pinion__broker_say_goodbye(struct pinion_broker *broker);

/* A notice came. The caller holds `receiving`. */
void pinion__broker_hear(struct pinion_broker *broker, const struct pinion_notice *notice);

/* True while messages wait for nodes that are expected back. */
bool pinion__broker_holds(struct pinion_broker *broker);

/* A number for this node's supervisor; 0: it has none. */
uint64_t pinion__broker_family(void);

/* ---- broker_parcels.c ---- */

/* Publish bytes, in pieces if necessary. */
int pinion__broker_publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                           struct pinion_slice message);

/* Begin or stop accepting messages. */
void pinion__broker_take_messages(struct pinion_broker *broker, bool taking);

#endif
