/* A shard: the presences of a part of the topics, and what of it is still to be told to this node's clients.
 *
 * A shard has a lock, under which any thread reads and changes its set, and a loop, from which alone diffs
 * go out: so that all subscribers get them in one order, the order of what happened. A change of the set is
 * noted in a batch of its topic:
 *
 *                    change                  sent                       interval over, empty
 *   (no batch) -----------------> due ---------------> cooling --------------------------------> (no batch)
 *                               ^   |                     |
 *                               `---'                     | interval over, changes; or max_diff bytes of them
 *                            more is left                 `-----> due
 *
 * What is due is sent in diffs of max_diff bytes at most. Between two turns of its loop a shard sends about
 * as much as one of them, so that others have their turn, and clients time to read. Under the lock a diff's
 * changes are only moved; its text is made without.
 */
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
    struct pinion_presence_state *state; /* under lock, as all that follows */
    struct pinion_map batches;           /* by topic */
    uint64_t version;                    /* how many changes were noted */
    struct pinion_list due;
    bool flushing;             /* the task or the timer below is under way, until nothing is due */
    struct pinion_task flush;  /* sends what is due */
    struct pinion_timer again; /* sends the rest at the next turn */
    struct pinion_gossip gossip;
};

/* Its set's node and incarnation. Errors as pinion__presence_state_new. */
int pinion__presence_shard_init(struct pinion_presence_shard *shard, struct pinion_presence *presence,
                                struct pinion_shard *loop, struct pinion_slice node, uint64_t incarnation);

/* No thread of the endpoint runs any more. Also for one that could not be initialised. */
void pinion__presence_shard_release(struct pinion_presence_shard *shard);

void pinion__presence_shard_lock(struct pinion_presence_shard *shard);

/* Unlock, and see to it that what is due is sent. */
void pinion__presence_shard_unlock(struct pinion_presence_shard *shard);

/* A list of the topic is given out, of all or of a part, as it is now: what it shows may be told as gone, and
 * is not forgotten. Under the lock. */
void pinion__presence_shard_give(struct pinion_presence_shard *shard, struct pinion_slice topic);

/* The same of a list of all that is pushed to a client as its state. Returns its version: what has one that
 * is not higher, of this shard, is in it. */
uint64_t pinion__presence_shard_push(struct pinion_presence_shard *shard, struct pinion_slice topic);

#endif
