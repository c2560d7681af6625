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
#include "engine/mail.h"
#include "engine/promise.h"
#include "engine/socket.h"
#include <assert.h>

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

/* Lanes of a subscriber: what it is embedded in, and so how it is delivered to. */
enum pinion_lane {
    PINION_LANE_CHANNEL,      /* struct pinion_channel: the client, or its handle_out */
    PINION_LANE_INFO,         /* struct pinion_channel_subscription: handle_info */
    PINION_LANE_SOCKET,       /* struct pinion_socket: "disconnect" */
    PINION_LANE_SUBSCRIPTION, /* struct pinion_subscription: code that is no channel */
};

struct pinion_channel_subscription {
    struct pinion_subscriber subscriber;
    struct pinion_list node; /* in extra->subscriptions */
    struct pinion_channel *channel;
};

/* What the running callback was called for. On the stack of whoever calls it, reachable through the shard. */
struct pinion_call {
    const char *callback;           /* "handle_in", … */
    const char *detail;             /* the event, or NULL */
    uint64_t began;                 /* ms, on a coarse clock */
    struct pinion_channel *channel; /* NULL in connect */
    bool join;                      /* it is the join callback, or connect */
    bool message;                   /* it is handle_in: there is a message to reply to */
    bool worked;                    /* it began work */
    struct pinion_slice ref;        /* of the message, JSON text */
    struct pinion_promise *promise; /* of an answer that may come later; NULL until somebody could give it */
};

/* ---- channel.c: life ---- */

struct pinion_channel *pinion__channel_new(struct pinion_socket *socket, const pinion_channel_def *def,
                                           struct pinion_slice topic, const struct pinion_message *join);
void pinion__channel_hold(struct pinion_channel *channel);
void pinion__channel_unhold(struct pinion_channel *channel);

/* True while its messages have to wait. */
bool pinion__channel_busy(const struct pinion_channel *channel);

/* The extra part, made if need be. NULL when out of memory. */
struct pinion_channel_extra *pinion__channel_extra(struct pinion_channel *channel);

/* End it for this reason: everything the wire and the callbacks are owed, in PROTOCOL's order. Harmless when
 * it is already ending. Not from inside a callback. */
void pinion__channel_end(struct pinion_channel *channel, pinion_reason reason);

/* Work is done: go on with an end that had to wait for it. */
void pinion__channel_resume_end(struct pinion_channel *channel);

/* Run a callback: sets the shard's current call around it. */
void pinion__call_enter(struct pinion_shard *shard, struct pinion_call *call);
void pinion__call_leave(struct pinion_shard *shard);

/* ---- join.c ---- */

void pinion__join(struct pinion_socket *socket, const pinion_channel_def *def,
                  const struct pinion_message *message);

/* The answer to a join that was to come later. Consumes result. Harmless when nobody waits for it. */
void pinion__join_answer(struct pinion_channel *channel, pinion_result result);

/* join has let the client in, and its reply waits until what other nodes broadcast on the topic comes in. */
bool pinion__join_is_accepted(const struct pinion_channel *channel);

/* The socket or the channel went before the answer came. */
void pinion__join_abandon(struct pinion_channel *channel);

/* ---- handle.c: running clauses, and what their results mean ---- */

/* Hand a client's event to its clause, now. */
void pinion__channel_handle_in(struct pinion_channel *channel, const struct pinion_message *message);
void pinion__channel_handle_out(struct pinion_channel *channel, const pinion_clause *clause,
                                const char *event, const pinion_payload *payload);
void pinion__channel_handle_info(struct pinion_channel *channel, const pinion_info *info);
void pinion__channel_after_join(struct pinion_channel *channel, const pinion_payload *params);

/* Hand an intercepted broadcast to its clause: what of it the client was not given already, if anything. */
void pinion__channel_intercept(struct pinion_channel *channel, const pinion_clause *clause,
                               struct pinion_broadcast *broadcast);

/* Act on a result. `ref` is the message's for a handle_in, NULL elsewhere (where a reply is a mistake).
 * `callback` and `detail` (an event, or NULL) are for the log. Consumes result. */
void pinion__channel_outcome(struct pinion_channel *channel, pinion_result result,
                             const struct pinion_slice *ref, const char *callback, const char *detail);

/* At the log's lowest level: what came for a channel, and with what, less what is secret. */
void pinion__channel_log(const struct pinion_channel *channel, const char *what,
                         const pinion_payload *payload);

/* ---- messages to the client ---- */

struct pinion_slice pinion__channel_topic(const struct pinion_channel *channel);
struct pinion_slice pinion__channel_join_ref(const struct pinion_channel *channel);

/* Reply with the channel's join_ref. */
int pinion__channel_reply(struct pinion_channel *channel, struct pinion_slice ref, const char *status,
                          const pinion_payload *payload);

/* A reply of the socket itself. payload NULL is {}. */
int pinion__socket_reply(struct pinion_socket *socket, const struct pinion_message *to,
                         struct pinion_slice join_ref, const char *status, const pinion_payload *payload);

/* phx_close or phx_error. */
void pinion__channel_send_end(struct pinion_socket *socket, struct pinion_slice topic,
                              struct pinion_slice join_ref, bool error);

/* ---- work.c ---- */

/* The callback that began the work returned pinion_later(): what done returns is its answer. */
void pinion__work_answers(struct pinion_channel *channel);

/* The channel has joined, or ends: a done that came before that runs now. */
void pinion__work_release_done(struct pinion_channel *channel);

/* ---- info.c ---- */

/* The channel ends: no more timers and subscriptions. */
void pinion__info_release(struct pinion_channel *channel);

/* ---- fanout.c ---- */

pinion_deliver_fn pinion__fanout;

#endif
