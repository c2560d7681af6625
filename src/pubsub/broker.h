/* What the adapters for brokers share: a thread that connects, sends what waits, and receives messages. When
 * the connection is lost, it connects again, each time a little later.
 *
 * A link is one kind of broker, as this thread uses it. Its functions are called only on the thread, and may
 * take up to PINION_BROKER_PATIENCE_MS. Before one fails, it gives the reason to pinion__broker_explain; the
 * connection is then closed and made anew. */
#ifndef PINION_PUBSUB_BROKER_H
#define PINION_PUBSUB_BROKER_H

#include "base/log.h"
#include "pubsub/broker_url.h"
#include "pubsub/subject.h"
#include <pinion/pubsub.h>

#define PINION_BROKER_PATIENCE_MS                                                                            \
    2000 /* to connect, or for an answer; after twice this time the broker counts as gone */

struct pinion_broker;

/* A problem as a sentence for the log, without secrets. */
struct pinion_broker_problem {
    char text[240];
};

struct pinion_link_ops {
    const char *name;

    /* Connect. Returns 0. PINION_EACCES, PINION_EINVAL: the settings can never work; PINION_EIO: it may work
     * later. */
    int (*open)(struct pinion_broker *broker);

    /* Begin or end to receive a subject's messages. It need not be confirmed. After a subscription was
     * refused or taken away, this is called once more. */
    int (*subscribe)(struct pinion_broker *broker, const char *subject);
    int (*unsubscribe)(struct pinion_broker *broker, const char *subject);

    /* `kind` is the kind of the subject. If the broker can tell that nobody received the message, the link
     * calls pinion__broker_unheard or pinion__broker_missed. */
    int (*publish)(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                   const void *bytes, size_t length);

    /* The largest message that the broker accepts; 0: no limit. */
    size_t (*largest)(struct pinion_broker *broker);

    /* Publish, and find out if anybody subscribes to the subject. Returns 0: somebody may; PINION_ENOENT:
     * nobody does. If it is found out later, the link calls pinion__broker_nobody. */
    int (*ask)(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length);

    /* When this returns 0, what was published has been sent, and subscriptions were confirmed or refused
     * (pinion__broker_refused). PINION_ETIMEDOUT: the broker has not answered for PINION_BROKER_PATIENCE_MS;
     * it may still answer. */
    int (*sync)(struct pinion_broker *broker);

    /* Send what was published. */
    int (*flush)(struct pinion_broker *broker);

    /* Wait for at most `timeout_ms` until messages come in, the connection breaks (a failure), or wake_fd is
     * readable. Messages are passed to pinion__broker_received, here or elsewhere. */
    int (*wait)(struct pinion_broker *broker, int wake_fd, int timeout_ms);

    /* Close the connection, if there is one. Nothing comes in after it has returned. */
    void (*close)(struct pinion_broker *broker);

    void (*free)(struct pinion_broker *broker);
};

/* The first member of a link's struct. */
struct pinion_broker {
    pinion_pubsub_adapter base;
    const struct pinion_link_ops *link;
    struct pinion_broker_url url;
    struct pinion_broker_problem problem; /* why something has failed; only the thread uses it */
    struct pinion_broker_state *state;    /* see broker_int.h */
};

/* Set up a broker with this URL, in memory of the link that is zero except for ->link. PINION_EINVAL,
 * PINION_ENOMEM: nothing has changed. */
int pinion__broker_init(struct pinion_broker *broker, const char *url, uint16_t default_port);

/* Undo pinion__broker_init. */
void pinion__broker_release(struct pinion_broker *broker);

/* Give the reason of a failure, and return the code. Thread: the broker's. */
int pinion__broker_explain(struct pinion_broker *broker, int code, const char *format, ...)
    PINION_PRINTF(3, 4);

/* The subject of messages for this node. Thread: any. */
void pinion__broker_own_subject(const struct pinion_broker *broker, char out[PINION_SUBJECT_MAX]);

/* Make the thread return from ->wait. Thread: any. */
void pinion__broker_wake(struct pinion_broker *broker);

/* A message came. Thread: any, one call at a time, between ->open and ->close. */
void pinion__broker_received(struct pinion_broker *broker, const void *bytes, size_t length);

/* Nobody subscribes to the subject of ->ask. Thread: any. */
void pinion__broker_nobody(struct pinion_broker *broker);

/* This many messages that came were dropped. Thread: any. */
void pinion__broker_lost(struct pinion_broker *broker, size_t count);

/* A message for all nodes has reached the broker, but no other node. Thread: any. */
void pinion__broker_unheard(struct pinion_broker *broker);

/* A message for one node has reached the broker, but not that node. The node's name is the last part of this
 * subject. Thread: any. */
void pinion__broker_missed(struct pinion_broker *broker, const char *subject);

enum pinion_broker_act { PINION_BROKER_SUBSCRIBE, PINION_BROKER_PUBLISH };

/* The server does not let this user subscribe or publish to a subject. If it is publishing, one message is
 * lost. A subscription that is still wanted is tried again later. It may also be one that was allowed before.
 * Thread: any. */
void pinion__broker_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject);

#endif
