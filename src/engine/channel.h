/* A channel: one client's conversation on one topic.
 *
 *   JOINING --join says ok--> JOINED --leave, stop, crash, socket gone, joined again--> ENDING --> ENDED
 *      `--------refused, crashed, socket gone---------------------------------------------------'
 *
 * ENDING: terminate runs, or waits for the worker thread that still has this channel's work. A channel
 * whose end nobody may hear of (socket gone, joined again) is muted first.
 *
 * Messages that cannot be handled at once (the join is not answered, work is under way) wait in the inbox, in
 * order. The memory lives until the last hold is dropped: one for its life, one for each message under way
 * and for work.
 */
#ifndef PINION_ENGINE_CHANNEL_H
#define PINION_ENGINE_CHANNEL_H

#include "base/bucket.h"
#include "engine/socket.h"

enum pinion_channel_state {
    PINION_CHANNEL_JOINING,
    PINION_CHANNEL_JOINED,
    PINION_CHANNEL_ENDING,
    PINION_CHANNEL_ENDED,
};

struct pinion_work;
struct pinion_late_join;
struct pinion_seen;

/* What few channels have, made when first needed. */
struct pinion_channel_extra {
    struct pinion_task_queue inbox;
    size_t inbox_count;
    size_t inbox_bytes; /* of messages from the client, which are what fills it without bound */
    size_t deferred;    /* mail in the run queue, all of it younger than what is in the inbox */
    bool holding_back;  /* the inbox is full: the socket waits */
    struct pinion_list timers;
    size_t timer_count;
    uint64_t next_timer_id;
    struct pinion_list subscriptions; /* to other topics */
    struct pinion_work *work;
    struct pinion_late_join *late_join;
    struct pinion_bucket messages; /* from the client, where they are limited */
    struct pinion_seen *seen;      /* what its client was given whole */
};

struct pinion_channel {
    struct pinion_subscriber subscriber; /* to its topic; the fan-out starts here */
    uint8_t state;                       /* enum pinion_channel_state */
    bool muted;                          /* what it pushes goes nowhere */
    bool null_join_ref;                  /* the client joined with a null join_ref */
    bool joined;                         /* has been: terminate is owed */
    uint8_t watched;                     /* not 0: extensions are told of its end; theirs to use */
    struct pinion_socket *socket;
    const pinion_channel_def *def;
    uint64_t id;                 /* as a subscriber, unique in the process */
    struct pinion_channel *next; /* in the socket's bucket */
    struct pinion_topic *topic;  /* held */
    struct pinion_assigns *assigns;
    void *user_state;
    void (*destroy_state)(void *state);
    struct pinion_anchor *anchor;
    struct pinion_channel_extra *extra;
    uint32_t holds;
    uint32_t queued_messages; /* from the client, waiting in the inbox or the run queue */
    pinion_reason reason;     /* why it ends */
    uint16_t join_ref_len;    /* JSON text; 0 is null */
    char join_ref[];
};

struct pinion_channel *pinion__channel_new(struct pinion_socket *socket, const pinion_channel_def *def,
                                           struct pinion_slice topic, const struct pinion_message *join);
void pinion__channel_hold(struct pinion_channel *channel);
void pinion__channel_unhold(struct pinion_channel *channel);

/* True while its messages have to wait. */
bool pinion__channel_busy(const struct pinion_channel *channel);

/* The extra part, made if need be. NULL when out of memory. */
struct pinion_channel_extra *pinion__channel_extra(struct pinion_channel *channel);

struct pinion_slice pinion__channel_topic(const struct pinion_channel *channel);
struct pinion_slice pinion__channel_join_ref(const struct pinion_channel *channel);

#endif
