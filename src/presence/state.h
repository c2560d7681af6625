/* The replicated set under presence: who is on which topic, on all nodes. Pure: bytes and structs in, bytes
 * and structs out; no I/O, no threads, no clock, nothing global. Whoever owns a state (a shard, for each
 * shard) has the timers and moves the messages. Not thread-safe.
 *
 * Each node is a replica, and it alone changes its own presences; the others keep copies of them. Its
 * operations are numbered 1, 2, …: a track is one, an untrack is one, an update is an untrack and a track.
 * The number of the track that made it is an entry's clock: with the node and its incarnation it names the
 * entry for ever. It is a causal CRDT (an observed-remove set without tombstones, as Phoenix.Tracker.State
 * is), in which a dot is added and removed by one writer only.
 *
 * A copy knows which operations of the original it has seen (clock.h), in whatever order their messages came.
 * An entry whose clock is known is not taken up again, hence none comes twice, and none that was removed
 * comes back; a removal makes the clock of what it removes known, also where it comes first.
 *
 * Visible are the entries of this node and of replicas that are up. Those of one that is down are kept, but
 * in no topic's list and no count.
 *
 *   message.h   the messages, as bytes
 *   delta.h     what this node tells others: heartbeats with what is new, and all that one lacks
 *   merge.h     taking in what others tell
 *   replica.h   others that come up, go down, are removed
 */
#ifndef PINION_PRESENCE_STATE_H
#define PINION_PRESENCE_STATE_H

#include "base/list.h"
#include "base/multimap.h"
#include "presence/clock.h"
#include "presence/history.h"
#include "presence/item.h"

#define PINION_PRESENCE_REF_LEN 16 /* characters of a phx_ref */

struct pinion_presence_state;

/* One meta of one key on a topic: what one track, or update, made. */
struct pinion_presence_entry {
    struct pinion_multimap_node by_owner; /* of this node: by id; of another: by clock */
    struct pinion_multimap_node by_key;   /* while visible, in topic->keys */
    struct pinion_list in_topic;          /* while visible */
    struct pinion_list in_replica;        /* in the order in which they came: of this node by clock */
    struct pinion_presence_topic *topic;
    struct pinion_presence_replica *replica;
    uint64_t clock;
    uint64_t id;       /* the caller's: which channel of its node */
    uint32_t of_key;   /* of the first under its key: how many are under it */
    uint32_t snapshot; /* the snapshot that last named it (merge.c) */
    uint16_t meta_len;
    uint8_t key_len;
    char text[]; /* the key, then the meta */
};

struct pinion_presence_topic {
    struct pinion_map_node node;
    struct pinion_map keys;     /* visible entries by key */
    struct pinion_list entries; /* visible, in the order in which they became so; an update keeps its place */
    size_t count;               /* of them */
    size_t holds;               /* entries, visible or not */
    uint64_t message;           /* the last message it was written into, */
    uint64_t number;            /* and its number there (delta.c) */
    uint8_t name_len;
    char name[];
};

/* A snapshot of a replica that is being received in parts (merge.c). */
struct pinion_presence_snapshot {
    uint64_t at;                        /* the operations it includes; 0: none is being received */
    struct pinion_presence_clock parts; /* those whose parts have come */
    uint32_t mark;                      /* of entries it has named */
};

struct pinion_presence_replica {
    struct pinion_map_node node;
    struct pinion_list in_state;
    struct pinion_presence_state *state;
    struct pinion_map owners; /* entries by id, or by clock */
    struct pinion_list entries;
    size_t count;
    uint64_t incarnation;
    struct pinion_presence_clock known;
    uint64_t heard; /* the last operation it is said to have made */
    struct pinion_presence_snapshot snapshot;
    uint64_t stamp;  /* gossip.c's, as the next two; 0 at first: when it was last heard of, ms */
    uint8_t lacking; /* ticks at which it lacked something */
    bool left;       /* it has said goodbye */
    uint64_t tag;    /* of the refs of its entries */
    bool up;
    uint8_t name_len;
    char name[];
};

struct pinion_presence_state_options {
    struct pinion_slice node; /* 1 to PINION_PRESENCE_NAME_MAX bytes, unique among the nodes; copied */
    uint64_t incarnation;     /* 1 to PINION_PRESENCE_CLOCK_MAX, larger than in the node's lives before */
    size_t history_max;       /* how many removals are remembered for those who miss some; 0: 10,000 */
    /* Called for each entry that has become visible, or is no longer: whatever the call that did it, also the
     * own track. A removal in a merge is told before what is new. The entry is valid during the call, which
     * must not change the state. May be NULL. */
    void (*changed)(void *data, const struct pinion_presence_entry *entry, bool joined);
    void *data;
};

struct pinion_presence_state {
    struct pinion_map topics;
    struct pinion_map names;     /* replicas by name */
    struct pinion_list replicas; /* the own one first */
    struct pinion_presence_replica *own;
    struct pinion_presence_history history;
    uint64_t sent;    /* the last operation that a heartbeat has carried */
    uint64_t message; /* how many messages were written */
    bool telling;     /* `changed` is being called */
    void (*changed)(void *data, const struct pinion_presence_entry *entry, bool joined);
    void *data;
};

/* A new set, empty, through *out. PINION_EINVAL: no such name or incarnation; PINION_ENOMEM. */
int pinion__presence_state_new(struct pinion_presence_state **out,
                               const struct pinion_presence_state_options *options);

/* Free it with all its entries, of which none is told. NULL is allowed. */
void pinion__presence_state_free(struct pinion_presence_state *state);

/* ---- what this node's channels do ---- */

/* Track. The entry comes back through *out, which may be NULL; it lives until it is untracked or updated.
 * PINION_EBUSY: this id is tracked under this key on this topic already; PINION_ENOMEM; and as
 * pinion__presence_item_check. */
int pinion__presence_track(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                           const struct pinion_presence_entry **out);

/* Give what this id tracks under this key on this topic another meta: the old entry leaves and a new one
 * joins in its place, with another ref. PINION_ENOENT: there is none; errors otherwise as above. Nothing
 * changed on failure. */
int pinion__presence_update(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                            const struct pinion_presence_entry **out);

/* Untrack what this id tracks: under this key on this topic, or under any key where key.ptr is NULL, or on
 * any topic where topic.ptr is NULL. Returns how many entries left. */
size_t pinion__presence_untrack(struct pinion_presence_state *state, uint64_t id, struct pinion_slice topic,
                                struct pinion_slice key);

/* What this id tracks under this key on this topic, or NULL. */
const struct pinion_presence_entry *pinion__presence_tracked(const struct pinion_presence_state *state,
                                                             uint64_t id, struct pinion_slice topic,
                                                             struct pinion_slice key);

/* ---- looking up: visible entries only, of all nodes ---- */

/* The topic if it has a visible entry, or NULL. Its `count` is how many, keys.count how many different keys.
 */
const struct pinion_presence_topic *pinion__presence_topic(const struct pinion_presence_state *state,
                                                           struct pinion_slice name);

/* How many entries the topic has. */
size_t pinion__presence_count(const struct pinion_presence_state *state, struct pinion_slice topic);

/* The first entry of a topic, then those after it, in the order in which they became visible; NULL after the
 * last. */
const struct pinion_presence_entry *pinion__presence_first(const struct pinion_presence_topic *topic);
const struct pinion_presence_entry *pinion__presence_next(const struct pinion_presence_entry *entry);

/* The first entry under a key, then those after it; NULL when there is none, and after the last. */
const struct pinion_presence_entry *pinion__presence_get(const struct pinion_presence_topic *topic,
                                                         struct pinion_slice key);
const struct pinion_presence_entry *pinion__presence_next_of_key(const struct pinion_presence_entry *entry);

/* How many entries are under a key. In constant time. */
size_t pinion__presence_count_of_key(const struct pinion_presence_topic *topic, struct pinion_slice key);

/* Is it the first under its key? A walk over a topic that takes only these, and for each the others of its
 * key, is grouped by key, as presence_state is. The entry must be visible. */
static inline bool pinion__presence_is_first_of_key(const struct pinion_presence_entry *entry)
{
    return pinion__multimap_is_first(&entry->by_key);
}

/* ---- an entry ---- */

static inline struct pinion_slice pinion__presence_key(const struct pinion_presence_entry *entry)
{
    return pinion__slice(entry->text, entry->key_len);
}

static inline struct pinion_slice pinion__presence_meta(const struct pinion_presence_entry *entry)
{
    return pinion__slice(entry->text + entry->key_len, entry->meta_len);
}

static inline struct pinion_slice pinion__presence_topic_name(const struct pinion_presence_topic *topic)
{
    return pinion__slice(topic->name, topic->name_len);
}

static inline bool pinion__presence_visible(const struct pinion_presence_entry *entry)
{
    return !pinion__list_empty(&entry->in_topic);
}

/* Its phx_ref, terminated: the same on every node, and no other entry's. It is made of the replica's tag and
 * the clock, 48 bits of each, so that neither memory nor messages hold it. */
void pinion__presence_ref(const struct pinion_presence_entry *entry, char ref[PINION_PRESENCE_REF_LEN + 1]);

#endif
