/* A batch: the changes on a topic that clients were not sent yet. They become the next diffs.
 *
 * A change that undoes a waiting one cancels it. So a batch grows with the number of presences that have
 * changed, not with how often they did: nobody has seen a meta that joined and left, or that left and came
 * back (as those of another node do). There is an exception: if a list of the topic was made in between, its
 * receiver has seen the first change, and needs the second. So each change has a version, and the batch has
 * the version of the latest list; only changes with a higher version may be cancelled.
 *
 * An update is a leave and a join. Of many updates in one batch, the leave of the meta that was sent and the
 * join of the last one remain. The phx_ref_prev of the last one is the ref of the first.
 *
 * A client that was pushed a list as its state is sent only newer changes. For this, each change is sent with
 * its version, and a diff of which a client may have seen a part is short.
 *
 * Changes are sent in order, in one diff or several. Clients apply the joins of a diff before its leaves, so
 * a meta that left and came back needs two diffs. */
#ifndef PINION_PRESENCE_BATCH_H
#define PINION_PRESENCE_BATCH_H

#include "base/list.h"
#include "base/multimap.h"
#include "base/slice.h"
#include "base/wheel.h"
#include "presence/state.h"

/* The most changes in a diff of which some clients may have seen a part. The diff is then made in as many
 * versions as there are different parts; this bounds their text by the square of it. */
#define PINION_PRESENCE_PARTIAL_MAX 256

/* A meta that joined or left, with copies of its texts. */
struct pinion_presence_change {
    struct pinion_multimap_node by_name; /* by ref while it waits, by key while it is sent */
    struct pinion_list in_order;
    uint64_t version;
    uint64_t place; /* its place in the order: that of the change it has replaced, otherwise its version */
    uint64_t after; /* the place of the leave that must be in an earlier diff; 0: none */
    char ref[PINION_PRESENCE_REF_LEN + 1];
    bool joined;
    uint8_t key_len;
    uint16_t meta_len;
    char text[]; /* the key, then the meta */
};

struct pinion_presence_batch {
    struct pinion_map_node node;
    struct pinion_presence_shard *shard;
    struct pinion_list due;    /* in its shard's list while it must be sent as soon as possible */
    struct pinion_timer timer; /* until the next diff may be sent; on the loop's wheel */
    struct pinion_list changes;
    struct pinion_map joins; /* by ref */
    struct pinion_map leaves;
    struct pinion_presence_change
        *cancelled;  /* the join that was cancelled last, until the next change: an update may replace it */
    size_t bytes;    /* of the changes, about as long as their text will be */
    uint64_t given;  /* the version of the latest list that was made */
    uint64_t pushed; /* the version of the latest list that was pushed to a client as its state */
    uint8_t topic_len;
    char topic[]; /* terminated */
};

/* Make an empty batch for this topic, whose timer calls `fire`. NULL when out of memory. */
struct pinion_presence_batch *pinion__presence_batch_new(struct pinion_slice topic,
                                                         void (*cooled)(struct pinion_timer *timer));

/* Free a batch. It must be in no list and no map, and its timer must not be set. */
void pinion__presence_batch_free(struct pinion_presence_batch *batch);

/* Note that an entry has joined or left, at this version: 1 or more, and higher than all before.
 * PINION_ENOMEM: it was not noted. Cost: constant. */
int pinion__presence_batch_add(struct pinion_presence_batch *batch, const struct pinion_presence_entry *entry,
                               bool joined, uint64_t version);

/* Move the first changes to the end of `taken`, as many as belong into one diff of about this many bytes, but
 * at least one, if there is one. Returns their bytes. Cost: proportional to what is taken. */
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

/* ---- changes that were taken: joins or leaves ---- */

struct pinion_presence_changes {
    struct pinion_map keys;
    struct pinion_list all; /* in order */
};

void pinion__presence_changes_init(struct pinion_presence_changes *changes);

/* Sort taken changes into joins and leaves. PINION_ENOMEM: some of them were freed. */
int pinion__presence_changes_sort(struct pinion_list *taken, struct pinion_presence_changes *joins,
                                  struct pinion_presence_changes *leaves);

/* Free the changes. */
void pinion__presence_changes_release(struct pinion_presence_changes *changes);

/* The next change under the same key, or NULL. */
const struct pinion_presence_change *pinion__presence_change_next(
    const struct pinion_presence_change *change);

#endif
