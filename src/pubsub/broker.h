/* What adapters on a broker have in common: a thread that connects, sends what waits, takes in what comes,
 * and begins again, a little later each time, when the connection is lost.
 *
 * A link is one kind of broker, as this thread uses it. All its functions are called on the thread alone and
 * may take their time, PINION_BROKER_PATIENCE_MS at most. Once one has failed the connection is closed and
 * made anew.
 */
#ifndef PINION_PUBSUB_BROKER_H
#define PINION_PUBSUB_BROKER_H

#include "pubsub/broker_url.h"
#include "pubsub/subject.h"
#include <pinion/pubsub.h>

#define PINION_BROKER_PATIENCE_MS 2000 /* to connect, or for an answer; twice that, and it is gone */

struct pinion_broker;

/* A problem, in a few words for the log, without a secret. */
struct pinion_broker_problem {
    char text[160];
};

struct pinion_link_ops {
    const char *name;

    /* Make the connection. 0; PINION_EACCES, PINION_EINVAL: the settings can never work; PINION_EIO. */
    int (*open)(struct pinion_broker *broker, struct pinion_broker_problem *why);

    /* Have a subject's messages come in, or no more. It need not be confirmed. */
    int (*subscribe)(struct pinion_broker *broker, const char *subject);
    int (*unsubscribe)(struct pinion_broker *broker, const char *subject);

    int (*publish)(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length);

    /* What was published is on its way, and what was subscribed to is confirmed, when this returns 0. */
    int (*sync)(struct pinion_broker *broker);

    /* What was published is on its way. */
    int (*flush)(struct pinion_broker *broker);

    /* Wait until there is something to do, `timeout_ms` at most: messages come in, the connection breaks
     * (which is a failure), or wake_fd is readable. Messages are handed to pinion__broker_received, here or
     * elsewhere. */
    int (*wait)(struct pinion_broker *broker, int wake_fd, int timeout_ms, struct pinion_broker_problem *why);

    /* Close the connection, if there is one; nothing comes in when this has returned. */
    void (*close)(struct pinion_broker *broker);

    void (*free)(struct pinion_broker *broker);
};

/* The beginning of a link's struct. */
struct pinion_broker {
    pinion_pubsub_adapter base;
    const struct pinion_link_ops *link;
    struct pinion_broker_url url;
    struct pinion_broker_state *state; /* see broker_int.h */
};

/* Make a broker of the url, in memory of the link's, which is zero but for ->link. PINION_EINVAL,
 * PINION_ENOMEM: it is as before. */
int pinion__broker_init(struct pinion_broker *broker, const char *url, uint16_t default_port);

/* Undo that. */
void pinion__broker_release(struct pinion_broker *broker);

/* Make the thread return from ->wait. Thread: any. */
void pinion__broker_wake(struct pinion_broker *broker);

/* A message came. On any thread, one at a time, between ->open and ->close. */
void pinion__broker_received(struct pinion_broker *broker, const void *bytes, size_t length);

/* So many messages that came were dropped. Thread: any. */
void pinion__broker_lost(struct pinion_broker *broker, size_t count);

#endif
