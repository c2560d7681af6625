/* A call: a question to an actor, which ends exactly once.
 *
 *   WAITING --answered--> ANSWERED          `--time over--> TIMED_OUT
 *      `------the actor ends, or nobody is left who could answer--> CLOSED
 *
 * Whoever brings it from WAITING to another state decides its end; any thread may. The end is then told on
 * the call's home: the loop that called, or else the actor's. The home does not end before that
 * (engine/begun.h).
 *
 * References to the memory: of the mail, of the home until the end was told, of each user (a callback, a ref
 * of the application, work). Users are counted once more: when the last one goes, nobody can answer. */
#ifndef PINION_ACTOR_CALL_H
#define PINION_ACTOR_CALL_H

#include "actor/mail.h"

enum pinion_call_state {
    PINION_CALL_WAITING,
    PINION_CALL_ANSWERED,
    PINION_CALL_TIMED_OUT,
    PINION_CALL_CLOSED,
};

#define PINION_CALL_STATUS 16

struct pinion_call {
    struct pinion_actor_mail mail;
    struct pinion_task end_task;
    struct pinion_timer timer;  /* the home's */
    struct pinion_actor *actor; /* referenced */
    struct pinion_shard
        *home;               /* NULL until the mail has come to the actor's loop, if another thread called */
    struct pinion_list node; /* in actor->calls, while it is kept; under the lock of the names */
    atomic_bool kept;        /* it may be in that list */
    atomic_uint refs;
    atomic_uint users;
    atomic_int state;            /* enum pinion_call_state */
    pinion_call_options options; /* where the end is told; the refs are owned */
    pinion_payload *payload;
    pinion_result answer;            /* once ANSWERED */
    char status[PINION_CALL_STATUS]; /* of the answer, if it is short; else it is in memory of its own */
    size_t size;                     /* of the block */
    char name[];
};

/* Call an actor: as pinion_actor_call, with options that were checked. Consumes payload. */
int pinion__actor_call(struct pinion_actor *actor, const char *name, pinion_payload *payload,
                       const pinion_call_options *options);

/* A callback has returned this reply. If the call has its answer already, it is dropped, and the log says so.
 * Consumes answer. Thread: the actor's. */
void pinion__call_reply(pinion_call *call, pinion_result answer, const char *callback);

/* As pinion_call_ref and pinion_call_unref. Thread: any. */
pinion_call *pinion__call_use(pinion_call *call);
void pinion__call_unuse(pinion_call *call);

/* The actor has ended: so do the calls that it kept. Thread: the actor's. */
void pinion__calls_end(struct pinion_actor *actor);

/* ---- for call_end.c ---- */

/* Tell where the call said what became of it. Thread: the home's. */
void pinion__call_tell(pinion_call *call);

#endif
