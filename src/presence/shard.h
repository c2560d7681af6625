/* A shard: the presences on a part of the topics, and what this node's clients were not sent of them yet.
 * (This is a shard of the topics, as `shards` in pinion/presence.h; the engine's shards are parts of the
 * hub.)
 *
 * A shard has a lock, under which any thread reads and changes its set. It belongs to a loop, and only that
 * loop sends diffs: so all subscribers get them in the order of what happened. A change of the set is noted
 * in the batch of its topic:
 *
 *                    change                  sent                       interval over, empty
 *   (no batch) -----------------> due ---------------> cooling --------------------------------> (no batch)
 *                               ^   |                     |
 *                               `---'                     | interval over, changes; or max_diff bytes of them
 *                            more is left                 `-----> due
 *
 * What is due is sent in diffs of at most max_diff bytes. In each turn of its loop a shard sends about as
 * much as one of them, so that others have their turn, and clients have time to read. Under the lock, the
 * changes of a diff are only moved; its text is made afterwards. */
#ifndef PINION_PRESENCE_SHARD_H
#define PINION_PRESENCE_SHARD_H

#include "base/lock.h"
#include "engine/hub.h"
#include "presence/batch.h"
#include "presence/gossip.h"
#include "presence/state.h"
#include <pinion/presence.h>

#define PINION_PRESENCE_SHARDS_MAX 64

struct pinion_presence_shard {
    struct pinion_presence *presence;
    struct pinion_shard *loop;
    struct pinion_lock lock;
    struct pinion_presence_state *state; /* under the lock, as all that follow */
    struct pinion_map batches;           /* by topic */
    atomic_size_t visible;               /* entries; written under the lock, read by any thread */
    uint64_t version;                    /* number of changes that were noted */
    struct pinion_list due;
    bool flushing;             /* the task or the timer below is set, until nothing is due */
    struct pinion_task flush;  /* sends what is due */
    struct pinion_timer again; /* sends the rest in the next turn */
    struct pinion_gossip gossip;
};

/* Make a shard, with the node and incarnation of its set. Errors: as pinion__presence_state_new. */
int pinion__presence_shard_init(struct pinion_presence_shard *shard, struct pinion_presence *presence,
                                struct pinion_shard *loop, struct pinion_slice node, uint64_t incarnation);

/* Release it when no thread of the endpoint runs any more, or when pinion__presence_shard_init has failed. */
void pinion__presence_shard_release(struct pinion_presence_shard *shard);

void pinion__presence_shard_lock(struct pinion_presence_shard *shard);

/* Unlock, and have what is due sent. */
void pinion__presence_shard_unlock(struct pinion_presence_shard *shard);

/* A list of the topic, or of a part of it, is being made. Changes up to now may not be cancelled any more,
 * because the list shows them. Under the lock. */
void pinion__presence_shard_give(struct pinion_presence_shard *shard, struct pinion_slice topic);

/* The same for a list of the whole topic that is pushed to a client as its state. Returns its version: the
 * list contains the changes of this shard up to that version. */
uint64_t pinion__presence_shard_push(struct pinion_presence_shard *shard, struct pinion_slice topic);

#endif
