/* What the two files of the Redis adapter share: redis_connect.c makes a connection, redis.c works with two
 * of them. */
#ifndef PINION_PUBSUB_REDIS_INT_H
#define PINION_PUBSUB_REDIS_INT_H

#include "base/list.h"
#include "pubsub/broker.h"
#include <hiredis/hiredis.h>
#ifdef PINION_HAVE_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#endif

/* A command that waits for its answer. */
struct command {
    struct pinion_list node;
    enum { PING, SUBSCRIBE, UNSUBSCRIBE, PUBLISH, ASK } verb;
    enum pinion_subject kind; /* of the subject that is published to */
    char subject[];
};

/* A connection, and the commands that were sent on it. */
struct lane {
    redisContext *context;
    struct pinion_list commands;
    uint64_t heard; /* when it was last heard, ms */
};

struct redis_link {
    struct pinion_broker broker;
    struct lane out; /* for publishing */
    struct lane in;  /* for subscribing */
    uint64_t pinged; /* when both were last pinged, ms */
    bool nobody;     /* nobody subscribes to what was asked about */
    bool passing;    /* it was logged that a message was lost to a failure that may pass */
#ifdef PINION_HAVE_REDIS_TLS
    redisSSLContext *tls;
#endif
};

/* Set up TLS if the URL requires it. PINION_EINVAL, PINION_ENOTSUP, with pinion_error_detail(). */
int pinion__redis_make_tls(struct redis_link *link);
void pinion__redis_free_tls(struct redis_link *link);

/* Connect and log in. Errors: as a link's open. ->context may exist also on failure. */
int pinion__redis_connect(struct redis_link *link, struct lane *lane);

/* The connection has failed: PINION_EIO, explained by its error. */
int pinion__redis_fail(struct redis_link *link, const struct lane *lane);

/* The answer to this command is an error: PINION_EIO or PINION_EACCES, explained. */
int pinion__redis_fail_with(struct redis_link *link, const char *command, const char *answer);

#endif
