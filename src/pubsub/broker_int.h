/* What the parts of a broker share: broker.c, its life and what the endpoint calls; broker_thread.c, which
 * connects and works; broker_topics.c, subscriptions; broker_refused.c, what may not be; broker_nodes.c, the
 * other nodes on the broker; broker_parcels.c, what is larger than the broker carries. */
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

/* When something was said last: at most once a minute. */
struct pinion_said {
    atomic_uint_fast64_t at; /* milliseconds; 0: never */
};

/* How what was refused is asked for again. */
struct pinion_asking {
    uint64_t at;    /* when; milliseconds; 0: nothing was refused */
    unsigned times; /* in a row for which nothing was allowed */
    bool allowed;   /* something was, since that was last said */
};

struct pinion_broker_state {
    struct pinion_outgoing queue; /* its lock is also that of the next few */
    struct pinion_topics topics;  /* that are to come in */
    bool away;                    /* there is no connection, as far as is known */
    bool stopping;
    bool decided; /* the first attempt to connect is over */
    int outcome;  /* of it */
    struct pinion_broker_problem problem;
    pthread_cond_t decision;

    struct pinion_lock receiving; /* of what follows; held while a message is handed over */
    bool taking;
    struct pinion_pieces pieces;

    struct pinion_lock refusing;              /* of what follows: what this connection was refused */
    struct pinion_topics refused;             /* subjects of topics; the ticket is the round it was in */
    uint64_t round;                           /* in which each of them is asked for again once */
    char refused_needed[PINION_SUBJECT_MAX];  /* the last other subject that may not be subscribed to; "" */
    char refused_publish[PINION_SUBJECT_MAX]; /* the last subject that may not be published to; "" */
    struct pinion_asking asking;              /* the thread's */

    struct pinion_peers peers;
    uint64_t life;
    uint64_t born;
    uint64_t family;
    atomic_bool runs;     /* it has started: the name is its own */
    atomic_bool namesake; /* another node of this name runs, or was first to start */
    atomic_bool nobody;   /* answers ->ask */
    atomic_bool asked;    /* somebody wants to know who is there */
    struct pinion_said said_namesake, said_cluster, said_refused, said_small;

    uint64_t noticed;                /* the thread's: when it said last that it is there; milliseconds */
    atomic_uint_fast64_t hold_until; /* its messages wait for nodes that are expected back; 0: they do not */
    uint64_t pieces_sent;            /* messages */

    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    char base[PINION_SUBJECT_BASE_MAX + 1]; /* of subjects */
    char node[PINION_NODE_MAX + 1];
};

/* The thread, from start to stop; `data` is the broker. */
void *pinion__broker_run(void *data);

/* A half to the whole of a time that doubles with each failure, up to the longest: nodes that the same broker
 * has failed do not come back in step. Milliseconds. */
uint64_t pinion__broker_backoff(uint64_t first, uint64_t longest, unsigned failures);

/* True once a minute. Thread: any. */
bool pinion__broker_may_say(struct pinion_said *said);

/* ---- broker_topics.c ---- */

/* Subscribe to everything that is to come in, and have it confirmed. */
int pinion__broker_subscribe_all(struct pinion_broker *broker);

/* Begin or end the subscription of an item. */
int pinion__broker_subscribe(struct pinion_broker *broker, const struct pinion_outgoing_item *item);

/* Have the subscriptions of these items confirmed, if there are any, and say so; they are freed. Where
 * something has failed already (rc) nobody waits for them. */
int pinion__broker_confirm(struct pinion_broker *broker, struct pinion_list *items, int rc);

/* There is no connection: nobody waits for a subscription, nor will until pinion__broker_back. */
void pinion__broker_away(struct pinion_broker *broker);
void pinion__broker_back(struct pinion_broker *broker);

/* Take subscriptions that begin or end out of the queue, in order; messages stay. With the queue's lock. */
void pinion__broker_take_subscriptions(struct pinion_broker_state *state, struct pinion_list *out);

/* ---- broker_refused.c ---- */

/* What this connection was refused is forgotten: all, or a subscription. */
void pinion__broker_forget_refusals(struct pinion_broker *broker);
void pinion__broker_forget_refusal(struct pinion_broker *broker, const char *subject);

/* The subscription to a topic's subject was refused. */
bool pinion__broker_is_refused(struct pinion_broker *broker, const char *subject);

/* What the node cannot do without is allowed. PINION_EACCES, explained. */
int pinion__broker_check_allowed(struct pinion_broker *broker);

/* In each turn of the thread: what was refused, and is still wanted, is asked for again when its time has
 * come: nothing but asking shows that it is allowed now. PINION_EACCES: the node cannot do without what was
 * refused; a failure of the link. */
int pinion__broker_ask_again(struct pinion_broker *broker);

/* ---- broker_nodes.c ---- */

/* Tell the others of this node, and hear of them. Before the first connection is ready a name that is taken
 * is found out: PINION_EADDRINUSE, explained. */
int pinion__broker_claim_name(struct pinion_broker *broker);
int pinion__broker_greet(struct pinion_broker *broker);
int pinion__broker_tend(struct pinion_broker *broker);
void pinion__broker_say_goodbye(struct pinion_broker *broker);

/* A notice came; `receiving` is held. */
void pinion__broker_hear(struct pinion_broker *broker, const struct pinion_notice *notice);

/* True while messages wait for nodes that are expected back. */
bool pinion__broker_holds(struct pinion_broker *broker);

/* Who this node's supervisor is, as a number; 0: it has none. */
uint64_t pinion__broker_family(void);

/* ---- broker_parcels.c ---- */

/* Publish bytes, in pieces where need be. */
int pinion__broker_publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                           struct pinion_slice message);

/* Begin to take in messages, or end it. */
void pinion__broker_take_messages(struct pinion_broker *broker, bool taking);

#endif
