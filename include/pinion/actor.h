/* Actors: named things with state, as a GenServer under a Registry and a DynamicSupervisor in Phoenix. The
 * room of a game is one, or a counter, or what many channels share.
 *
 * An actor lives on one loop: that which opens it, unless that one has many more actors than another. It
 * takes one message at a time, so its state needs no lock. Any thread reaches it by its name
 * (pinion_actor_open) and by refs. Names belong to a node: another node may have an actor of the same name.
 *
 * Thread: the callbacks of an actor run on its loop, one at a time, and never one inside another. All that
 * takes a pinion_actor belongs to that loop; refs and calls belong to any thread.
 *
 * Lifetime: a pinion_actor is valid in its callbacks, from init until terminate returned, and in the last
 * done of its work. */
#ifndef PINION_ACTOR_H
#define PINION_ACTOR_H

#include <pinion/http.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pinion_actor pinion_actor;         /* A named thing with state. */
typedef struct pinion_actor_ref pinion_actor_ref; /* A weak handle on an actor. Several threads may use one
                                                     at a time, until one frees it. */
typedef struct pinion_call pinion_call;           /* A question that waits for an actor's answer. */

/* What an actor does. Zero means the default; every function may be NULL.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_actor_def {
    /* The actor begins, before its first message. `argument` is that of pinion_actor_open; it is the actor's
     * state too, until init sets another (pinion_actor_set_state). pinion_ok(NULL) lets it run. All else ends
     * it: whoever has called it is told (PINION_ECLOSED), and terminate is not called. NULL: it runs. */
    pinion_result (*init)(pinion_actor *actor, void *argument);

    /* Somebody calls (pinion_actor_call) and waits for the answer. pinion_ok(payload), pinion_error(payload)
     * and pinion_reply(status, payload) answer. pinion_later() answers later: keep the call
     * (pinion_call_ref), or begin work here and answer in its done. pinion_stop_reply() answers and ends the
     * actor. NULL: the actor crashes. */
    pinion_result (*handle_call)(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload);

    /* Messages (pinion_actor_send), timers, broadcasts of subscribed topics, and "down" of a channel that the
     * actor monitors. NULL: they are logged and dropped. */
    pinion_result (*handle_info)(pinion_actor *actor, const pinion_info *info);

    /* The actor ends. Called once for each actor that has run. Calls that were kept may still be answered;
     * broadcasts are sent. Work, timers, subscriptions and monitors are refused (PINION_ECLOSED). */
    void (*terminate)(pinion_actor *actor, pinion_reason reason);

    /* How long an actor stays that nobody needs: it monitors no channel, owes no answer, and nobody has
     * opened it, called it or sent it a message for so long. Its own timers and broadcasts do not count.
     * Milliseconds; it may be up to one less. Default: it stays. On excess: it ends, as by
     * pinion_stop(PINION_REASON_NORMAL). */
    uint32_t idle_ms;
    uint32_t max_timers; /* Its timers. A number. Default: 1,000. On excess: PINION_EBUSY. */
    size_t max_mailbox;  /* Messages and calls that wait for it; a single larger one has room when nothing
                            else waits. Bytes. Default: 1 MiB. On excess:
                            PINION_EBUSY, and broadcasts are dropped and counted (`dropped`). */
} pinion_actor_def;

/* ---- opening ---- */

/* Get a ref to the actor of this name. If nobody has the name yet, an actor is started. One that ends, or was
 * told to stop, gives its name up: a new one takes it, whose init runs after the other's terminate.
 *
 * def is what the actor does. NULL: an actor that is there already.
 *
 * Ownership: *ref is the caller's, until pinion_actor_ref_free. destroy(argument) runs exactly once: if an
 * actor was there already or the call fails, in this call; else when the new actor has ended, or sets another
 * state. destroy may be NULL.
 *
 * Thread: any. Before the endpoint runs too: then the actor begins when it does.
 *
 * Order: what is sent after this returned is taken by the actor, unless somebody stops it, or idle_ms pass
 * before.
 *
 * Errors: PINION_ETOOBIG: the name is empty, or has more than 255 bytes; PINION_EUTF8: it is not UTF-8;
 * PINION_EINVAL: the actor of this name has another definition, or a member of def is set that this library
 * does not know; PINION_ENOENT: nobody has the name, and def is NULL; PINION_EBUSY: there are as many actors
 * as max_actors of the endpoint; PINION_ECLOSED: the endpoint has stopped, or its channels have ended;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_actor_open_sized(pinion_endpoint *endpoint, const char *name,
                                                      const pinion_actor_def *def, void *argument,
                                                      void (*destroy)(void *argument), pinion_actor_ref **ref,
                                                      size_t size);
static inline PINION_CHECKED int pinion_actor_open(pinion_endpoint *endpoint, const char *name,
                                                   const pinion_actor_def *def, void *argument,
                                                   void (*destroy)(void *argument), pinion_actor_ref **ref)
{
    return pinion_actor_open_sized(endpoint, name, def, argument, destroy, ref, sizeof(pinion_actor_def));
}

/* Make a ref to an actor in one of its own callbacks, or another ref to the same actor. A ref keeps no actor
 * alive.
 *
 * Ownership: the caller's, until pinion_actor_ref_free.
 *
 * Lifetime: it may be used and freed after the actor, and after the endpoint.
 *
 * Thread: of pinion_actor_ref_new the actor's loop; of pinion_actor_ref_copy any.
 *
 * Errors: NULL: out of memory. */
PINION_API pinion_actor_ref *pinion_actor_ref_new(pinion_actor *actor);
PINION_API pinion_actor_ref *pinion_actor_ref_copy(const pinion_actor_ref *ref);

/* Free a ref. NULL is allowed.
 *
 * Thread: any. */
PINION_API void pinion_actor_ref_free(pinion_actor_ref *ref);

/* ---- sending ---- */

/* Send the actor a message: handle_info gets it. An actor that has ended by the time the message comes drops
 * it.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: any.
 *
 * Order: what one thread sends to one actor, calls and stops included, arrives in that order.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EBUSY: the mailbox of the actor or of its
 * loop is full; PINION_ECLOSED: the endpoint has stopped; PINION_ENOMEM: out of memory. */
PINION_API int pinion_actor_send(const pinion_actor_ref *ref, const char *name, pinion_payload *payload);

/* As pinion_actor_send, with a pointer.
 *
 * Ownership: destroy(data) runs exactly once, on failure too: after handle_info, or when the message is
 * dropped. destroy may be NULL. */
PINION_API int pinion_actor_send_data(const pinion_actor_ref *ref, const char *name, void *data,
                                      void (*destroy)(void *data));

/* Stop the actor when it has taken what was sent to it before. What comes behind that is dropped, and calls
 * among it end with PINION_ECLOSED. The name is free for a new one at once (pinion_actor_open). terminate
 * gets the reason, which is PINION_REASON_NORMAL or PINION_REASON_SHUTDOWN; any other counts as
 * PINION_REASON_ERROR. An actor that was told already, or has ended with its endpoint, stays so (0).
 *
 * Thread: any.
 *
 * Errors: PINION_ECLOSED: the endpoint has stopped before the actor began. */
PINION_API int pinion_actor_stop(const pinion_actor_ref *ref, pinion_reason reason);

/* ---- calling ---- */

/* Takes the end of a call. `status` is 0 and `answer` is what the actor answered, with a status and a payload
 * that may be NULL; or there is no answer (NULL), and status says why: PINION_ECLOSED: the actor has ended,
 * or nobody is left who could answer; PINION_ETIMEDOUT: no answer came in time. The answer and its payload
 * are borrowed. Runs like a callback, on the loop that called; if another thread called, on the actor's. */
typedef void pinion_called_fn(int status, const pinion_result *answer, void *data);

/* How a call is made. One of `done`, `reply` and `request` must be set: it takes the end of the call. */
typedef struct pinion_call_options {
    uint32_t timeout_ms; /* How long it waits. Milliseconds. Default: 5,000. On excess: PINION_ETIMEDOUT. */

    /* A function, and its data. */
    pinion_called_fn *done;
    void *data;

    /* A ref that was made in a join or for a message: the answer is its reply. The callback returns
     * pinion_later(). Without an answer the reply is "error" with {"reason":"closed"} or
     * {"reason":"timeout"}. A call that could be made takes the ref. */
    pinion_ref *reply;

    /* A request over HTTP: the answer's payload is its body, with 200 for "ok" and 422 for any other status.
     * Without an answer it is 503 with {"reason":"closed"} or 504 with {"reason":"timeout"}. A call that
     * could be made takes the ref. */
    pinion_request_ref *request;
} pinion_call_options;

/* Call the actor: handle_call gets it and answers. A call that returned 0 ends exactly once, with the answer,
 * PINION_ECLOSED or PINION_ETIMEDOUT. If this fails, the call has ended with that, and nothing is told of it.
 *
 * The actor handles a call that has timed out meanwhile nevertheless, and its answer is dropped. An endpoint
 * that stops tells of the end of each call.
 *
 * Ownership: consumes payload; NULL means {}. On failure the refs of options are the caller's still.
 *
 * Thread: any.
 *
 * Order: as pinion_actor_send. Answers come in the order in which they were given, if they come from one
 * thread to one loop.
 *
 * Errors: PINION_EINVAL: none or several of done, reply and request are set, or the ref is for no join and no
 * message; PINION_EPAYLOAD: the payload could not be built; PINION_EBUSY: the mailbox of the actor or of its
 * loop is full; PINION_ECLOSED: the endpoint has stopped; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_actor_call_sized(const pinion_actor_ref *ref, const char *name,
                                                      pinion_payload *payload,
                                                      const pinion_call_options *options, size_t size);
static inline PINION_CHECKED int pinion_actor_call(const pinion_actor_ref *ref, const char *name,
                                                   pinion_payload *payload,
                                                   const pinion_call_options *options)
{
    return pinion_actor_call_sized(ref, name, payload, options, sizeof(pinion_call_options));
}

/* Call the actor in a join or in handle_in, and let it answer: return pinion_actor_later(channel, ref,
 * "move", payload). The result is pinion_later(). If the call cannot be made, it is an error with
 * {"reason":"busy"} or
 * {"reason":"closed"}, or pinion_crash() without memory. timeout_ms is that of pinion_call_options.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: the channel's loop. */
PINION_API pinion_result pinion_actor_later(pinion_channel *channel, const pinion_actor_ref *ref,
                                            const char *name, pinion_payload *payload, uint32_t timeout_ms);

/* Keep a call to answer it later. In handle_call a call is borrowed; each ref keeps it too. When the last one
 * goes and there was no answer, the call ends with PINION_ECLOSED, and the log says so.
 *
 * Ownership: the caller's, until pinion_call_unref.
 *
 * Thread: any. */
PINION_API pinion_call *pinion_call_ref(pinion_call *call);

/* Give a ref of a call back. NULL is allowed.
 *
 * Thread: any. */
PINION_API void pinion_call_unref(pinion_call *call);

/* Answer a call with pinion_ok(), pinion_error() or pinion_reply(). Also in handle_call itself, which returns
 * pinion_noreply() then.
 *
 * Ownership: consumes answer.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: it has its answer already, or the result is no reply; PINION_EPAYLOAD: the payload
 * could not be built; PINION_EUTF8: the status is not UTF-8; PINION_ECLOSED: the call has ended without an
 * answer (the time was over, or the actor has ended); PINION_ENOMEM: out of memory. */
PINION_API int pinion_call_answer(pinion_call *call, pinion_result answer);

/* The ref of the channel that calls (`reply` of the options), for pinion_actor_monitor and pinion_ref_send.
 * NULL: no channel calls.
 *
 * Lifetime: the call's.
 *
 * Thread: any. */
PINION_API const pinion_ref *pinion_call_from(const pinion_call *call);

/* ---- in the callbacks of an actor ---- */

/* Hear when a channel ends: handle_info gets "down", once, with *monitor in info->monitor, and in
 * info->reason why it ended, as its terminate heard it. If the channel has ended already, "down" comes at
 * once, with PINION_REASON_CLOSED. monitor may be NULL.
 *
 * Errors: PINION_EINVAL: the ref is a socket's; PINION_ECLOSED: the actor ends (terminate); PINION_ENOMEM:
 * out of memory. */
PINION_API PINION_CHECKED int pinion_actor_monitor(pinion_actor *actor, const pinion_ref *who,
                                                   uint64_t *monitor);

/* Hear of it no more. True: "down" had not been handled yet, and will not come. */
PINION_API bool pinion_actor_demonitor(pinion_actor *actor, uint64_t monitor);

/* Send the actor itself a message after delay_ms milliseconds (0: after the current callback). A message that
 * is not yet delivered when the actor ends is dropped.
 *
 * Ownership: consumes payload; NULL means {}. *timer, when given, is for pinion_actor_cancel_timer.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EBUSY: it has as many timers as max_timers
 * of its definition; PINION_ECLOSED: the actor ends (terminate); PINION_ENOMEM: out of memory. */
PINION_API int pinion_actor_send_after(pinion_actor *actor, uint32_t delay_ms, const char *name,
                                       pinion_payload *payload, uint64_t *timer);

/* Stop a timer. True: it had not fired yet, and its message will not come. */
PINION_API bool pinion_actor_cancel_timer(pinion_actor *actor, uint64_t timer);

/* Receive the broadcasts of a topic in handle_info, until the actor ends. Subscribing twice is subscribing
 * once. To send on a topic: pinion_endpoint_broadcast.
 *
 * Errors: PINION_ETOOBIG: the topic has more than 255 bytes; PINION_EUTF8: it is not UTF-8; PINION_ECLOSED:
 * the actor ends (terminate); PINION_EBUSY: the pubsub adapter's queue is full; PINION_ENOMEM: out of memory.
 */
PINION_API PINION_CHECKED int pinion_actor_subscribe(pinion_actor *actor, const char *topic);

/* Receive them no more. Harmless for a topic that is not subscribed to. */
PINION_API void pinion_actor_unsubscribe(pinion_actor *actor, const char *topic);

/* Runs on the actor's loop when its work is over: status 0, or PINION_ECLOSED when the actor ends. */
typedef pinion_result pinion_actor_done_fn(pinion_actor *actor, int status, void *data);

/* Do what would block the loop on another thread: work(data) there, and then done(actor, status, data) on the
 * loop, exactly once. The actor's messages wait meanwhile. Begun in a handle_call that returned
 * pinion_later(), what done returns is the answer. When the actor ends, terminate comes after done.
 *
 * Ownership: data is the caller's, to be freed in done; on failure neither function is called.
 *
 * Errors: PINION_EBUSY: earlier work of this actor is not done yet; PINION_ECLOSED: the actor ends
 * (terminate, or a done with this status); PINION_ENOMEM: out of memory, or no thread can be started. */
PINION_API PINION_CHECKED int pinion_actor_work(pinion_actor *actor, pinion_work_fn *work,
                                                pinion_actor_done_fn *done, void *data);

/* Give the actor another state, and a destructor for it. Either may be NULL.
 *
 * Lifetime: the destructor runs exactly once: after terminate, or when the state is replaced. During the call
 * the actor has the new state already; at the end it has NULL. */
PINION_API void pinion_actor_set_state(pinion_actor *actor, void *state, void (*destroy)(void *state));

/* Its state: the argument of pinion_actor_open, until another one was set. */
PINION_API void *pinion_actor_state(const pinion_actor *actor);

/* Its name, and its endpoint.
 *
 * Lifetime: the actor's. */
PINION_API const char *pinion_actor_name(const pinion_actor *actor);
PINION_API pinion_endpoint *pinion_actor_endpoint(const pinion_actor *actor);

/* The application's own data: the context of the endpoint's options, or NULL. */
PINION_API void *pinion_actor_context(const pinion_actor *actor);

#ifdef __cplusplus
}
#endif
#endif
