/* Merging what other replicas send about themselves. */
#ifndef PINION_PRESENCE_MERGE_H
#define PINION_PRESENCE_MERGE_H

#include "presence/message.h"
#include "presence/state.h"

/* Merge a delta or a part of a state into our copy of the replica that sent it. Entries that become visible
 * join; removed ones leave. A copy of a replica that is down changes without either. A message may come late,
 * twice or never: a message that says less never undoes one that says more.
 *
 * A state comes in parts, in any order. The entries of each part join at once. When all parts have come,
 * entries that are in none of them leave.
 *
 * Cost: for a delta, proportional to its length (and to the gaps in what is known). The last part of a state
 * walks over the replica's entries.
 *
 * PINION_ENOENT: the set does not have that incarnation of that node (replica.h), or it is this node; nothing
 * was merged. PINION_ENOMEM: only a part was merged; the rest will be requested as if the message had been
 * lost. */
int pinion__presence_merge(struct pinion_presence_state *state,
                           const struct pinion_presence_message *message);

#endif
