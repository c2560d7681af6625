#include "presence/state.h"
#include "base/hash.h"
#include "base/log.h"
#include "presence/replica.h"
#include "presence/state_int.h"
#include <pinion/error.h>
#include <stdlib.h>

/* ---- life ---- */

static struct pinion_slice name_of_topic(const struct pinion_map_node *node)
{
    return pinion__presence_topic_name(PINION_CONTAINER_OF(node, struct pinion_presence_topic, node));
}

static struct pinion_slice name_of_replica(const struct pinion_map_node *node)
{
    return pinion__presence_replica_name(PINION_CONTAINER_OF(node, struct pinion_presence_replica, node));
}

static int add_own(struct pinion_presence_state *state, struct pinion_slice node, uint64_t incarnation)
{
    struct pinion_presence_replica *own = NULL;
    int rc = pinion__presence_replica_new(state, node, incarnation, &own);
    if (!rc && (rc = pinion__presence_replica_link(own)) != 0)
        pinion__presence_replica_free(own);
    if (!rc)
        state->own = own;
    return rc;
}

int pinion__presence_state_new(struct pinion_presence_state **out,
                               const struct pinion_presence_state_options *options)
{
    size_t len = options->node.len;
    uint64_t incarnation = options->incarnation;
    if (len == 0 || len > PINION_PRESENCE_NAME_MAX || incarnation == 0 ||
        incarnation > PINION_PRESENCE_CLOCK_MAX)
        return pinion__fail(PINION_EINVAL,
                            "a node's name has 1 to 255 bytes, and its incarnation is above 0");
    struct pinion_presence_state *state = calloc(1, sizeof *state);
    if (!state)
        return PINION_ENOMEM;
    pinion__map_init(&state->topics, name_of_topic);
    pinion__map_init(&state->names, name_of_replica);
    pinion__list_init(&state->replicas);
    pinion__presence_history_init(&state->history, options->history_max);
    state->changed = options->changed;
    state->data = options->data;
    int rc = add_own(state, options->node, incarnation);
    if (rc)
        pinion__presence_state_free(state);
    else
        *out = state;
    return rc;
}

void pinion__presence_state_free(struct pinion_presence_state *state)
{
    if (!state)
        return;
    state->changed = NULL;
    while (!pinion__list_empty(&state->replicas))
        pinion__presence_replica_free(
            PINION_CONTAINER_OF(state->replicas.prev, struct pinion_presence_replica, in_state));
    pinion__presence_history_release(&state->history);
    pinion__map_release(&state->names);
    pinion__map_release(&state->topics);
    free(state);
}

/* ---- finding what an id tracks ---- */

static bool is_on(const struct pinion_presence_entry *entry, struct pinion_slice topic)
{
    return pinion__slice_eq(pinion__presence_topic_name(entry->topic), topic);
}

static bool is_under(const struct pinion_presence_entry *entry, struct pinion_slice key)
{
    return pinion__slice_eq(pinion__presence_key(entry), key);
}

static struct pinion_presence_entry *next_of_id(const struct pinion_presence_entry *entry)
{
    struct pinion_multimap_node *next = pinion__multimap_next(&entry->by_owner);
    return next ? PINION_CONTAINER_OF(next, struct pinion_presence_entry, by_owner) : NULL;
}

/* The entry of this id under this key. It is in the id's list and in the key's list. Either may be long: a
 * channel may track thousands of keys, or a key may have thousands of channels. So both are walked side by
 * side, until one ends. */
static struct pinion_presence_entry *find(const struct pinion_presence_state *state, uint64_t id,
                                          struct pinion_slice topic_name, struct pinion_slice key)
{
    struct pinion_presence_entry *of_id = pinion__presence_entry_of_id(state->own, id);
    const struct pinion_presence_topic *topic = of_id ? pinion__presence_topic(state, topic_name) : NULL;
    const struct pinion_presence_entry *of_key = topic ? pinion__presence_get(topic, key) : NULL;
    while (of_id && of_key) {
        if (is_on(of_id, topic_name) && is_under(of_id, key))
            return of_id;
        if (of_key->id == id && of_key->replica == state->own)
            return (struct pinion_presence_entry *)of_key;
        of_id = next_of_id(of_id);
        of_key = pinion__presence_next_of_key(of_key);
    }
    return NULL;
}

const struct pinion_presence_entry *pinion__presence_tracked(const struct pinion_presence_state *state,
                                                             uint64_t id, struct pinion_slice topic,
                                                             struct pinion_slice key)
{
    return find(state, id, topic, key);
}

/* ---- track, untrack, update ---- */

static int add(struct pinion_presence_state *state, uint64_t clock, const struct pinion_presence_item *item,
               struct pinion_presence_entry **entry)
{
    int rc = pinion__presence_item_check(item);
    return rc ? rc : pinion__presence_entry_new(state->own, clock, item, entry);
}

static void remove_entry(struct pinion_presence_state *state, struct pinion_presence_entry *entry)
{
    struct pinion_presence_removal removal = { .number = ++state->own->known.base, .removed = entry->clock };
    pinion__presence_history_push(&state->history, removal);
    pinion__presence_entry_free(entry);
}

/* The new entry takes the place of the old one, so that lists keep their order. */
static void replace(struct pinion_presence_state *state, struct pinion_presence_entry *old,
                    struct pinion_presence_entry *entry)
{
    pinion__presence_entry_replace(old, entry);
    remove_entry(state, old);
    state->own->known.base = entry->clock;
}

static void show(struct pinion_presence_state *state, struct pinion_presence_entry *entry)
{
    state->own->known.base = entry->clock;
    pinion__presence_entry_show(entry);
}

int pinion__presence_track(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                           const struct pinion_presence_entry **out)
{
    struct pinion_presence_entry *entry = NULL;
    if (find(state, item->id, item->topic, item->key))
        return pinion__fail(PINION_EBUSY, "the channel is tracked under this key already");
    int rc = add(state, state->own->known.base + 1, item, &entry);
    if (rc)
        return rc;
    show(state, entry);
    if (out)
        *out = entry;
    return 0;
}

int pinion__presence_update(struct pinion_presence_state *state, const struct pinion_presence_item *item,
                            const struct pinion_presence_entry **out)
{
    struct pinion_presence_entry *entry = NULL;
    struct pinion_presence_entry *old = find(state, item->id, item->topic, item->key);
    if (!old)
        return pinion__fail(PINION_ENOENT, "the channel is not tracked under this key");
    int rc = add(state, state->own->known.base + 2, item, &entry);
    if (rc)
        return rc;
    replace(state, old, entry);
    if (out)
        *out = entry;
    return 0;
}

/* Untrack the entries of the id that are on this topic and under this key; NULL: any. */
static size_t untrack_each(struct pinion_presence_state *state, uint64_t id, struct pinion_slice topic,
                           struct pinion_slice key)
{
    size_t count = 0;
    for (struct pinion_presence_entry *next, *entry = pinion__presence_entry_of_id(state->own, id); entry;
         entry = next) {
        next = next_of_id(entry);
        if ((topic.ptr && !is_on(entry, topic)) || (key.ptr && !is_under(entry, key)))
            continue;
        remove_entry(state, entry);
        count++;
    }
    return count;
}

size_t pinion__presence_untrack(struct pinion_presence_state *state, uint64_t id, struct pinion_slice topic,
                                struct pinion_slice key)
{
    if (!topic.ptr || !key.ptr)
        return untrack_each(state, id, topic, key);
    struct pinion_presence_entry *entry = find(state, id, topic, key);
    if (entry)
        remove_entry(state, entry);
    return entry != NULL;
}
