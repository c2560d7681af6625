/* The other nodes, as this one sees them. Which are alive is the caller's to find out (it hears their
 * heartbeats); here stands what follows from it for what is visible.
 */
#ifndef PINION_PRESENCE_REPLICA_H
#define PINION_PRESENCE_REPLICA_H

#include "presence/state.h"

/* A node has been heard of: to be called for each heartbeat before it is merged. One that is not known
 * becomes a replica that has no entries yet; one that was down is up again, and its entries join. An
 * incarnation that takes the place of an earlier one makes the earlier one's entries leave for good. A lower
 * incarnation counts as earlier while the replica is up; when it is down, that node may have restarted with a
 * clock that was set back, and it is taken as the later one. The replica comes back through *out, which
 * may be NULL; it lives until it is removed or another incarnation takes its place. PINION_ECLOSED: a later
 * incarnation is up: this was a late message; PINION_EINVAL: the name or the incarnation cannot be one, or
 * the name is this node's; PINION_ENOMEM. */
int pinion__presence_replica_up(struct pinion_presence_state *state, struct pinion_slice node,
                                uint64_t incarnation, struct pinion_presence_replica **out);

/* It has not been heard of for a while: its entries leave, but are kept. What it sends is still merged,
 * invisibly. Harmless for one that is down. */
void pinion__presence_replica_down(struct pinion_presence_replica *replica);

/* It is gone for good: its entries leave, and all that was known of it is forgotten. */
void pinion__presence_replica_remove(struct pinion_presence_replica *replica);

/* The replica of that node, or NULL; also this node's own. */
struct pinion_presence_replica *pinion__presence_replica_find(const struct pinion_presence_state *state,
                                                              struct pinion_slice node);

/* The one after `replica` (NULL: the first), in the order in which they came up; NULL after the last. This
 * node's own is not among them. */
struct pinion_presence_replica *pinion__presence_replica_next(const struct pinion_presence_state *state,
                                                              const struct pinion_presence_replica *replica);

/* Has it made operations that have not all arrived here? If so for longer than messages may be under way, and
 * it is up, they are to be asked for (pinion__presence_request). */
static inline bool pinion__presence_replica_lacks(const struct pinion_presence_replica *replica)
{
    return replica->known.base < replica->heard;
}

static inline struct pinion_slice pinion__presence_replica_name(const struct pinion_presence_replica *replica)
{
    return pinion__slice(replica->name, replica->name_len);
}

#endif
