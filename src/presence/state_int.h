/* What the files of the set share: adding and removing entries, topics and replicas. */
#ifndef PINION_PRESENCE_STATE_INT_H
#define PINION_PRESENCE_STATE_INT_H

#include "presence/state.h"

/* Make an entry of this replica, last in its list, not visible. PINION_ENOMEM: nothing has changed. */
int pinion__presence_entry_new(struct pinion_presence_replica *replica, uint64_t clock,
                               const struct pinion_presence_item *item, struct pinion_presence_entry **out);

/* Make an entry visible, or invisible, and report it. Neither can fail. */
void pinion__presence_entry_show(struct pinion_presence_entry *entry);
void pinion__presence_entry_hide(struct pinion_presence_entry *entry);

/* Make an entry visible in the place of a visible one of the same topic and key, in the topic's list and
 * under the key. Reports that the old one has left, then that the new one has joined. It cannot fail. */
void pinion__presence_entry_replace(struct pinion_presence_entry *old, struct pinion_presence_entry *entry);

/* Take an entry out of the set and free it. If it is visible, this is reported. */
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

/* Make a replica that is up and has no entries. It is not in the set yet. PINION_ENOMEM. */
int pinion__presence_replica_new(struct pinion_presence_state *state, struct pinion_slice name,
                                 uint64_t incarnation, struct pinion_presence_replica **out);

/* Put a replica into the set, which must not have its name. PINION_ENOMEM: only if the set has no replica
 * yet. */
int pinion__presence_replica_link(struct pinion_presence_replica *replica);

/* Free a replica with its entries, and report the visible ones. It may be in the set or not. */
void pinion__presence_replica_free(struct pinion_presence_replica *replica);

#endif
