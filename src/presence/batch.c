#include "presence/batch.h"
#include "base/hash.h"
#include <pinion/error.h>
#include <stdlib.h>

/* ---- changes ---- */

static struct pinion_slice key_of(const struct pinion_map_node *node)
{
    return pinion__presence_change_key(
        PINION_CONTAINER_OF(node, struct pinion_presence_change, by_key.first));
}

static void init(struct pinion_presence_changes *changes)
{
    pinion__map_init(&changes->keys, key_of);
    pinion__list_init(&changes->all);
}

static void clear(struct pinion_presence_changes *changes)
{
    pinion__map_release(&changes->keys);
    while (!pinion__list_empty(&changes->all)) {
        struct pinion_presence_change *change = pinion__presence_change_at(changes->all.next);
        pinion__list_remove(&change->in_changes);
        free(change);
    }
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

static int add(struct pinion_presence_changes *changes, const struct pinion_presence_entry *entry)
{
    struct pinion_presence_change *change = change_new(entry);
    if (!change)
        return PINION_ENOMEM;
    int rc = pinion__multimap_add(&changes->keys, &change->by_key, pinion__hash(pinion__presence_key(entry)));
    if (rc)
        free(change);
    else
        pinion__list_append(&changes->all, &change->in_changes);
    return rc;
}

const struct pinion_presence_change *pinion__presence_change_next(const struct pinion_presence_change *change)
{
    struct pinion_multimap_node *next = pinion__multimap_next(&change->by_key);
    return next ? PINION_CONTAINER_OF(next, struct pinion_presence_change, by_key) : NULL;
}

/* ---- batches ---- */

struct pinion_presence_batch *pinion__presence_batch_new(struct pinion_slice topic,
                                                         void (*cooled)(struct pinion_timer *timer))
{
    struct pinion_presence_batch *batch = calloc(1, sizeof *batch + topic.len + 1);
    if (!batch)
        return NULL;
    pinion__list_init(&batch->due);
    pinion__timer_init(&batch->timer, cooled);
    init(&batch->joins);
    init(&batch->leaves);
    batch->topic_len = (uint8_t)topic.len;
    memcpy(batch->topic, topic.ptr, topic.len);
    return batch;
}

void pinion__presence_batch_free(struct pinion_presence_batch *batch)
{
    pinion__presence_batch_clear(batch);
    free(batch);
}

int pinion__presence_batch_add(struct pinion_presence_batch *batch, const struct pinion_presence_entry *entry,
                               bool joined)
{
    return add(joined ? &batch->joins : &batch->leaves, entry);
}

void pinion__presence_batch_clear(struct pinion_presence_batch *batch)
{
    clear(&batch->joins);
    clear(&batch->leaves);
}
