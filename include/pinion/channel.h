/* Channels: a client's conversation on one topic.
 *
 * A definition (pinion_channel_def) says what happens at each event; the routes of a socket
 * (pinion/socket.h) say which topics it serves. For each join the library makes a pinion_channel.
 *
 * Thread: a channel lives on the loop its connection lives on. Its callbacks run there, one at a time, and
 * never one inside another: what a callback causes (an intercepted broadcast, a message to itself, the
 * end of a channel) runs after it has returned. Callbacks of channels on other connections may run at the
 * same time on other threads. Everything here belongs to that loop, except refs and what says "any".
 *
 * Lifetime: a pinion_channel is valid in its callbacks, from join until terminate returned, and until the
 * last done of its work. Make a ref (pinion_ref_new) to reach it from elsewhere.
 */
#ifndef PINION_CHANNEL_H
#define PINION_CHANNEL_H

#include <pinion/result.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pinion_endpoint pinion_endpoint; /* See pinion/endpoint.h. */
typedef struct pinion_socket pinion_socket;     /* See pinion/socket.h. */
typedef struct pinion_channel pinion_channel;   /* One client's conversation on one topic. */
typedef struct pinion_ref pinion_ref;           /* A weak handle, see pinion_ref_new. */

/* A message to a channel that does not come from its client. */
typedef struct pinion_info {
    const char *name;  /* the name given to pinion_send_after or pinion_ref_send, or a broadcast's event */
    const char *topic; /* the topic of a broadcast (pinion_subscribe); else NULL */
    const pinion_payload *payload; /* NULL for pinion_ref_send_data */
    void *data;                    /* the pointer of pinion_ref_send_data; else NULL */
    uint64_t monitor;              /* of an actor's "down": whose end it is (pinion_actor_monitor); else 0 */
    pinion_reason reason;          /* of an actor's "down": why that channel ended */
} pinion_info;

/* An event and the function that takes it. */
typedef pinion_result pinion_event_fn(pinion_channel *channel, const char *event,
                                      const pinion_payload *payload);
typedef struct pinion_clause {
    const char *event;   /* its name, or "*" for all events that no clause before it takes */
    pinion_event_fn *fn; /* takes it */
} pinion_clause;

/* A table of clauses, for definitions at file scope: PINION_CLAUSES({ "new_msg", new_msg }, { "*",
 * anything_else }). */
#define PINION_CLAUSES(...) PINION_TABLE(const pinion_clause, __VA_ARGS__, { NULL, NULL })

/* What a channel does. Every member may be NULL.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_channel_def {
    /* A client wants to join. pinion_ok(reply) accepts it, pinion_error(reason) refuses it, and
     * pinion_later() answers later: until then everything that this client sends waits, heartbeats and other
     * topics too. NULL: everybody may join. pinion_push and pinion_broadcast are refused here
     * (PINION_ENOTJOINED): use after_join. */
    pinion_result (*join)(pinion_channel *channel, const char *topic, const pinion_payload *params);

    /* The client has joined, and the reply to its join is on its way. `params` is what join got. */
    pinion_result (*after_join)(pinion_channel *channel, const pinion_payload *params);

    /* Events from the client, first match first; "*" takes the rest. An event that no clause takes crashes
     * the channel, as in Phoenix. */
    const pinion_clause *handle_in;

    /* Broadcasts on this channel's topic to intercept. For each channel the function is called instead of the
     * push to its client, and may push what it likes. "*" is not allowed. All other events are encoded once,
     * and handed to every subscriber. */
    const pinion_clause *handle_out;

    /* Messages from timers, refs and subscribed topics. NULL: they are logged and dropped. */
    pinion_result (*handle_info)(pinion_channel *channel, const pinion_info *info);

    /* The channel ends. This is called exactly once for each channel that had joined. Pushes still reach the
     * client, unless it is gone (PINION_REASON_CLOSED, _INACTIVE) or has joined the topic again (_DUPLICATE):
     * then pinion_push returns PINION_ECLOSED. Broadcasts are always sent. Work, timers and subscriptions are
     * refused (PINION_ECLOSED). What is sent to a ref of this channel from now on is dropped. */
    void (*terminate)(pinion_channel *channel, pinion_reason reason);

    /* What each of its channels has assigned from the start, over what its socket has: the text of a JSON
     * object. Definitions that share their functions differ by it. Default: nothing. On excess: a text that
     * is no JSON object is refused at mount (PINION_EINVAL). */
    const char *assigns;

    /* The client has caught up: nothing waits for it any more (pinion_socket_queued), after more than a
     * quarter of max_queue had waited, or a push had been refused for want of room (PINION_EBUSY). It is the
     * time to push what was held back. This is called once for each time that the client was behind, and for
     * all channels of its socket that have it. What was sent since then may wait again. */
    pinion_result (*drained)(pinion_channel *channel);
} pinion_channel_def;

/* ---- sending ---- */

/* Push an event to this channel's client. What is refused is logged at warning, here and in the calls below,
 * so the result need not be checked.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Order: what a channel pushes and broadcasts arrives in that order.
 *
 * Errors: PINION_ENOTJOINED: in join; PINION_ENOTSUP: a binary payload, for a client whose serializer or
 * transport has none, or the channel of a raw socket; PINION_EPAYLOAD: the payload could not be built;
 * PINION_ETOOBIG: the event has more than 255 bytes; PINION_EUTF8: the event is not UTF-8; PINION_ECLOSED:
 * the client is gone; PINION_EBUSY: in handle_out, where the mount drops broadcasts: as
 * pinion_push_droppable; PINION_ENOMEM: out of memory, and the socket is closed, since its client would never
 * know what it missed. */
PINION_API int pinion_push(pinion_channel *channel, const char *event, pinion_payload *payload);

/* As pinion_push, for an event that the client may miss if it does not keep up. It never closes the client
 * for not reading. Where the mount drops broadcasts (drop_broadcasts), this event is treated as one: it may
 * be dropped later, when newer ones come, and older ones make room for it; what is dropped counts
 * (`skipped`). Elsewhere it is refused when there is no room. What handle_out pushes to an intercepted
 * broadcast's subscribers is a broadcast in this sense, without this function.
 *
 * Errors: those of pinion_push; PINION_EBUSY: there is no room (max_queue), and this event is dropped:
 * `drained` is called when there is. */
PINION_API int pinion_push_droppable(pinion_channel *channel, const char *event, pinion_payload *payload);

/* Send an event to every subscriber of this channel's topic, on every node. This channel's client gets it
 * too.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Errors: PINION_ENOTJOINED: in join; PINION_ENOTSUP: the channel of a raw socket, which has no topic;
 * PINION_EPAYLOAD: the payload could not be built; PINION_ETOOBIG: the event has more than 255 bytes;
 * PINION_EUTF8: the event is not UTF-8; PINION_EBUSY: the mailbox of another loop is full (max_mailbox), and
 * its subscribers miss this broadcast; PINION_ENOMEM: out of memory. */
PINION_API int pinion_broadcast(pinion_channel *channel, const char *event, pinion_payload *payload);

/* As pinion_broadcast, to all but this channel. */
PINION_API int pinion_broadcast_from(pinion_channel *channel, const char *event, pinion_payload *payload);

/* ---- other topics, time and work ---- */

/* Receive the broadcasts of another topic in handle_info, until the channel ends. Subscribing twice is
 * subscribing once.
 *
 * Errors: PINION_ETOOBIG: the topic has more than 255 bytes; PINION_EUTF8: it is not UTF-8; PINION_ECLOSED:
 * the channel ends (terminate); PINION_EBUSY: the pubsub adapter's queue is full; PINION_ENOMEM: out of
 * memory. */
PINION_API PINION_CHECKED int pinion_subscribe(pinion_channel *channel, const char *topic);

/* Receive them no more. Harmless for a topic that is not subscribed to. */
PINION_API void pinion_unsubscribe(pinion_channel *channel, const char *topic);

/* Send this channel a message after delay_ms milliseconds (0: after the current callback). A message that is
 * not yet delivered when the channel ends is dropped.
 *
 * Ownership: consumes payload; NULL means {}. *timer, when given, is for pinion_cancel_timer.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EBUSY: the channel has as many timers as
 * the mount allows (max_timers); PINION_ECLOSED: the channel ends (terminate); PINION_ENOMEM: out of
 * memory. */
PINION_API int pinion_send_after(pinion_channel *channel, uint32_t delay_ms, const char *name,
                                 pinion_payload *payload, uint64_t *timer);

/* Stop a timer. True: it had not fired yet, and its message will not come. */
PINION_API bool pinion_cancel_timer(pinion_channel *channel, uint64_t timer);

/* Runs on another thread. It must not touch the channel, its socket, or any json_t of theirs. */
typedef void pinion_work_fn(void *data);

/* Runs on the channel's loop when the work is over: status 0, or PINION_ECLOSED when the channel has ended.
 */
typedef pinion_result pinion_done_fn(pinion_channel *channel, int status, void *data);

/* Do what would block the loop (a database, a file) on another thread: work(data) there, and then
 * done(channel, status, data) on the loop, exactly once. This channel's messages wait meanwhile. What done
 * returns is treated as a callback's result. Begun in a join or a handle_in that returned pinion_later(), it
 * is the answer. When the channel has ended, terminate, if due, comes after done.
 *
 * Ownership: data is the caller's, to be freed in done; on failure neither function is called.
 *
 * Errors: PINION_EBUSY: this channel's earlier work is not done yet; PINION_ECLOSED: the channel ends
 * (terminate, or a done with this status); PINION_ENOMEM: out of memory, or no thread can be started. */
PINION_API PINION_CHECKED int pinion_channel_work(pinion_channel *channel, pinion_work_fn *work,
                                                  pinion_done_fn *done, void *data);

/* ---- what belongs to a channel ---- */

/* The channel's topic, the socket it came by, and its endpoint.
 *
 * Lifetime: the channel's. */
PINION_API const char *pinion_channel_topic(const pinion_channel *channel);
PINION_API pinion_socket *pinion_channel_socket(const pinion_channel *channel);
PINION_API pinion_endpoint *pinion_channel_endpoint(const pinion_channel *channel);

/* The application's own data: the context of the mount's options, else of the endpoint's, else NULL. */
PINION_API void *pinion_channel_context(const pinion_channel *channel);

/* The name of the transport that carries it: "websocket", "longpoll", … */
PINION_API const char *pinion_channel_transport(const pinion_channel *channel);

/* Give the channel a state of your own, and a destructor for it. Either may be NULL.
 *
 * Lifetime: the destructor runs exactly once: after terminate, however the channel ends (refused, left,
 * crashed, closed, …), or when the state is replaced. During the call the channel has the new state already;
 * at the end it has NULL. */
PINION_API void pinion_channel_set_state(pinion_channel *channel, void *state, void (*destroy)(void *state));

/* The state that was given, or NULL. */
PINION_API void *pinion_channel_state(const pinion_channel *channel);

/* Assign a value to a name. A channel starts with the assigns of its socket; its changes stay its own.
 *
 * Ownership: consumes value; NULL means {}.
 *
 * Errors: PINION_EPAYLOAD: the value could not be built; PINION_EUTF8: the key is not UTF-8; PINION_ENOMEM:
 * out of memory. */
PINION_API int pinion_assign(pinion_channel *channel, const char *key, pinion_payload *value);

/* The value of a name, or NULL.
 *
 * Lifetime: until it is assigned again, or the channel ends. */
PINION_API const pinion_payload *pinion_assigned(const pinion_channel *channel, const char *key);

/* All assigns that are JSON, as one JSON object. Never NULL: poison when out of memory.
 *
 * Ownership: the caller's, to consume or unref. */
PINION_API pinion_payload *pinion_assigns(const pinion_channel *channel);

/* ---- refs ---- */

/* Make a ref: a weak handle on a channel, and on the message (or the join) in whose callback it is made.
 *
 * Ownership: the caller's, until pinion_ref_free.
 *
 * Lifetime: it may be used and freed after the channel, and after the endpoint.
 *
 * Thread: it is made on the channel's loop. It is used and freed on any thread, on one at a time.
 *
 * Errors: NULL: out of memory, or the channel has ended (in the destructor of its state). */
PINION_API pinion_ref *pinion_ref_new(pinion_channel *channel);

/* Free a ref. NULL is allowed.
 *
 * Thread: any. */
PINION_API void pinion_ref_free(pinion_ref *ref);

/* Send the channel a message: handle_info gets it. A channel that has ended by the time the message comes
 * drops it.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: any.
 *
 * Order: what one thread sends to one channel arrives in that order.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EINVAL: the ref is a socket's;
 * PINION_EBUSY: the loop's mailbox is full (max_mailbox); PINION_ECLOSED: the endpoint has stopped;
 * PINION_ENOMEM: out of memory. */
PINION_API int pinion_ref_send(const pinion_ref *ref, const char *name, pinion_payload *payload);

/* As pinion_ref_send, with a pointer.
 *
 * Ownership: destroy(data) runs exactly once, on failure too: after handle_info, or when the message is
 * dropped. destroy may be NULL. */
PINION_API int pinion_ref_send_data(const pinion_ref *ref, const char *name, void *data,
                                    void (*destroy)(void *data));

/* Reply to the message that the ref was made for. A message gets one reply. If the channel has ended, the
 * reply is still sent, as long as the socket lives.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: any.
 *
 * Order: on the channel's loop (in a callback) the reply leaves at once, before everything that is pushed or
 * broadcast after it. From another thread it leaves when the loop comes to it. It may overtake what
 * pinion_ref_send sent before it, since that waits for handle_info.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EUTF8: the status is not UTF-8;
 * PINION_EINVAL: the ref was made for no message, or the message has had its reply; PINION_ECLOSED: the
 * endpoint has stopped; PINION_ENOMEM: out of memory. On the channel's loop also PINION_ENOTSUP: a binary
 * payload, for a client whose serializer or transport has none; PINION_ETOOBIG: a binary payload, and a
 * status of more than 255 bytes. */
PINION_API int pinion_ref_reply(const pinion_ref *ref, const char *status, pinion_payload *payload);

/* Answer a join or a connect that returned pinion_later(). Only the first answer counts; a later one is
 * dropped (0).
 *
 * Ownership: consumes result.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: the ref was made in another callback, or the result is no answer; PINION_ECLOSED:
 * the endpoint has stopped; PINION_ENOMEM: out of memory. */
PINION_API int pinion_ref_answer(const pinion_ref *ref, pinion_result result);

#ifdef __cplusplus
}
#endif
#endif
