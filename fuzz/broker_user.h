/* The user of an adapter, for the targets with a simulated broker (fuzz_redis.c, fuzz_nats.c). It does what
 * an endpoint does with its adapter, and checks that the adapter keeps the contract of pinion/pubsub.h. Each
 * message has a number, so that both ends notice a message that comes twice, out of order, elsewhere or not
 * at all.
 *
 * A server that lies (bytes of the script's own, answers to no question) may cause any message. Then messages
 * are not checked, and only nothing may break. */
#ifndef PINION_FUZZ_BROKER_USER_H
#define PINION_FUZZ_BROKER_USER_H

#include "base/slice.h"
#include "pubsub/broker.h"

#define USER_TOPICS      4
#define USER_LOOSE       99
#define USER_NODES       3     /* other nodes */
#define USER_NUMBERS     512   /* of messages in either direction in one run, from 1 */
#define USER_PROBES      64    /* those of them that are kept for the end */
#define USER_MESSAGE_MAX 20000 /* bytes */
#define USER_SOON_MS     5000  /* the time in which a subscription must be answered */

struct user_counts {
    unsigned taken;   /* messages that the adapter accepted */
    unsigned arrived; /* those of them that arrived at the server */
    unsigned lost;    /* according to the adapter */
    unsigned came;    /* messages from the server */
    unsigned ups, downs;
};

/* Begin with an adapter, which the user owns from now on. `alone`: there is no other thread. */
void user_begin(pinion_pubsub_adapter *adapter, bool alone);

/* Start it, as ->start does. Stop it; it need not be running. Free it, and check that nothing is
 * outstanding. */
int user_start(char *why, size_t size);
void user_stop(void);
void user_end(void);

/* ->start has returned or is about to, and ->stop was not called. */
bool user_runs(void);

/* ---- what an endpoint does; nothing happens when it must not do it now ---- */

void user_subscribe(unsigned topic);
void user_unsubscribe(unsigned topic);
/* `odd`: the message looks like a parcel. USER_TOPICS: no topic. */
void user_broadcast(unsigned topic, size_t len, bool odd);
void user_send(unsigned node, size_t len);
/* From now on messages get the numbers that are kept for the end. */
void user_allow_probe(void);

/* ---- for the server ---- */

struct pinion_broker *user_broker(void);
const char *user_topic(unsigned topic);
const char *user_node(unsigned node);

/* The server has received this. */
void user_arrived(const char *subject, struct pinion_slice bytes);

/* The next message from the server to the node, of about this length; 0: there are enough. It must come
 * before those of later calls with the same topic (USER_TOPICS: all). USER_LOOSE: it may come at any time. */
size_t user_next(char out[USER_MESSAGE_MAX + 16], size_t len, unsigned topic);

/* From now on the server tells the truth, or lies. */
void user_trust(bool trusted);

/* ---- what is known ---- */

struct user_counts user_counted(void);
bool user_is_up(void);
/* Subscriptions that were not answered. */
unsigned user_waiting(void);
/* Subscribed to, at a server that refuses nothing any more. */
bool user_wants(unsigned topic);
/* The node's last message is at the server; the server's last message is at the node. */
bool user_last_arrived(void);
bool user_last_came(void);
/* The node has said goodbye to the others. */
bool user_said_goodbye(void);

#endif
