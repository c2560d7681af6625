/* The replicated set of a presence: who is on which topic, on all nodes. It is pure: bytes and structs in,
 * bytes and structs out, without I/O, threads, clocks or globals. The owner of a state (each shard has one)
 * has the timers, and moves the messages. Not thread-safe.
 *
 * Each node is a replica, and only it changes its own presences; the others keep copies. Its operations are
 * numbered 1, 2, …: a track is one, an untrack is one, an update is an untrack and a track. The number of the
 * track that made an entry is the entry's clock. Together with the node and its incarnation, it identifies
 * the entry for ever. This is a causal CRDT (an observed-remove set without tombstones, like
 * Phoenix.Tracker.State) in which a dot is added and removed by one writer only.
 *
 * A copy knows which operations of the original it has seen (clock.h), in whatever order their messages came.
 * An entry whose clock is known is not added again. So no entry comes twice, and no removed entry comes back.
 * A removal makes the clock of the removed entry known, even if it comes before the addition.
 *
 * Entries of this node and of replicas that are up are visible. Entries of a replica that is down are kept,
 * but are in no topic's list and in no count.
 *
 * message.h has the messages as bytes, delta.h what this node sends to others, merge.h what it does with
 * their messages, and replica.h what happens when others come up, go down, or are removed. */
#ifndef PINION_PRESENCE_STATE_H
#define PINION_PRESENCE_STATE_H

#include "base/list.h"
#include "base/multimap.h"
#include "presence/clock.h"
#include "presence/history.h"
#include "presence/item.h"

#define PINION_PRESENCE_REF_LEN 16 /* characters of a phx_ref */

struct pinion_presence_state;

/* A meta of a key on a topic, made by one track or update. */
struct pinion_presence_entry {
    struct pinion_multimap_node by_owner; /* of this node: by id; of another node: by clock */
    struct pinion_multimap_node by_key;   /* while visible, in topic->keys */
    struct pinion_list in_topic;          /* while visible */
    struct pinion_list in_replica;        /* in the order in which they came; of this node by clock */
    struct pinion_presence_topic *topic;
    struct pinion_presence_replica *replica;
    uint64_t clock;
    uint64_t id;       /* chosen by the caller: which channel of its node */
    uint32_t of_key;   /* in the first entry of a key: how many entries are under it */
    uint32_t snapshot; /* the snapshot that last named it (merge.c) */
    uint16_t meta_len;
    uint8_t key_len;
    char text[]; /* the key, then the meta */
};

struct pinion_presence_topic {
    struct pinion_map_node node;
    struct pinion_map keys; /* visible entries, by key */
    struct pinion_list
        entries;  /* visible entries, in the order in which they became visible; an update keeps its place */
    size_t count; /* of visible entries */
    size_t holds; /* number of entries, visible or not */
    uint64_t message; /* the last message into which it was written, */
    uint64_t number;  /* and its number there (delta.c) */
    uint8_t name_len;
    char name[];
};

/* A snapshot of a replica that is being received in parts (merge.c). */
struct pinion_presence_snapshot {
    uint64_t at;                        /* the operations it includes; 0: none is being received */
    struct pinion_presence_clock parts; /* operations whose parts have come */
    uint32_t mark;                      /* the mark of entries that it has named */
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
    uint64_t heard; /* the last operation that it is known to have made */
    struct pinion_presence_snapshot snapshot;
    uint64_t stamp;  /* when it was last heard of, ms, 0 at first; this and the next two belong to gossip.c */
    uint8_t lacking; /* ticks in a row at which it lacked something */
    bool left;       /* it has said goodbye */
    uint64_t tag;    /* of the refs of its entries */
    bool up;
    uint8_t name_len;
    char name[];
};

struct pinion_presence_state_options {
    struct pinion_slice node; /* 1 to PINION_PRESENCE_NAME_MAX bytes, unique among the nodes; copied */
    uint64_t incarnation;     /* 1 to PINION_PRESENCE_CLOCK_MAX, larger than in earlier lives of the node */
    size_t history_max;       /* how many removals are kept for nodes that miss some; 0: 10,000 */
    /* Called for each entry that has become visible or is no longer visible, by whatever call, including the
     * node's own track. In a merge, removals are reported before additions. The entry is valid during the
     * call, which must not change the state. May be NULL. */
    void (*changed)(void *data, const struct pinion_presence_entry *entry, bool joined);
    void *data;
};

struct pinion_presence_state {
    struct pinion_map topics;
    struct pinion_map names;     /* replicas by name */
    struct pinion_list replicas; /* this node's own first */
    struct pinion_presence_replica *own;
    struct pinion_presence_history history;
    uint64_t sent;    /* the last operation that a heartbeat has carried */
    uint64_t message; /* number of messages that were written */
    bool telling;     /* `changed` is being called */
    void (*changed)(void *data, const struct pinion_presence_entry *entry, bool joined);
    void *data;
};

/* Make an empty set. PINION_EINVAL: the name or the incarnation is not valid; PINION_ENOMEM. */
int pinion__presence_state_new(struct pinion_presence_state **out,
                               const struct pinion_presence_state_options *options);

/* Free the set with all its entries, without calling `changed`. state may be NULL. */
void pinion__presence_state_free(struct pinion_presence_state *state);

/* ---- what this node's channels do ---- */

/* Track an item. *out, which may be NULL, is set to the entry. Lifetime: until it is untracked or updated.
 * PINION_EBUSY: this id is tracked under this key on this topic already; PINION_ENOMEM; and as
 * pinion__presence_item_check. */
int pinion__presence_track(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                           const struct pinion_presence_entry **out);

/* Replace the meta that this id has under this key on this topic: the old entry leaves, and a new one joins
 * in its place, with another ref. On failure nothing changes. PINION_ENOENT: it is not tracked; otherwise as
 * above. */
int pinion__presence_update(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                            const struct pinion_presence_entry **out);

/* Untrack this id under this key on this topic; under any key if key.ptr is NULL; on any topic if topic.ptr
 * is NULL. Returns how many entries left. */
size_t pinion__presence_untrack(struct pinion_presence_state *state, uint64_t id, struct pinion_slice topic,
                                struct pinion_slice key);

/* The entry of this id under this key on this topic, or NULL. */
const struct pinion_presence_entry *pinion__presence_tracked(const struct pinion_presence_state *state,
                                                             uint64_t id, struct pinion_slice topic,
                                                             struct pinion_slice key);

/* ---- looking up: only visible entries, of all nodes ---- */

/* The topic if it has a visible entry, otherwise NULL. Its `count` is the number of entries, keys.count the
 * number of different keys. */
const struct pinion_presence_topic *pinion__presence_topic(const struct pinion_presence_state *state,
                                                           struct pinion_slice name);

/* How many entries the topic has. */
size_t pinion__presence_count(const struct pinion_presence_state *state, struct pinion_slice topic);

/* The first entry of a topic, then the next ones, in the order in which they became visible; NULL after the
 * last. */
const struct pinion_presence_entry *pinion__presence_first(const struct pinion_presence_topic *topic);
const struct pinion_presence_entry *pinion__presence_next(const struct pinion_presence_entry *entry);

/* The first entry under a key, then the next ones; NULL after the last, or when there is none. */
const struct pinion_presence_entry *pinion__presence_get(const struct pinion_presence_topic *topic,
                                                         struct pinion_slice key);
const struct pinion_presence_entry *pinion__presence_next_of_key(const struct pinion_presence_entry *entry);

/* How many entries are under a key. Cost: constant. */
size_t pinion__presence_count_of_key(const struct pinion_presence_topic *topic, struct pinion_slice key);

/* Is the entry the first under its key? A walk over a topic that takes only these, and for each the others of
 * its key, is grouped by key, like presence_state. The entry must be visible. */
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

/* The entry's phx_ref, terminated. It is the same on every node, and no other entry has it. It is made of 48
 * bits of the replica's tag and 48 bits of the clock, so neither memory nor messages contain it. */
void pinion__presence_ref(const struct pinion_presence_entry *entry, char ref[PINION_PRESENCE_REF_LEN + 1]);

#endif
