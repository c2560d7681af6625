/* What the files of the set share: entries, topics and replicas, put in and taken out. */
#ifndef PINION_PRESENCE_STATE_INT_H
#define PINION_PRESENCE_STATE_INT_H

#include "presence/state.h"

/* A new entry of this replica, last in its list, not visible yet. PINION_ENOMEM, with nothing changed. */
int pinion__presence_entry_new(struct pinion_presence_replica *replica, uint64_t clock,
                               const struct pinion_presence_item *item, struct pinion_presence_entry **out);

/* Make it visible, or invisible, and tell. Neither can fail. */
void pinion__presence_entry_show(struct pinion_presence_entry *entry);
void pinion__presence_entry_hide(struct pinion_presence_entry *entry);

/* Make it visible in the place of one that is, of the same topic and key, in the topic's list and under the
 * key. Tells that that one has left, then that this one has joined. Cannot fail. */
void pinion__presence_entry_replace(struct pinion_presence_entry *old, struct pinion_presence_entry *entry);

/* Take it out of the set and free it; if it is visible, tell. */
void pinion__presence_entry_free(struct pinion_presence_entry *entry);

/* The entry of a remote replica with this clock, or NULL. */
struct pinion_presence_entry *pinion__presence_entry_find(const struct pinion_presence_replica *replica,
                                                          uint64_t clock);

/* The first entry of this node's replica with this id, or NULL. */
struct pinion_presence_entry *pinion__presence_entry_of_id(const struct pinion_presence_replica *own,
                                                           uint64_t id);

static inline struct pinion_presence_entry *pinion__presence_entry_in_replica(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_presence_entry, in_replica);
}

/* A replica that is up and has no entries, not in the set yet. PINION_ENOMEM. */
int pinion__presence_replica_new(struct pinion_presence_state *state, struct pinion_slice name,
                                 uint64_t incarnation, struct pinion_presence_replica **out);

/* Put it in the set, in which no other has its name. PINION_ENOMEM, but not where the set has another one. */
int pinion__presence_replica_link(struct pinion_presence_replica *replica);

/* Free it with its entries; those that are visible are told. It may be in the set, or not. */
void pinion__presence_replica_free(struct pinion_presence_replica *replica);

#endif
