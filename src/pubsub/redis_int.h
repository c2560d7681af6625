/* What the two parts of the Redis adapter share: redis_connect.c, how a connection is made, and redis.c, what
 * is done with two of them. */
#ifndef PINION_PUBSUB_REDIS_INT_H
#define PINION_PUBSUB_REDIS_INT_H

#include "base/list.h"
#include "pubsub/broker.h"
#include <hiredis/hiredis.h>
#ifdef PINION_HAVE_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#endif

/* A command whose answer is to come. */
struct command {
    struct pinion_list node;
    enum { PING, SUBSCRIBE, UNSUBSCRIBE, PUBLISH, ASK } verb;
    enum pinion_subject kind; /* of what is published to */
    char subject[];
};

/* A connection, and what was asked on it. */
struct lane {
    redisContext *context;
    struct pinion_list commands;
    uint64_t heard; /* when; milliseconds */
};

struct redis_link {
    struct pinion_broker broker;
    struct lane out; /* publishes */
    struct lane in;  /* subscribes */
    uint64_t pinged; /* when; milliseconds */
    bool nobody;     /* subscribes to what was asked about */
    bool passing;    /* a message was lost to what passes: said already */
#ifdef PINION_HAVE_REDIS_TLS
    redisSSLContext *tls;
#endif
};

/* What TLS needs, where the URL wants it. PINION_EINVAL, PINION_ENOTSUP, with pinion_error_detail(). */
int pinion__redis_make_tls(struct redis_link *link);
void pinion__redis_free_tls(struct redis_link *link);

/* Connect, and say who this is. As a link's open; ->context may be there on failure too. */
int pinion__redis_connect(struct redis_link *link, struct lane *lane);

/* The connection has failed: PINION_EIO, explained by what it says. */
int pinion__redis_fail(struct redis_link *link, const struct lane *lane);

/* An answer to such a command is an error: PINION_EIO or PINION_EACCES, explained. */
int pinion__redis_fail_with(struct redis_link *link, const char *command, const char *answer);

#endif
