/* The application's callback that a loop runs: what it was called for, and so what a ref, work or a broadcast
 * that it makes belongs to. No callback runs inside another. */
#ifndef PINION_ENGINE_CALLBACK_H
#define PINION_ENGINE_CALLBACK_H

#include "engine/hub.h"
#include "engine/promise.h"

/* On the stack of whoever runs it, reachable through the shard meanwhile. */
struct pinion_callback {
    const char *name;               /* "handle_in", … */
    const char *detail;             /* the event, or NULL */
    uint64_t began;                 /* ms, on a coarse clock */
    struct pinion_channel *channel; /* NULL in connect */
    pinion_answer_fn *answer;       /* it is join or connect: takes an answer that comes later */
    bool message;                   /* it is handle_in: there is a message to reply to */
    bool worked;                    /* it began work */
    struct pinion_slice ref;        /* of the message, JSON text */
    struct pinion_promise *promise; /* of an answer that may come later; NULL until somebody could give it */
};

/* Around the call of it: sets the shard's current callback, and says in the log when it took long. */
void pinion__callback_enter(struct pinion_shard *shard, struct pinion_callback *callback);
void pinion__callback_leave(struct pinion_shard *shard);

#endif
