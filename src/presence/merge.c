/* For a replica R, the set holds a clock K and entries. Before and after every merge this is true: an entry
 * is here exactly if R has made it by an operation in K, or by one that a message with this entry has
 * reported, and no message has reported its removal. A removal is reported with the clock of the removed
 * entry. That clock is added to K as if the operation had been seen: so if the addition comes later, it is
 * ignored.
 *
 * The operations of a message are added to K last, after everything it reports was done. So nothing is lost
 * if memory runs out on the way: these operations count as not seen, and will be requested. */
#include "presence/merge.h"
#include "presence/replica.h"
#include "presence/state_int.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

/* ---- entries ---- */

static int add(struct pinion_presence_replica *replica, uint64_t clock,
               const struct pinion_presence_item *item, uint32_t mark)
{
    struct pinion_presence_entry *entry = pinion__presence_entry_find(replica, clock);
    if (!entry) {
        if (pinion__presence_clock_has(&replica->known, clock))
            return 0;
        int rc = pinion__presence_entry_new(replica, clock, item, &entry);
        if (rc)
            return rc;
        if (replica->up)
            pinion__presence_entry_show(entry);
    }
    if (mark)
        entry->snapshot = mark;
    return 0;
}

/* Add the entries that are new. If `mark` is not 0, mark all entries of the message that are here. */
static int add_entries(struct pinion_presence_replica *replica, const struct pinion_presence_message *message,
                       uint32_t mark)
{
    struct pinion_presence_entries entries = pinion__presence_entries(message);
    struct pinion_presence_item item;
    struct pinion_slice *names; /* of the topics, by number */
    uint64_t clock;
    size_t topic;
    int rc = 0;
    if (message->entry_count == 0)
        return 0;
    names = calloc(message->topic_count, sizeof *names);
    if (!names)
        return PINION_ENOMEM;
    while (!rc && pinion__presence_entries_next(&entries, &clock, &topic, &item)) {
        if (item.topic.len)
            names[topic] = item.topic;
        item.topic = names[topic];
        rc = add(replica, clock, &item, mark);
    }
    free(names);
    return rc;
}

/* ---- a delta ---- */

static int remove_one(struct pinion_presence_replica *replica, uint64_t clock)
{
    struct pinion_presence_entry *entry = pinion__presence_entry_find(replica, clock);
    int rc = pinion__presence_clock_add(&replica->known, clock, clock);
    if (!rc && entry)
        pinion__presence_entry_free(entry);
    return rc;
}

static int remove_entries(struct pinion_presence_replica *replica,
                          const struct pinion_presence_message *message)
{
    struct pinion_presence_removals removals = pinion__presence_removals(message);
    uint64_t clock;
    int rc = 0;
    while (!rc && pinion__presence_removals_next(&removals, &clock))
        rc = remove_one(replica, clock);
    return rc;
}

static int merge_delta(struct pinion_presence_replica *replica, const struct pinion_presence_message *message)
{
    if (pinion__presence_clock_has_all(&replica->known, message->from + 1, message->to))
        return 0;
    int rc = remove_entries(replica, message);
    if (!rc)
        rc = add_entries(replica, message, 0);
    return rc ? rc : pinion__presence_clock_add(&replica->known, message->from + 1, message->to);
}

/* ---- a state ---- */

/* Forget a snapshot that is being received. */
static void snapshot_end(struct pinion_presence_snapshot *snapshot)
{
    pinion__presence_clock_release(&snapshot->parts);
    snapshot->at = 0;
}

/* A later snapshot replaces the one that is being received. The entries of an earlier one are good too, but
 * it will never be complete. */
static bool snapshot_takes(struct pinion_presence_snapshot *snapshot, uint64_t at)
{
    if (at > snapshot->at) {
        snapshot_end(snapshot);
        snapshot->at = at;
        if (++snapshot->mark == 0)
            snapshot->mark = 1;
    }
    return at == snapshot->at;
}

/* All parts have come: entries that were made before the snapshot and are in none of its parts have been
 * removed. */
static int snapshot_complete(struct pinion_presence_replica *replica)
{
    struct pinion_presence_snapshot *snapshot = &replica->snapshot;
    int rc = pinion__presence_clock_add(&replica->known, 1, snapshot->at);
    assert(rc == 0); /* a range from 1 takes no memory */
    PINION_LIST_FOREACH_SAFE (node, &replica->entries) {
        struct pinion_presence_entry *entry = pinion__presence_entry_in_replica(node);
        if (entry->clock <= snapshot->at && entry->snapshot != snapshot->mark)
            pinion__presence_entry_free(entry);
    }
    snapshot_end(snapshot);
    return rc;
}

static int merge_state(struct pinion_presence_replica *replica, const struct pinion_presence_message *message)
{
    struct pinion_presence_snapshot *snapshot = &replica->snapshot;
    if (message->at <= replica->known.base)
        return 0;
    bool takes = snapshot_takes(snapshot, message->at);
    int rc = add_entries(replica, message, takes ? snapshot->mark : 0);
    if (!rc && takes)
        rc = pinion__presence_clock_add(&snapshot->parts, message->from + 1, message->to);
    return !rc && takes && snapshot->parts.base == snapshot->at ? snapshot_complete(replica) : rc;
}

/* ---- both kinds ---- */

static void hear(struct pinion_presence_replica *replica, uint64_t number)
{
    if (number > replica->heard)
        replica->heard = number;
}

int pinion__presence_merge(struct pinion_presence_state *state, const struct pinion_presence_message *message)
{
    struct pinion_presence_replica *replica = pinion__presence_replica_find(state, message->node);
    if (!replica || replica == state->own || replica->incarnation != message->incarnation)
        return PINION_ENOENT;
    if (message->kind == PINION_PRESENCE_STATE) {
        hear(replica, message->at);
        return merge_state(replica, message);
    }
    assert(message->kind == PINION_PRESENCE_DELTA);
    hear(replica, message->to);
    return merge_delta(replica, message);
}
