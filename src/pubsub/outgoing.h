/* The queue of an adapter's thread: messages to send, and subscriptions to begin and end, in order. The bytes
 * of its messages are bounded. Many threads put, one takes. */
#ifndef PINION_PUBSUB_OUTGOING_H
#define PINION_PUBSUB_OUTGOING_H

#include "base/list.h"
#include "base/lock.h"
#include "pubsub/subject.h"
#include <stdint.h>

enum pinion_outgoing_kind { PINION_OUTGOING_MESSAGE, PINION_OUTGOING_SUBSCRIBE, PINION_OUTGOING_UNSUBSCRIBE };

struct pinion_outgoing_item {
    struct pinion_list node;
    enum pinion_outgoing_kind kind;
    enum pinion_subject subject; /* of a message */
    uint64_t ticket;             /* of a subscription */
    const char *name;            /* of the topic or the node, terminated */
    const char *bytes;
    size_t len;
    char storage[];
};

struct pinion_outgoing {
    struct pinion_lock lock; /* of what follows, and of whatever else the owner keeps under it */
    struct pinion_list items;
    size_t bytes;
    size_t max;
    int wake_fd; /* an eventfd, readable after something was put */
    bool closed;
};

/* PINION_ENOMEM, PINION_EIO. */
int pinion__outgoing_init(struct pinion_outgoing *queue, size_t max);
void pinion__outgoing_release(struct pinion_outgoing *queue);

/* Make an item. `name` may be NULL. Returns NULL when out of memory. */
struct pinion_outgoing_item *pinion__outgoing_item(enum pinion_outgoing_kind kind, const char *name,
                                                   const void *bytes, size_t len);

/* Put an item. The queue owns it afterwards; on failure it is freed. The caller holds the lock.
 * PINION_ETOOBIG: it can never fit; PINION_EBUSY: the queue is full; PINION_ECLOSED. */
int pinion__outgoing_put(struct pinion_outgoing *queue, struct pinion_outgoing_item *item);

/* Make wake_fd readable. Thread: any. */
void pinion__outgoing_wake(struct pinion_outgoing *queue);

/* Take all items into an empty list, and make wake_fd unreadable. The caller holds the lock. */
void pinion__outgoing_take(struct pinion_outgoing *queue, struct pinion_list *out);

/* Put items that were taken and not done back in front. The caller holds the lock. */
void pinion__outgoing_return(struct pinion_outgoing *queue, struct pinion_list *items);

/* Take the first item out of a list. NULL: the list is empty. */
struct pinion_outgoing_item *pinion__outgoing_shift(struct pinion_list *items);

void pinion__outgoing_free_all(struct pinion_list *items);

#endif
