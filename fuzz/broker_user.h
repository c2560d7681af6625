/* An adapter's user, for the targets that play a broker (fuzz_redis.c, fuzz_nats.c): it does what an endpoint
 * does with its adapter, and holds it to pinion/pubsub.h. Each message has a number, so that what comes
 * twice, out of order, elsewhere or not at all is known at either end.
 *
 * A server that lies (bytes of the script's own, answers nobody asked for) may have anything come; then
 * what has come says nothing, and only that nothing breaks is required.
 */
#ifndef PINION_FUZZ_BROKER_USER_H
#define PINION_FUZZ_BROKER_USER_H

#include "base/slice.h"
#include "pubsub/broker.h"

#define USER_TOPICS      4
#define USER_LOOSE       99
#define USER_NODES       3     /* others, by whatever name */
#define USER_NUMBERS     512   /* of messages in either direction in one run; from 1 */
#define USER_PROBES      64    /* of them, for what is sent in the end */
#define USER_MESSAGE_MAX 20000 /* bytes */
#define USER_SOON_MS     5000  /* in which a subscription is answered */

struct user_counts {
    unsigned taken;   /* messages that the adapter has taken */
    unsigned arrived; /* of them, at the server */
    unsigned lost;    /* as the adapter says */
    unsigned came;    /* from the server */
    unsigned ups, downs;
};

/* Begin with an adapter, which becomes the user's. Alone: there is no thread but this one. */
void user_begin(pinion_pubsub_adapter *adapter, bool alone);

/* Start it: as ->start. Stop it; harmless where it does not run. Free it, and see that nothing is owed. */
int user_start(char *why, size_t size);
void user_stop(void);
void user_end(void);

/* ->start has returned, or is about to; and ->stop was not called. */
bool user_runs(void);

/* ---- what an endpoint does; nothing where it must not do it now ---- */

void user_subscribe(unsigned topic);
void user_unsubscribe(unsigned topic);
/* Odd: it looks like what nodes say to each other. USER_TOPICS: no topic. */
void user_broadcast(unsigned topic, size_t len, bool odd);
void user_send(unsigned node, size_t len);
/* From now on messages have the numbers that are kept for the end. */
void user_allow_probe(void);

/* ---- what the server says to it ---- */

struct pinion_broker *user_broker(void);
const char *user_topic(unsigned topic);
const char *user_node(unsigned node);

/* The server has got this. */
void user_arrived(const char *subject, struct pinion_slice bytes);

/* The next message from the server to the node, of this length or a little more; 0: there are enough. It
 * comes before those for which this is called later, with the same topic (or USER_TOPICS: all); USER_LOOSE:
 * whenever it does. */
size_t user_next(char out[USER_MESSAGE_MAX + 16], size_t len, unsigned topic);

/* From now on the server lies, or does not. */
void user_trust(bool trusted);

/* ---- what is known ---- */

struct user_counts user_counted(void);
bool user_is_up(void);
/* Subscriptions that are not answered. */
unsigned user_waiting(void);
/* Subscribed to, at a server that refuses nothing any more. */
bool user_wants(unsigned topic);
/* The last message of the node is at the server; the last of the server's at the node. */
bool user_last_arrived(void);
bool user_last_came(void);
/* The node has said goodbye to the others. */
bool user_said_goodbye(void);

#endif
