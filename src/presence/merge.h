/* Taking in what other replicas tell of themselves. */
#ifndef PINION_PRESENCE_MERGE_H
#define PINION_PRESENCE_MERGE_H

#include "presence/message.h"
#include "presence/state.h"

/* Merge a delta or a part of a state into the copy of the replica that sent it. What that makes visible
 * joins, what it removes leaves; a copy of a replica that is down changes silently. A message may come late,
 * twice, or never: what it tells is never undone by one that tells less.
 *
 * A state comes in parts, in any order; each is a part of the whole, and its entries join at once. When all
 * have come, entries that the whole does not have leave.
 *
 * Cost: a delta's is proportional to its own length (and the gaps in what is known); the last part of a state
 * walks over the replica's entries.
 *
 * PINION_ENOENT: that incarnation of that node is not in the set (replica.h), or it is this node: nothing was
 * merged. PINION_ENOMEM: a part was merged, and what is missing will be asked for as if the message had been
 * lost. */
int pinion__presence_merge(struct pinion_presence_state *state,
                           const struct pinion_presence_message *message);

#endif
