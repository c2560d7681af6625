#include "presence/batch.h"
#include "base/hash.h"
#include "presence/meta.h"
#include <pinion/error.h>
#include <stdlib.h>

#define CHANGE_OVERHEAD 48 /* the text of a change without key and meta, bytes */

/* ---- a change ---- */

static struct pinion_presence_change *change_of(const struct pinion_map_node *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_presence_change, by_name.first);
}

static struct pinion_slice ref_of(const struct pinion_map_node *node)
{
    return pinion__slice(change_of(node)->ref, PINION_PRESENCE_REF_LEN);
}

static struct pinion_slice key_of(const struct pinion_map_node *node)
{
    return pinion__presence_change_key(change_of(node));
}

static uint64_t hash_of_ref(const struct pinion_presence_change *change)
{
    return pinion__hash(pinion__slice(change->ref, PINION_PRESENCE_REF_LEN));
}

static size_t bytes_of(const struct pinion_presence_change *change)
{
    return CHANGE_OVERHEAD + (size_t)change->key_len + change->meta_len;
}

static struct pinion_presence_change *change_new(const struct pinion_presence_entry *entry)
{
    struct pinion_presence_change *change = malloc(sizeof *change + entry->key_len + entry->meta_len);
    if (!change)
        return NULL;
    memset(change, 0, sizeof *change);
    pinion__presence_ref(entry, change->ref);
    change->key_len = entry->key_len;
    change->meta_len = entry->meta_len;
    memcpy(change->text, entry->text, (size_t)entry->key_len + entry->meta_len);
    return change;
}

/* ---- batches ---- */

struct pinion_presence_batch *pinion__presence_batch_new(struct pinion_slice topic,
                                                         void (*cooled)(struct pinion_timer *timer))
{
    struct pinion_presence_batch *batch = calloc(1, sizeof *batch + topic.len + 1);
    if (!batch)
        return NULL;
    pinion__list_init(&batch->due);
    pinion__list_init(&batch->changes);
    pinion__timer_init(&batch->timer, cooled);
    pinion__map_init(&batch->joins, ref_of);
    pinion__map_init(&batch->leaves, ref_of);
    batch->topic_len = (uint8_t)topic.len;
    memcpy(batch->topic, topic.ptr, topic.len);
    return batch;
}

void pinion__presence_batch_free(struct pinion_presence_batch *batch)
{
    pinion__list_gone(&batch->due);
    pinion__list_gone(&batch->timer.node);
    while (!pinion__list_empty(&batch->changes)) {
        struct pinion_presence_change *change = pinion__presence_change_at(batch->changes.next);
        pinion__list_remove(&change->in_order);
        free(change);
    }
    pinion__map_release(&batch->joins);
    pinion__map_release(&batch->leaves);
    free(batch);
}

static struct pinion_map *map_for(struct pinion_presence_batch *batch, bool joined)
{
    return joined ? &batch->joins : &batch->leaves;
}

/* The latest join, or leave, of the meta that this change is about; NULL when none waits. */
static struct pinion_presence_change *waiting(struct pinion_presence_batch *batch,
                                              const struct pinion_presence_change *change, bool joined)
{
    struct pinion_slice ref = pinion__slice(change->ref, PINION_PRESENCE_REF_LEN);
    struct pinion_multimap_node *first =
        pinion__multimap_find(map_for(batch, joined), ref, hash_of_ref(change));
    if (!first)
        return NULL;
    struct pinion_multimap_node *last =
        PINION_CONTAINER_OF(first->ring.prev, struct pinion_multimap_node, ring);
    return PINION_CONTAINER_OF(last, struct pinion_presence_change, by_name);
}

/* The change no longer waits, but keeps its place. */
static void withdraw(struct pinion_presence_batch *batch, struct pinion_presence_change *change)
{
    pinion__multimap_remove(map_for(batch, change->joined), &change->by_name);
    batch->bytes -= bytes_of(change);
}

static void forget_cancelled(struct pinion_presence_batch *batch)
{
    struct pinion_presence_change *change = batch->cancelled;
    batch->cancelled = NULL;
    if (change)
        pinion__list_remove(&change->in_order);
    free(change);
}

/* ---- an update of an update ---- */

/* Does this change replace the join that was cancelled just before? */
static bool goes_on(const struct pinion_presence_batch *batch, const struct pinion_presence_change *change)
{
    const char *prev = pinion__presence_meta_prev(pinion__presence_change_meta(change));
    return batch->cancelled && prev && memcmp(prev, batch->cancelled->ref, PINION_PRESENCE_REF_LEN) == 0;
}

/* Nobody has seen the meta that this change says it replaces. So it replaces what that meta replaced, if
 * anything. */
static void inherit_prev(struct pinion_presence_change *change, const struct pinion_presence_change *from)
{
    char *meta = change->text + change->key_len;
    const char *old = pinion__presence_meta_prev(pinion__presence_change_meta(from));
    const char *prev = pinion__presence_meta_prev(pinion__presence_change_meta(change));
    if (old)
        memcpy(meta + (prev - meta), old, PINION_PRESENCE_REF_LEN);
    else
        change->meta_len = (uint16_t)pinion__presence_meta_cut_prev(meta, change->meta_len);
}

/* ---- adding ---- */

/* It takes the place of the join that it replaces, so that it stays with the leave that belongs to it. */
static void put_in_place(struct pinion_presence_batch *batch, struct pinion_presence_change *change)
{
    struct pinion_presence_change *before =
        change->joined && goes_on(batch, change) ? batch->cancelled : NULL;
    if (before) {
        inherit_prev(change, before);
        change->place = before->place;
        pinion__list_append(&before->in_order, &change->in_order); /* this puts it in front of `before` */
    } else {
        change->place = change->version;
        pinion__list_append(&batch->changes, &change->in_order);
    }
    forget_cancelled(batch);
    batch->bytes += bytes_of(change);
}

static int put(struct pinion_presence_batch *batch, struct pinion_presence_change *change)
{
    const struct pinion_presence_change *left = change->joined ? waiting(batch, change, false) : NULL;
    int rc = pinion__multimap_add(map_for(batch, change->joined), &change->by_name, hash_of_ref(change));
    if (rc)
        return rc;
    change->after = left ? left->place : 0;
    put_in_place(batch, change);
    return 0;
}

/* If the change that this one undoes waits, and nobody has seen it, remove that change. */
static bool cancel(struct pinion_presence_batch *batch, const struct pinion_presence_change *change)
{
    struct pinion_presence_change *undone = waiting(batch, change, !change->joined);
    if (!undone || undone->version <= batch->given)
        return false;
    forget_cancelled(batch);
    withdraw(batch, undone);
    batch->cancelled = undone;
    if (!undone->joined)
        forget_cancelled(batch);
    return true;
}

int pinion__presence_batch_add(struct pinion_presence_batch *batch, const struct pinion_presence_entry *entry,
                               bool joined, uint64_t version)
{
    struct pinion_presence_change *change = change_new(entry);
    if (!change)
        return PINION_ENOMEM;
    change->joined = joined;
    change->version = version;
    int rc = 0;
    if (cancel(batch, change) || (rc = put(batch, change)) != 0)
        free(change);
    return rc;
}

/* ---- taking changes for a diff ---- */

/* A diff for which changes are being taken. */
struct cut {
    const struct pinion_presence_change *last;
    uint64_t begins; /* the place of its first change */
    size_t len;
    size_t count;
    bool partial; /* some clients have seen a part of it */
};

static bool is_full(const struct pinion_presence_batch *batch, const struct pinion_presence_change *next,
                    const struct cut *cut, size_t max)
{
    bool partial = cut->partial || next->version <= batch->pushed;
    return cut->len + bytes_of(next) > max || (partial && cut->count >= PINION_PRESENCE_PARTIAL_MAX);
}

/* Does the diff end before the next change? An update is not split: between the two diffs, its key would be
 * gone. */
static bool ends_before(const struct pinion_presence_batch *batch, const struct pinion_presence_change *next,
                        const struct cut *cut, size_t max)
{
    const struct pinion_presence_change *last = cut->last;
    if (!last)
        return false;
    if (next->after >= cut->begins)
        return true;
    bool belongs = next->joined && !last->joined &&
                   pinion__slice_eq(pinion__presence_change_key(next), pinion__presence_change_key(last));
    return !belongs && is_full(batch, next, cut, max);
}

size_t pinion__presence_batch_take(struct pinion_presence_batch *batch, size_t max, struct pinion_list *taken)
{
    struct cut cut = { 0 };
    forget_cancelled(batch);
    while (!pinion__list_empty(&batch->changes)) {
        struct pinion_presence_change *change = pinion__presence_change_at(batch->changes.next);
        if (ends_before(batch, change, &cut, max))
            break;
        if (!cut.last)
            cut.begins = change->place;
        withdraw(batch, change);
        pinion__list_remove(&change->in_order);
        pinion__list_append(taken, &change->in_order);
        cut.len += bytes_of(change);
        cut.count++;
        cut.partial |= change->version <= batch->pushed;
        cut.last = change;
    }
    return cut.len;
}

/* ---- changes that were taken ---- */

void pinion__presence_changes_init(struct pinion_presence_changes *changes)
{
    *changes = (struct pinion_presence_changes){ .all = PINION_LIST_HEAD(changes->all) };
    pinion__map_init(&changes->keys, key_of);
}

static int put_by_key(struct pinion_presence_changes *changes, struct pinion_presence_change *change)
{
    uint64_t hash = pinion__hash(pinion__presence_change_key(change));
    int rc = pinion__multimap_add(&changes->keys, &change->by_name, hash);
    if (rc)
        free(change);
    else
        pinion__list_append(&changes->all, &change->in_order);
    return rc;
}

int pinion__presence_changes_sort(struct pinion_list *taken, struct pinion_presence_changes *joins,
                                  struct pinion_presence_changes *leaves)
{
    int rc = 0;
    while (!pinion__list_empty(taken)) {
        struct pinion_presence_change *change = pinion__presence_change_at(taken->next);
        pinion__list_remove(&change->in_order);
        int put_rc = put_by_key(change->joined ? joins : leaves, change);
        rc = rc ? rc : put_rc;
    }
    return rc;
}

void pinion__presence_changes_release(struct pinion_presence_changes *changes)
{
    while (!pinion__list_empty(&changes->all)) {
        struct pinion_presence_change *change = pinion__presence_change_at(changes->all.next);
        pinion__list_remove(&change->in_order);
        free(change);
    }
    pinion__map_release(&changes->keys);
}

const struct pinion_presence_change *pinion__presence_change_next(const struct pinion_presence_change *change)
{
    struct pinion_multimap_node *next = pinion__multimap_next(&change->by_name);
    return next ? PINION_CONTAINER_OF(next, struct pinion_presence_change, by_name) : NULL;
}
