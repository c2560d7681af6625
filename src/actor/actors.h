/* The actors of an endpoint: their names, and the loops they live on. An extension of the hub, as old as the
 * endpoint.
 *
 * When the endpoint stops, channels end before actors. A loop whose channels are gone waits for the other
 * loops. The last one closes the table, so that no actor is started any more, and has each loop stop its own.
 * An actor takes what was sent to it before, as far as the time of the drain allows. */
#ifndef PINION_ACTOR_ACTORS_H
#define PINION_ACTOR_ACTORS_H

#include "engine/extension.h"
#include "engine/hub.h"

struct pinion_actor;

/* A loop's part. It belongs to the loop, unless it says otherwise. */
struct pinion_actors_loop {
    struct pinion_actors *actors;
    struct pinion_shard *shard;
    struct pinion_list all;      /* its actors that have begun */
    atomic_size_t count;         /* its actors, those that have not begun too; any thread */
    struct pinion_map watched;   /* channels that actors monitor, by id: monitor.c */
    struct pinion_task end_task; /* posted by the loop that closes the table */
    size_t calls;                /* that were made on it, and have not ended */
    bool left;                   /* its channels have ended */
    bool ending;                 /* its actors stop, and none begins */
};

struct pinion_actors {
    struct pinion_extension extension;
    struct pinion_hub *hub;
    size_t max;
    struct pinion_lock lock;               /* of all that follow, but `left` and the loops */
    struct pinion_map names;               /* the newest actor of each name */
    struct pinion_definitions definitions; /* copies of definitions of another length */
    uint64_t closed;                       /* a bit for each loop on which no actor is started any more */
    bool used;                             /* one has been opened */
    atomic_uint left;                      /* loops whose channels have ended */
    struct pinion_actors_loop loops[];     /* as many as the hub has */
};

/* Let an endpoint have up to `max` actors. All its loops have been added. PINION_ENOMEM; PINION_EINVAL: it
 * has started. */
int pinion__actors_new(struct pinion_hub *hub, size_t max);

/* The part of a loop. */
struct pinion_actors_loop *pinion__actors_loop(const struct pinion_shard *shard);

/* How many calls were made on this loop, and have not ended: they are begun (engine/begun.h), but no work.
 * Thread: the loop's. */
size_t pinion__actors_calls(const struct pinion_shard *shard);

/* The loop's channels have ended, and it drains: true when its actors have ended too. Ask it again after each
 * turn. Thread: the loop's. */
bool pinion__actors_over(struct pinion_shard *shard);

/* The time of the drain is over: actors that were told to stop take no more of what waits for them. Thread:
 * the loop's, but not inside a task or a timer. */
void pinion__actors_hurry(struct pinion_shard *shard);

/* The loop ends: stop its actors now, and wait until they have ended. What is posted to the loop runs
 * meanwhile. It may be called again. Thread: the loop's, but not inside a task or a timer. */
void pinion__actors_finish(struct pinion_shard *shard);

#endif
