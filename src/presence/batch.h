/* What has changed on a topic and was not told yet: the content of the next diffs.
 *
 * A change that cancels one that waits takes it away, so that what waits grows with the presences that have
 * changed and not with how often they did: a meta that joined and left, or left and came back (which those of
 * another node do), was seen by nobody. That is so unless a list of the topic was given out in between:
 * whoever has it knows of the first, and needs the second. Each change has a version, and the batch that of
 * the latest list; what has a higher one may be cancelled.
 *
 * An update is a leave and a join. Of many in one batch there remain the leave of the meta that was told and
 * the join of the last one, which has the first one's ref as its phx_ref_prev.
 *
 * A client that was pushed a list as its state is told of what is newer alone. For that each change goes out
 * with its version, and a diff of which somebody may know a part is short.
 *
 * Changes are told in order, in one diff or in several. Clients take the joins of a diff in before its
 * leaves, hence a meta that left and came back is told in two.
 */
#ifndef PINION_PRESENCE_BATCH_H
#define PINION_PRESENCE_BATCH_H

#include "base/list.h"
#include "base/multimap.h"
#include "base/slice.h"
#include "base/wheel.h"
#include "presence/state.h"

/* Changes in a diff of which some clients may know a part: as many different ones are made of it as clients
 * know different parts, each for a part of the time, so that their text is bounded by the square of this. */
#define PINION_PRESENCE_PARTIAL_MAX 256

/* A meta that joined or left, with copies of its texts. */
struct pinion_presence_change {
    struct pinion_multimap_node by_name; /* while it waits by ref, and by key when it is told */
    struct pinion_list in_order;
    uint64_t version;
    uint64_t place; /* in the order: that of what it has taken the place of, else the version */
    uint64_t after; /* the place of the leave that must be told in a diff before; 0: none */
    char ref[PINION_PRESENCE_REF_LEN + 1];
    bool joined;
    uint8_t key_len;
    uint16_t meta_len;
    char text[]; /* the key, then the meta */
};

struct pinion_presence_batch {
    struct pinion_map_node node;
    struct pinion_presence_shard *shard;
    struct pinion_list due;    /* in its shard's, while it is to be sent as soon as may be */
    struct pinion_timer timer; /* until the next one may be sent; the loop's */
    struct pinion_list changes;
    struct pinion_map joins; /* by ref */
    struct pinion_map leaves;
    struct pinion_presence_change
        *cancelled;  /* the join that was, until the next change: an update goes on */
    size_t bytes;    /* of the changes, about as long as they will be as text */
    uint64_t given;  /* the version of the latest list that was given out, */
    uint64_t pushed; /* and of the latest that a client was pushed as its state */
    uint8_t topic_len;
    char topic[]; /* terminated */
};

/* One for this topic, empty, whose timer calls this. NULL when out of memory. */
struct pinion_presence_batch *pinion__presence_batch_new(struct pinion_slice topic,
                                                         void (*cooled)(struct pinion_timer *timer));

/* It must be in no list and no map, and its timer not set. */
void pinion__presence_batch_free(struct pinion_presence_batch *batch);

/* Note that an entry has joined, or left, at this version: 1 or more, and above all before. PINION_ENOMEM: it
 * was not noted. Cost: constant. */
int pinion__presence_batch_add(struct pinion_presence_batch *batch, const struct pinion_presence_entry *entry,
                               bool joined, uint64_t version);

/* Move the first changes to the end of `taken`, as many as belong into one diff of about so many bytes: one
 * at least, if there is one. Returns their bytes. Cost: that of what is taken. */
size_t pinion__presence_batch_take(struct pinion_presence_batch *batch, size_t max,
                                   struct pinion_list *taken);

static inline bool pinion__presence_batch_empty(const struct pinion_presence_batch *batch)
{
    return batch->joins.count == 0 && batch->leaves.count == 0;
}

static inline struct pinion_slice pinion__presence_batch_topic(const struct pinion_map_node *node)
{
    const struct pinion_presence_batch *batch = PINION_CONTAINER_OF(node, struct pinion_presence_batch, node);
    return pinion__slice(batch->topic, batch->topic_len);
}

/* ---- a change ---- */

static inline struct pinion_presence_change *pinion__presence_change_at(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_presence_change, in_order);
}

static inline struct pinion_slice pinion__presence_change_key(const struct pinion_presence_change *change)
{
    return pinion__slice(change->text, change->key_len);
}

static inline struct pinion_slice pinion__presence_change_meta(const struct pinion_presence_change *change)
{
    return pinion__slice(change->text + change->key_len, change->meta_len);
}

/* ---- changes that were taken: joins, or leaves ---- */

struct pinion_presence_changes {
    struct pinion_map keys;
    struct pinion_list all; /* in order */
};

void pinion__presence_changes_init(struct pinion_presence_changes *changes);

/* Sort what was taken into joins and leaves. PINION_ENOMEM: some of it was freed. */
int pinion__presence_changes_sort(struct pinion_list *taken, struct pinion_presence_changes *joins,
                                  struct pinion_presence_changes *leaves);

/* Free them. */
void pinion__presence_changes_release(struct pinion_presence_changes *changes);

/* The one after this under the same key, or NULL. */
const struct pinion_presence_change *pinion__presence_change_next(
    const struct pinion_presence_change *change);

#endif
