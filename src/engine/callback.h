/* The callback of the application that a loop runs now. It says what the callback was called for: what it
 * makes (a ref, work, a broadcast) belongs to the same channel and message. No callback runs inside another.
 */
#ifndef PINION_ENGINE_CALLBACK_H
#define PINION_ENGINE_CALLBACK_H

#include "engine/hub.h"
#include "engine/promise.h"

/* Lies on the stack of the code that runs the callback. The shard points to it meanwhile. */
struct pinion_callback {
    const char *name;               /* "handle_in", … */
    const char *detail;             /* the event, or NULL */
    enum pinion_callback_kind kind; /* what it is measured as */
    uint64_t began;                 /* when it began, ns; by a coarse clock where nothing is measured */
    uint64_t took;                  /* once it has been left, ns */
    struct pinion_channel *channel; /* NULL in connect */
    struct pinion_socket *socket;   /* in connect, and in the done of its work; else NULL */
    const char *off_loop;           /* of no channel and no socket: what takes slow work elsewhere */
    const char *actor;              /* the name of the actor whose callback it is; else NULL */
    pinion_answer_fn *answer;       /* in join and connect: takes an answer that comes later; else NULL */
    bool message;                   /* true in handle_in: there is a message to reply to */
    bool out;                       /* true in handle_out: what it pushes is of a broadcast */
    bool worked;                    /* the callback began work */
    struct pinion_slice ref;        /* the message's ref, as JSON text */
    struct pinion_promise *promise; /* the answer that is owed; NULL until a ref or work could give it */
};

/* Enter before the call and leave after it. Enter sets the shard's current callback. Leave clears it, and
 * warns in the log when the callback was slow. */
void pinion__callback_enter(struct pinion_shard *shard, struct pinion_callback *callback);
void pinion__callback_leave(struct pinion_shard *shard);

#endif
