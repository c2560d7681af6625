/* What adapters on a broker have in common: a thread that connects, sends what waits, takes in what comes,
 * and begins again, a little later each time, when the connection is lost.
 *
 * A link is one kind of broker, as this thread uses it. All its functions are called on the thread alone and
 * may take their time, PINION_BROKER_PATIENCE_MS at most. Before one fails it says why, with
 * pinion__broker_explain; then the connection is closed and made anew.
 */
#ifndef PINION_PUBSUB_BROKER_H
#define PINION_PUBSUB_BROKER_H

#include "base/log.h"
#include "pubsub/broker_url.h"
#include "pubsub/subject.h"
#include <pinion/pubsub.h>

#define PINION_BROKER_PATIENCE_MS 2000 /* to connect, or for an answer; twice that, and it is gone */

struct pinion_broker;

/* A problem, in a sentence for the log, without a secret. */
struct pinion_broker_problem {
    char text[240];
};

struct pinion_link_ops {
    const char *name;

    /* Make the connection. 0; PINION_EACCES, PINION_EINVAL: the settings can never work; PINION_EIO: it may
     * work later. */
    int (*open)(struct pinion_broker *broker);

    /* Have a subject's messages come in, or no more. It need not be confirmed. Where it was refused, or taken
     * away, it is subscribed to once more. */
    int (*subscribe)(struct pinion_broker *broker, const char *subject);
    int (*unsubscribe)(struct pinion_broker *broker, const char *subject);

    /* `kind` is the subject's. Where the broker can tell that nobody got it, this is said with
     * pinion__broker_unheard or pinion__broker_missed. */
    int (*publish)(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                   const void *bytes, size_t length);

    /* The largest message that the broker takes; 0: any. */
    size_t (*largest)(struct pinion_broker *broker);

    /* Publish, and find out whether anybody subscribes to that: 0: somebody may; PINION_ENOENT: nobody does.
     * What is found out later is said with pinion__broker_nobody. */
    int (*ask)(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length);

    /* What was published is on its way, and what was subscribed to is confirmed, or was refused
     * (pinion__broker_refused), when this returns 0. PINION_ETIMEDOUT: the broker has not answered for
     * PINION_BROKER_PATIENCE_MS; what was asked of it may still be answered. */
    int (*sync)(struct pinion_broker *broker);

    /* What was published is on its way. */
    int (*flush)(struct pinion_broker *broker);

    /* Wait until there is something to do, `timeout_ms` at most: messages come in, the connection breaks
     * (which is a failure), or wake_fd is readable. Messages are handed to pinion__broker_received, here or
     * elsewhere. */
    int (*wait)(struct pinion_broker *broker, int wake_fd, int timeout_ms);

    /* Close the connection, if there is one; nothing comes in when this has returned. */
    void (*close)(struct pinion_broker *broker);

    void (*free)(struct pinion_broker *broker);
};

/* The beginning of a link's struct. */
struct pinion_broker {
    pinion_pubsub_adapter base;
    const struct pinion_link_ops *link;
    struct pinion_broker_url url;
    struct pinion_broker_problem problem; /* the thread's: why something has failed */
    struct pinion_broker_state *state;    /* see broker_int.h */
};

/* Make a broker of the url, in memory of the link's, which is zero but for ->link. PINION_EINVAL,
 * PINION_ENOMEM: it is as before. */
int pinion__broker_init(struct pinion_broker *broker, const char *url, uint16_t default_port);

/* Undo that. */
void pinion__broker_release(struct pinion_broker *broker);

/* Say why something fails, and give the code back. Thread: the broker's. */
int pinion__broker_explain(struct pinion_broker *broker, int code, const char *format, ...)
    PINION_PRINTF(3, 4);

/* The subject of what is for this node. Thread: any. */
void pinion__broker_own_subject(const struct pinion_broker *broker, char out[PINION_SUBJECT_MAX]);

/* Make the thread return from ->wait. Thread: any. */
void pinion__broker_wake(struct pinion_broker *broker);

/* A message came. On any thread, one at a time, between ->open and ->close. */
void pinion__broker_received(struct pinion_broker *broker, const void *bytes, size_t length);

/* Nobody subscribes to what ->ask has published. Thread: any. */
void pinion__broker_nobody(struct pinion_broker *broker);

/* So many messages that came were dropped. Thread: any. */
void pinion__broker_lost(struct pinion_broker *broker, size_t count);

/* A message for all nodes has reached the broker, and no other node. Thread: any. */
void pinion__broker_unheard(struct pinion_broker *broker);

/* A message for one node has reached the broker, and not the node; its name is the last part of this subject.
 * Thread: any. */
void pinion__broker_missed(struct pinion_broker *broker, const char *subject);

enum pinion_broker_act { PINION_BROKER_SUBSCRIBE, PINION_BROKER_PUBLISH };

/* The server does not let this user subscribe or publish to a subject; of the latter, one message is lost.
 * A subscription that is still wanted is asked for again later. It may also be one that was allowed before.
 * Thread: any. */
void pinion__broker_refused(struct pinion_broker *broker, enum pinion_broker_act act, const char *subject);

#endif
