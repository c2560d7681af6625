/* A channel: one client's conversation on one topic.
 *
 *   JOINING --join says ok--> JOINED --leave, stop, crash, socket gone, joined again--> ENDING --> ENDED
 *      `--------refused, crashed, socket gone---------------------------------------------------'
 *
 * ENDING: terminate runs, or waits until the channel's work is done. If nobody may hear of the end (the
 * socket is gone, the topic was joined again), the channel is muted first.
 *
 * A message that cannot be handled at once (the join is not answered, work is under way) waits in the inbox,
 * in order. The memory lives until the last hold is dropped. The channel's life is one hold; work and each
 * message under way are one more each. */
#ifndef PINION_ENGINE_CHANNEL_H
#define PINION_ENGINE_CHANNEL_H

#include "base/bucket.h"
#include "base/delays.h"
#include "engine/socket.h"
#include <assert.h>

enum pinion_channel_state {
    PINION_CHANNEL_JOINING,
    PINION_CHANNEL_JOINED,
    PINION_CHANNEL_ENDING,
    PINION_CHANNEL_ENDED,
};

static_assert(offsetof(struct pinion_subscriber, topic) == 0, "the channel's topic is its subscriber's");

/* Bits of a channel's `watched`: who wants to know of its end. */
enum pinion_watched {
    PINION_WATCHED_ON_ITS_TOPIC = 1, /* presence: it is tracked on its own topic, or was */
    PINION_WATCHED_ANYWHERE = 2,     /* presence: on another topic too */
    PINION_WATCHED_BY_ACTORS = 4,    /* an actor monitors it, or did */
};

struct pinion_work;
struct pinion_late_join;
struct pinion_known;

/* What few channels need. It is made when it is first needed. */
struct pinion_channel_extra {
    struct pinion_task_queue inbox;
    size_t inbox_count;
    size_t inbox_bytes; /* of messages from the client only: the client alone could fill it without end */
    size_t deferred;    /* how much mail is in the run queue; all of it is younger than the inbox */
    bool holding_back;  /* the inbox is full, so the socket's frames are held back */
    struct pinion_delays timers;
    struct pinion_list subscriptions; /* to other topics */
    struct pinion_work *work;
    struct pinion_late_join *late_join;
    struct pinion_bucket messages; /* the rate of the client's messages, if the mount limits it */
    struct pinion_known *known;    /* what its client has been given in full: known.h */
};

struct pinion_channel {
    union {
        struct pinion_subscriber subscriber; /* to its topic; the fan-out starts here */
        struct pinion_topic *topic;          /* that of the subscriber; held */
    };
    struct pinion_socket *socket;
    const pinion_channel_def *def;
    uint64_t id;                 /* its number as a subscriber; unique in the process */
    struct pinion_channel *next; /* in the socket's bucket */
    struct pinion_assigns *assigns;
    void *user_state;
    void (*destroy_state)(void *state);
    struct pinion_anchor *anchor;
    struct pinion_channel_extra *extra;
    uint32_t holds;
    uint32_t queued_messages; /* messages from the client that wait in the inbox or the run queue */
    uint16_t join_ref_len;    /* 0: the join_ref is null */
    uint8_t state : 2;        /* enum pinion_channel_state */
    bool muted : 1;           /* its pushes reach nobody any more */
    bool null_join_ref : 1;   /* the client joined with a null join_ref */
    bool joined : 1;          /* it has joined once, so terminate will be called */
    uint8_t watched;          /* enum pinion_watched: extensions are told of the end when it is not 0 */
    uint8_t reason;           /* why it ends: a pinion_reason */
    char join_ref[];          /* JSON text */
};

struct pinion_channel *pinion__channel_new(struct pinion_socket *socket, const pinion_channel_def *def,
                                           struct pinion_slice topic, const struct pinion_message *join);
void pinion__channel_hold(struct pinion_channel *channel);
void pinion__channel_unhold(struct pinion_channel *channel);

/* True while its messages have to wait. */
bool pinion__channel_busy(const struct pinion_channel *channel);

/* The channel's extra part. It is made if it is not there. NULL when out of memory. */
struct pinion_channel_extra *pinion__channel_extra(struct pinion_channel *channel);

/* The channel's anchor, with a reference for the caller. That of a channel that has ended points at nothing.
 * NULL when out of memory. */
struct pinion_anchor *pinion__channel_anchor(struct pinion_channel *channel);

struct pinion_slice pinion__channel_topic(const struct pinion_channel *channel);
struct pinion_slice pinion__channel_join_ref(const struct pinion_channel *channel);

#endif
