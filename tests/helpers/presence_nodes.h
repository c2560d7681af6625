/* Nodes of a cluster in one process, and what must hold of each that looks on (the viewer), at any time:
 *   - what it tells, joins and leaves, adds up to just what is visible there;
 *   - an entry that it lists was tracked by the node it is said to be of, in that life of it, as listed;
 *   - an entry that a merge has removed does not come back, as long as that node's replica is not forgotten;
 *   - its own entries are just those it tracks.
 * What does not hold is written into `failure`.
 */
#ifndef TESTS_HELPERS_PRESENCE_NODES_H
#define TESTS_HELPERS_PRESENCE_NODES_H

#include "presence/replica.h"
#include <pinion/error.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 5, TOPICS = 3, KEYS = 4, IDS = 6, LIVES = 64, CLOCKS = 8192 };

struct settings {
    size_t history_max;
    size_t message_max;
};

/* What an operation of a node has made. */
struct made {
    bool made;
    unsigned id, topic, key, meta;
};

struct life {
    uint64_t incarnation;
    struct made made[CLOCKS]; /* by clock */
};

enum { UNSEEN, VISIBLE, GONE };

/* What a viewer has told of one node. */
struct sight {
    uint64_t incarnation; /* of the replica, 0: there is none */
    uint8_t seen[CLOCKS]; /* by clock */
};

struct node {
    char name[8];
    struct pinion_presence_state *state; /* NULL: it has crashed */
    struct life *lives[LIVES];
    size_t life_count;
    struct made *tracked[IDS][TOPICS][KEYS]; /* in the life it has now */
    size_t tracked_count;
    struct sight sights[NODES];
    size_t visible;
};

static struct node nodes[NODES];
static struct settings settings;
static unsigned metas;      /* how many were made */
static bool merging;        /* what leaves now has been removed by its node */
static const char *failure; /* the first; NULL: none */

static void must(bool condition, const char *what)
{
    if (!condition && !failure)
        failure = what;
}

static struct pinion_slice name_of(const char *prefix, unsigned number, char *buffer)
{
    return pinion__slice(buffer, (size_t)sprintf(buffer, "%s%u", prefix, number));
}

static unsigned index_of(struct pinion_slice name)
{
    return (unsigned)(name.ptr[name.len - 1] - '0');
}

/* ---- what viewers tell ---- */

static struct made *find_made(unsigned node, uint64_t incarnation, uint64_t clock)
{
    for (size_t i = 0; i < nodes[node].life_count; i++) {
        struct life *life = nodes[node].lives[i];
        if (life->incarnation == incarnation && clock < CLOCKS && life->made[clock].made)
            return &life->made[clock];
    }
    return NULL;
}

static bool entry_is(const struct pinion_presence_entry *entry, const struct made *made)
{
    char topic[16], key[16], meta[32];
    name_of("topic", made->topic, topic);
    name_of("key", made->key, key);
    sprintf(meta, "{\"n\":%u}", made->meta);
    return entry->id == made->id && pinion__slice_is(pinion__presence_topic_name(entry->topic), topic) &&
           pinion__slice_is(pinion__presence_key(entry), key) &&
           pinion__slice_is(pinion__presence_meta(entry), meta);
}

static void see(void *data, const struct pinion_presence_entry *entry, bool joined)
{
    struct node *viewer = data;
    unsigned subject = index_of(pinion__presence_replica_name(entry->replica));
    struct sight *sight = &viewer->sights[subject];
    const struct made *made = find_made(subject, entry->replica->incarnation, entry->clock);
    uint8_t *seen = &sight->seen[entry->clock % CLOCKS];
    must(made && entry_is(entry, made), "an entry was told of that nobody has made");
    must(*seen != GONE, "an entry that was removed was told of again");
    must((*seen == VISIBLE) != joined, "an entry joined twice, or left without having joined");
    *seen = joined ? VISIBLE : merging ? GONE : UNSEEN;
    viewer->visible += joined ? 1 : -1;
}

/* A replica that is forgotten, or has begun another life, has nothing visible any more. */
static void look_at_replica(struct node *viewer, unsigned subject)
{
    struct sight *sight = &viewer->sights[subject];
    char name[16];
    const struct pinion_presence_replica *replica =
        pinion__presence_replica_find(viewer->state, name_of("node", subject, name));
    uint64_t incarnation = replica ? replica->incarnation : 0;
    if (incarnation == sight->incarnation)
        return;
    must(!memchr(sight->seen, VISIBLE, sizeof sight->seen), "a replica has gone, but not its entries");
    memset(sight, 0, sizeof *sight);
    sight->incarnation = incarnation;
}

/* ---- lives ---- */

static void add_life(struct node *node, uint64_t incarnation)
{
    struct life *life = calloc(1, sizeof *life);
    if (!life || node->life_count == LIVES)
        abort();
    life->incarnation = incarnation;
    node->lives[node->life_count++] = life;
}

/* Later lives have larger incarnations but where the system's clock was set back. */
static uint64_t new_incarnation(const struct node *node, bool set_back)
{
    uint64_t low = 1000, high = 1000;
    for (size_t i = 0; i < node->life_count; i++) {
        low = node->lives[i]->incarnation < low ? node->lives[i]->incarnation : low;
        high = node->lives[i]->incarnation > high ? node->lives[i]->incarnation : high;
    }
    return set_back ? low - 1 : high + 1;
}

static void crash(struct node *node)
{
    pinion__presence_state_free(node->state);
    node->state = NULL;
    node->visible = node->tracked_count = 0;
    memset(node->tracked, 0, sizeof node->tracked);
    memset(node->sights, 0, sizeof node->sights);
}

static void start(struct node *node, uint64_t incarnation)
{
    struct pinion_presence_state_options options = { .node = pinion__slice_str(node->name),
                                                     .incarnation = incarnation,
                                                     .history_max = settings.history_max,
                                                     .changed = see,
                                                     .data = node };
    add_life(node, incarnation);
    must(pinion__presence_state_new(&node->state, &options) == 0, "a node did not start");
    node->sights[index_of(options.node)].incarnation = incarnation;
}

/* ---- what channels do ---- */

static void made(struct node *node, const struct pinion_presence_entry *entry, struct made it)
{
    struct made **slot = &node->tracked[it.id][it.topic][it.key];
    node->tracked_count += *slot == NULL;
    *slot = find_made(index_of(pinion__slice_str(node->name)), node->state->own->incarnation, entry->clock);
    must(*slot && entry_is(entry, &it), "an entry is not what was tracked");
}

/* Track, or update: what is already, and what is not there, must be refused. */
static void track(struct node *node, unsigned id, unsigned on, unsigned under, bool update)
{
    struct made it = { true, id, on, under, ++metas };
    struct life *life = node->lives[node->life_count - 1];
    uint64_t clock = node->state->own->known.base + (update ? 2 : 1);
    const struct pinion_presence_entry *entry = NULL;
    char topic[16], key[16], meta[32];
    struct pinion_presence_item item = { name_of("topic", it.topic, topic), name_of("key", it.key, key),
                                         pinion__slice(meta, (size_t)sprintf(meta, "{\"n\":%u}", it.meta)),
                                         it.id };
    bool there = node->tracked[it.id][it.topic][it.key] != NULL;
    if (clock >= CLOCKS)
        return;
    if (there == update)
        life->made[clock] = it; /* it is told of before the call returns */
    int rc = update ? pinion__presence_update(node->state, &item, &entry)
                    : pinion__presence_track(node->state, &item, &entry);
    must(rc == (there == update ? 0
                : update        ? PINION_ENOENT
                                : PINION_EBUSY),
         "track or update answered wrongly");
    if (!rc)
        made(node, entry, it);
}

/* Untrack: on TOPICS, on any; under KEYS, under any. */
static void untrack(struct node *node, unsigned id, unsigned topic, unsigned key)
{
    char topic_name[16], key_name[16];
    struct pinion_slice any = { 0 };
    size_t expected = 0;
    for (unsigned t = 0; t < TOPICS; t++) {
        for (unsigned k = 0; k < KEYS; k++) {
            struct made **slot = &node->tracked[id][t][k];
            if (!*slot || (topic != t && topic != TOPICS) || (key != k && key != KEYS))
                continue;
            *slot = NULL;
            expected++;
        }
    }
    node->tracked_count -= expected;
    must(pinion__presence_untrack(node->state, id,
                                  topic == TOPICS ? any : name_of("topic", topic, topic_name),
                                  key == KEYS ? any : name_of("key", key, key_name)) == expected,
         "untrack answered wrongly");
}

/* ---- what holds always ---- */

static size_t check_topic(const struct node *viewer, unsigned number)
{
    char name[16], key_name[16];
    size_t count = 0, by_key = 0, keys = 0;
    const struct pinion_presence_topic *topic =
        pinion__presence_topic(viewer->state, name_of("topic", number, name));
    if (!topic)
        return 0;
    for (const struct pinion_presence_entry *entry = pinion__presence_first(topic); entry;
         entry = pinion__presence_next(entry)) {
        unsigned subject = index_of(pinion__presence_replica_name(entry->replica));
        must(viewer->sights[subject].seen[entry->clock] == VISIBLE,
             "an entry is listed that was not told of");
        keys += pinion__presence_is_first_of_key(entry);
        count++;
    }
    for (unsigned key = 0; key < KEYS; key++) {
        for (const struct pinion_presence_entry *entry =
                 pinion__presence_get(topic, name_of("key", key, key_name));
             entry; entry = pinion__presence_next_of_key(entry))
            by_key++;
    }
    must(count == by_key && count == topic->count && keys == topic->keys.count, "the counts are wrong");
    return count;
}

static void check_own(const struct node *node)
{
    size_t count = 0;
    PINION_LIST_FOREACH (link, &node->state->own->entries) {
        const struct pinion_presence_entry *entry =
            PINION_CONTAINER_OF(link, struct pinion_presence_entry, in_replica);
        const struct made *made = find_made(index_of(pinion__presence_replica_name(entry->replica)),
                                            entry->replica->incarnation, entry->clock);
        must(made && node->tracked[made->id][made->topic][made->key] == made,
             "what is there was not tracked");
        count++;
    }
    must(count == node->tracked_count, "what was tracked is not there");
}

static void check_node(const struct node *viewer)
{
    size_t count = 0;
    if (!viewer->state)
        return;
    for (unsigned topic = 0; topic < TOPICS; topic++)
        count += check_topic(viewer, topic);
    must(count == viewer->visible, "an entry that was told of is not listed");
    check_own(viewer);
}

#endif
