/* An actor: a named thing with state on one loop, which takes one message at a time.
 *
 *   NEW --first run: init says ok--> RUNNING --stop, crash, idle, endpoint stops--> ENDING --> ENDED
 *     `---------init says anything else, or nothing may begin any more----------------'
 *
 * ENDING: terminate runs, or waits until the actor's work is done. The name is in use until then (names.h).
 *
 * Messages wait in one queue, in order. A task of the run queue takes them, one after the other; while work
 * is under way it takes none.
 *
 * The memory is counted with atomics, since any thread may have a ref. Its life is one reference, each public
 * ref is one, and so is each message on its way to the loop. Everything else belongs to the loop, unless it
 * says otherwise. */
#ifndef PINION_ACTOR_ACTOR_H
#define PINION_ACTOR_ACTOR_H

#include "actor/actors.h"
#include "base/delays.h"
#include "base/misuse.h"
#include "engine/hub.h"
#include <pinion/actor.h>

enum pinion_actor_state {
    PINION_ACTOR_NEW,
    PINION_ACTOR_RUNNING,
    PINION_ACTOR_ENDING,
    PINION_ACTOR_ENDED,
};

struct pinion_actor_work;

/* What few actors need. It is made when it is first needed. */
struct pinion_actor_extra {
    struct pinion_delays timers;
    struct pinion_list subscriptions;
    struct pinion_list monitors;
    uint64_t next_monitor; /* its number */
    struct pinion_actor_work *work;
};

struct pinion_actor {
    struct pinion_map_node by_name;     /* under the lock of the names */
    struct pinion_list node;            /* in its loop's list, once it has begun */
    struct pinion_hub *hub;             /* of other threads only for comparisons: it may be gone */
    struct pinion_shard *shard;         /* the same */
    struct pinion_scheduler *scheduler; /* referenced; any thread posts to it */
    const pinion_actor_def *def;        /* of other threads only while it lives */
    size_t max_mailbox;                 /* of def; any thread reads it */
    void *state;
    void (*destroy_state)(void *state);
    struct pinion_actor_extra *extra;
    struct pinion_actor *successor; /* takes the name when this one has ended; under the lock */
    struct pinion_list calls;       /* that were kept and have no end yet; under the lock */
    struct pinion_task_queue queue; /* mail that waits, and the stop task */
    struct pinion_task run_task;
    struct pinion_task stop_task;
    struct pinion_timer idle;
    uint64_t touched;      /* when somebody last needed it, ms; only with idle_ms */
    atomic_size_t queued;  /* bytes of what was sent and is not handled; any thread */
    atomic_uint refs;      /* any thread */
    atomic_uint busy;      /* messages that were refused and are not counted yet; any thread */
    atomic_int stop;       /* the reason of the first stop that was asked for; -1: none; any thread */
    uint32_t opened;       /* how often it was opened; under the lock */
    uint32_t opened_known; /* how often by the last look of idle.c */
    uint8_t state_of_life; /* enum pinion_actor_state */
    uint8_t reason;        /* why it ends: a pinion_reason */
    uint8_t name_len;
    bool scheduled : 1; /* run_task is queued or posted */
    bool accepted : 1;  /* init has said ok, so terminate will be called */
    bool closing;       /* it gives its name up; under the lock */
    bool waits;         /* the one that has its name has not ended yet; under the lock, then the loop's */
    char name[];        /* terminated */
};

struct pinion_slice pinion__actor_name(const struct pinion_actor *actor);

/* Make an actor on a shard, with three references: of its life, of its run task, and the caller's. NULL when
 * out of memory. The caller has its run task posted. Thread: any. */
struct pinion_actor *pinion__actor_new(struct pinion_actors *actors, struct pinion_shard *shard,
                                       struct pinion_slice name);

/* Thread: any. */
struct pinion_actor *pinion__actor_ref(struct pinion_actor *actor);
void pinion__actor_unref(struct pinion_actor *actor);

/* The actor's extra part. It is made if it is not there. NULL when out of memory. */
struct pinion_actor_extra *pinion__actor_extra(struct pinion_actor *actor);

static inline bool pinion__actor_busy(const struct pinion_actor *actor)
{
    return actor->extra && actor->extra->work;
}

/* There may be something to do: have it done, after the current callback. */
void pinion__actor_schedule(struct pinion_actor *actor);

/* End the actor for this reason: its last callbacks run now, or when its work is done. Harmless when it is
 * already ending. Not from inside a callback. */
void pinion__actor_end(struct pinion_actor *actor, pinion_reason reason);

/* The actor's work is done: go on with an end that waited for it. */
void pinion__actor_resume_end(struct pinion_actor *actor);

/* Ask the actor to stop when it has taken what is before it in the queue. PINION_ECLOSED: its loop has ended.
 * Thread: any. */
int pinion__actor_stop(struct pinion_actor *actor, pinion_reason reason);

/* In a public function: it is called on the actor's loop. */
#define PINION_ON_LOOP_OF_ACTOR(actor, otherwise)                                                            \
    PINION_RULE(pinion__scheduler_on_thread((actor)->scheduler), otherwise,                                  \
                "called on a thread that is not the loop of the actor: use a ref (pinion_actor_ref_new)")

/* The same for functions that return no code. Only builds with checks look. */
#ifdef PINION_CHECKS
#define PINION_CHECK_ON_LOOP_OF_ACTOR(actor) PINION_ON_LOOP_OF_ACTOR(actor, (void)0)
#else
#define PINION_CHECK_ON_LOOP_OF_ACTOR(actor) ((void)0)
#endif

/* Refuse a call on this actor: as pinion__refuse. `payload` may be NULL. */
int pinion__actor_refuse(const struct pinion_actor *actor, const char *call, const char *name,
                         const pinion_payload *payload, int code, const char *why);

/* Why nothing begins on an actor that ends. */
#define PINION_ACTOR_ENDS "the actor ends: nothing begins in terminate, or after it"

#endif
