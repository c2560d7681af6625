/* Entries, and the topics that hold them. A topic exists while it has an entry, visible or not. Its map has
 * buckets from the start, so that showing an entry cannot fail. */
#include "base/hash.h"
#include "presence/state_int.h"
#include "proto/base64url.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

/* ---- topics ---- */

static struct pinion_slice key_of(const struct pinion_map_node *node)
{
    return pinion__presence_key(PINION_CONTAINER_OF(node, struct pinion_presence_entry, by_key.first));
}

static struct pinion_presence_topic *find_topic(const struct pinion_presence_state *state,
                                                struct pinion_slice name, uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(&state->topics, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct pinion_presence_topic, node) : NULL;
}

static struct pinion_presence_topic *topic_new(struct pinion_presence_state *state, struct pinion_slice name,
                                               uint64_t hash)
{
    struct pinion_presence_topic *topic = calloc(1, sizeof *topic + name.len);
    if (!topic)
        return NULL;
    pinion__map_init(&topic->keys, key_of);
    pinion__list_init(&topic->entries);
    topic->name_len = (uint8_t)name.len;
    memcpy(topic->name, name.ptr, name.len);
    if (pinion__map_reserve(&topic->keys) != 0 ||
        pinion__map_insert(&state->topics, &topic->node, hash) != 0) {
        pinion__map_release(&topic->keys);
        free(topic);
        return NULL;
    }
    return topic;
}

/* The topic of that name, which is made if necessary. NULL when out of memory. */
static struct pinion_presence_topic *topic_hold(struct pinion_presence_state *state, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    struct pinion_presence_topic *topic = find_topic(state, name, hash);
    if (!topic)
        topic = topic_new(state, name, hash);
    if (topic)
        topic->holds++;
    return topic;
}

static void topic_drop(struct pinion_presence_state *state, struct pinion_presence_topic *topic)
{
    if (--topic->holds > 0)
        return;
    pinion__map_remove(&state->topics, &topic->node);
    pinion__map_release(&topic->keys);
    free(topic);
}

const struct pinion_presence_topic *pinion__presence_topic(const struct pinion_presence_state *state,
                                                           struct pinion_slice name)
{
    const struct pinion_presence_topic *topic = find_topic(state, name, pinion__hash(name));
    return topic && topic->count > 0 ? topic : NULL;
}

/* ---- entries ---- */

/* A number as a name in the replica's map. It is hashed with this process's key, like all names, because the
 * application chooses the ids. */
static struct pinion_slice number_name(const uint64_t *number)
{
    return pinion__slice((const char *)number, sizeof *number);
}

static uint64_t owner_of(const struct pinion_presence_entry *entry)
{
    return entry->replica == entry->replica->state->own ? entry->id : entry->clock;
}

static struct pinion_presence_entry *find_owner(const struct pinion_presence_replica *replica, uint64_t owner)
{
    struct pinion_slice name = number_name(&owner);
    struct pinion_multimap_node *node = pinion__multimap_find(&replica->owners, name, pinion__hash(name));
    return node ? PINION_CONTAINER_OF(node, struct pinion_presence_entry, by_owner) : NULL;
}

struct pinion_presence_entry *pinion__presence_entry_find(const struct pinion_presence_replica *replica,
                                                          uint64_t clock)
{
    assert(replica != replica->state->own);
    return find_owner(replica, clock);
}

struct pinion_presence_entry *pinion__presence_entry_of_id(const struct pinion_presence_replica *own,
                                                           uint64_t id)
{
    assert(own == own->state->own);
    return find_owner(own, id);
}

static struct pinion_presence_entry *allocate(const struct pinion_presence_item *item)
{
    struct pinion_presence_entry *entry = malloc(sizeof *entry + item->key.len + item->meta.len);
    if (!entry)
        return NULL;
    memset(entry, 0, sizeof *entry);
    entry->key_len = (uint8_t)item->key.len;
    entry->meta_len = (uint16_t)item->meta.len;
    if (item->key.len)
        memcpy(entry->text, item->key.ptr, item->key.len);
    memcpy(entry->text + item->key.len, item->meta.ptr, item->meta.len);
    return entry;
}

/* It cannot fail: the replica's map has buckets. */
static void put_in_replica(struct pinion_presence_entry *entry)
{
    struct pinion_presence_replica *replica = entry->replica;
    uint64_t owner = owner_of(entry);
    int rc = pinion__multimap_add(&replica->owners, &entry->by_owner, pinion__hash(number_name(&owner)));
    assert(rc == 0);
    (void)rc;
    pinion__list_append(&replica->entries, &entry->in_replica);
    replica->count++;
}

int pinion__presence_entry_new(struct pinion_presence_replica *replica, uint64_t clock,
                               const struct pinion_presence_item *item, struct pinion_presence_entry **out)
{
    struct pinion_presence_entry *entry = allocate(item);
    struct pinion_presence_topic *topic = entry ? topic_hold(replica->state, item->topic) : NULL;
    if (!topic) {
        free(entry);
        return PINION_ENOMEM;
    }
    entry->topic = topic;
    entry->replica = replica;
    entry->clock = clock;
    entry->id = item->id;
    pinion__list_init(&entry->in_topic);
    put_in_replica(entry);
    *out = entry;
    return 0;
}

static void tell(const struct pinion_presence_entry *entry, bool joined)
{
    struct pinion_presence_state *state = entry->replica->state;
    assert(!state->telling);
    if (!state->changed)
        return;
    state->telling = true;
    state->changed(state->data, entry, joined);
    state->telling = false;
}

/* The first entry of a key counts the entries under it. */
static struct pinion_presence_entry *first_of_key(struct pinion_presence_entry *entry)
{
    if (pinion__multimap_is_first(&entry->by_key))
        return entry;
    struct pinion_multimap_node *first =
        pinion__multimap_find(&entry->topic->keys, pinion__presence_key(entry), entry->by_key.first.hash);
    return PINION_CONTAINER_OF(first, struct pinion_presence_entry, by_key);
}

static void count_in(struct pinion_presence_entry *entry)
{
    struct pinion_presence_entry *first = first_of_key(entry);
    if (first == entry)
        first->of_key = 0;
    first->of_key++;
}

/* The entry is about to be taken out from under its key. */
static void count_out(struct pinion_presence_entry *entry)
{
    struct pinion_presence_entry *first = first_of_key(entry);
    struct pinion_multimap_node *second = pinion__multimap_next(&first->by_key);
    first->of_key--;
    if (first == entry && second)
        PINION_CONTAINER_OF(second, struct pinion_presence_entry, by_key)->of_key = first->of_key;
}

void pinion__presence_entry_show(struct pinion_presence_entry *entry)
{
    struct pinion_presence_topic *topic = entry->topic;
    int rc = pinion__multimap_add(&topic->keys, &entry->by_key, pinion__hash(pinion__presence_key(entry)));
    assert(rc == 0);
    (void)rc;
    count_in(entry);
    pinion__list_append(&topic->entries, &entry->in_topic);
    topic->count++;
    tell(entry, true);
}

void pinion__presence_entry_hide(struct pinion_presence_entry *entry)
{
    count_out(entry);
    pinion__multimap_remove(&entry->topic->keys, &entry->by_key);
    pinion__list_remove(&entry->in_topic);
    entry->topic->count--;
    tell(entry, false);
}

void pinion__presence_entry_replace(struct pinion_presence_entry *old, struct pinion_presence_entry *entry)
{
    assert(old->topic == entry->topic);
    entry->of_key = old->of_key;
    pinion__multimap_replace(&old->topic->keys, &old->by_key, &entry->by_key);
    pinion__list_append(&old->in_topic, &entry->in_topic); /* this puts it in front of `old` */
    pinion__list_remove(&old->in_topic);
    tell(old, false);
    tell(entry, true);
}

void pinion__presence_entry_free(struct pinion_presence_entry *entry)
{
    struct pinion_presence_replica *replica = entry->replica;
    if (pinion__presence_visible(entry))
        pinion__presence_entry_hide(entry);
    pinion__multimap_remove(&replica->owners, &entry->by_owner);
    pinion__list_remove(&entry->in_replica);
    replica->count--;
    topic_drop(replica->state, entry->topic);
    free(entry);
}

/* ---- looking up ---- */

size_t pinion__presence_count(const struct pinion_presence_state *state, struct pinion_slice topic)
{
    const struct pinion_presence_topic *found = pinion__presence_topic(state, topic);
    return found ? found->count : 0;
}

/* The entry at this place in the topic's list; NULL at the list's head. */
static const struct pinion_presence_entry *in_topic(const struct pinion_presence_topic *topic,
                                                    const struct pinion_list *node)
{
    return node == &topic->entries ? NULL : PINION_CONTAINER_OF(node, struct pinion_presence_entry, in_topic);
}

const struct pinion_presence_entry *pinion__presence_first(const struct pinion_presence_topic *topic)
{
    return in_topic(topic, topic->entries.next);
}

const struct pinion_presence_entry *pinion__presence_next(const struct pinion_presence_entry *entry)
{
    return in_topic(entry->topic, entry->in_topic.next);
}

static const struct pinion_presence_entry *of_key(const struct pinion_multimap_node *node)
{
    return node ? PINION_CONTAINER_OF(node, struct pinion_presence_entry, by_key) : NULL;
}

const struct pinion_presence_entry *pinion__presence_get(const struct pinion_presence_topic *topic,
                                                         struct pinion_slice key)
{
    return of_key(pinion__multimap_find(&topic->keys, key, pinion__hash(key)));
}

size_t pinion__presence_count_of_key(const struct pinion_presence_topic *topic, struct pinion_slice key)
{
    const struct pinion_presence_entry *first = pinion__presence_get(topic, key);
    return first ? first->of_key : 0;
}

const struct pinion_presence_entry *pinion__presence_next_of_key(const struct pinion_presence_entry *entry)
{
    return of_key(pinion__multimap_next(&entry->by_key));
}

void pinion__presence_ref(const struct pinion_presence_entry *entry, char ref[PINION_PRESENCE_REF_LEN + 1])
{
    char bytes[12];
    for (int i = 0; i < 6; i++) {
        bytes[i] = (char)(entry->replica->tag >> (40 - 8 * i));
        bytes[6 + i] = (char)(entry->clock >> (40 - 8 * i));
    }
    *pinion__base64url_encode(ref, pinion__slice(bytes, sizeof bytes)) = '\0';
}
