/* The replicas of other nodes. The caller decides which nodes are alive, by their heartbeats; these functions
 * do what follows for the visible entries. */
#ifndef PINION_PRESENCE_REPLICA_H
#define PINION_PRESENCE_REPLICA_H

#include "presence/state.h"

/* A node is alive. Call it for each heartbeat before merging that. An unknown node becomes a replica without
 * entries. If the node was down, it is up again, and its entries join.
 *
 * A new incarnation replaces an earlier one, whose entries leave for good. While the replica is up, a lower
 * incarnation counts as earlier. While it is down, the node may have restarted with a clock that was set
 * back, so a lower one counts as later.
 *
 * *out, which may be NULL, is set to the replica. Lifetime: until it is removed, or another incarnation
 * replaces it. PINION_ECLOSED: a later incarnation is up, so this message is late; PINION_EINVAL: the name or
 * the incarnation is not valid, or the name is this node's; PINION_ENOMEM. */
int pinion__presence_replica_up(struct pinion_presence_state *state, struct pinion_slice node,
                                uint64_t incarnation, struct pinion_presence_replica **out);

/* The node was silent for some time: its entries leave, but are kept. What it sends is still merged,
 * invisibly. The replica may be down already. */
void pinion__presence_replica_down(struct pinion_presence_replica *replica);

/* The node is gone for good: its entries leave, and everything about it is forgotten. */
void pinion__presence_replica_remove(struct pinion_presence_replica *replica);

/* The replica of that node, or NULL. It may be this node's own. */
struct pinion_presence_replica *pinion__presence_replica_find(const struct pinion_presence_state *state,
                                                              struct pinion_slice node);

/* The replica after this one (NULL: the first) in the order in which they came up; NULL after the last. This
 * node's own is left out. */
struct pinion_presence_replica *pinion__presence_replica_next(const struct pinion_presence_state *state,
                                                              const struct pinion_presence_replica *replica);

/* Has it made operations that have not all arrived here? If this lasts longer than messages are under way and
 * the replica is up, they should be requested (pinion__presence_request). */
static inline bool pinion__presence_replica_lacks(const struct pinion_presence_replica *replica)
{
    return replica->known.base < replica->heard;
}

static inline struct pinion_slice pinion__presence_replica_name(const struct pinion_presence_replica *replica)
{
    return pinion__slice(replica->name, replica->name_len);
}

#endif
