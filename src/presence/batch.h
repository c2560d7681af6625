/* What has changed on a topic and was not told yet: the content of the next presence_diff.
 *
 * A meta that joined and left again is in both lists: a client that was sent the state in between has it, and
 * clients take joins in before leaves. One that left and came back, which only those of another node do,
 * must be told in two diffs.
 */
#ifndef PINION_PRESENCE_BATCH_H
#define PINION_PRESENCE_BATCH_H

#include "base/list.h"
#include "base/multimap.h"
#include "base/slice.h"
#include "base/wheel.h"
#include "presence/state.h"

/* A meta that joined or left, with copies of its texts. */
struct pinion_presence_change {
    struct pinion_multimap_node by_key;
    struct pinion_list in_changes;
    char ref[PINION_PRESENCE_REF_LEN + 1];
    uint8_t key_len;
    uint16_t meta_len;
    char text[]; /* the key, then the meta */
};

struct pinion_presence_changes {
    struct pinion_map keys;
    struct pinion_list all; /* in the order in which they happened */
};

struct pinion_presence_batch {
    struct pinion_map_node node;
    struct pinion_presence_shard *shard;
    struct pinion_list due;    /* in its shard's, while it is to be sent as soon as may be */
    struct pinion_timer timer; /* until the next one may be sent; the loop's */
    struct pinion_presence_changes joins;
    struct pinion_presence_changes leaves;
    uint8_t topic_len;
    char topic[]; /* terminated */
};

/* One for this topic, empty, whose timer calls this. NULL when out of memory. */
struct pinion_presence_batch *pinion__presence_batch_new(struct pinion_slice topic,
                                                         void (*cooled)(struct pinion_timer *timer));

/* It must be in no list and no map, and its timer not set. */
void pinion__presence_batch_free(struct pinion_presence_batch *batch);

/* Note that an entry has joined, or left. PINION_ENOMEM: it was not noted. */
int pinion__presence_batch_add(struct pinion_presence_batch *batch, const struct pinion_presence_entry *entry,
                               bool joined);

/* Forget what was noted. */
void pinion__presence_batch_clear(struct pinion_presence_batch *batch);

static inline bool pinion__presence_batch_empty(const struct pinion_presence_batch *batch)
{
    return pinion__list_empty(&batch->joins.all) && pinion__list_empty(&batch->leaves.all);
}

static inline struct pinion_slice pinion__presence_batch_topic(const struct pinion_map_node *node)
{
    const struct pinion_presence_batch *batch = PINION_CONTAINER_OF(node, struct pinion_presence_batch, node);
    return pinion__slice(batch->topic, batch->topic_len);
}

/* ---- a change ---- */

static inline struct pinion_presence_change *pinion__presence_change_at(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_presence_change, in_changes);
}

static inline struct pinion_slice pinion__presence_change_key(const struct pinion_presence_change *change)
{
    return pinion__slice(change->text, change->key_len);
}

static inline struct pinion_slice pinion__presence_change_meta(const struct pinion_presence_change *change)
{
    return pinion__slice(change->text + change->key_len, change->meta_len);
}

/* The one after this under the same key, or NULL. */
const struct pinion_presence_change *pinion__presence_change_next(
    const struct pinion_presence_change *change);

#endif
