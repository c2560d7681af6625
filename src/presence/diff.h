/* A presence_diff, on its way from a batch to this node's clients and to the application. Only taking it
 * needs the lock of the state: changes are moved under the lock, and made into text afterwards. */
#ifndef PINION_PRESENCE_DIFF_H
#define PINION_PRESENCE_DIFF_H

#include "presence/batch.h"
#include "presence/shard.h"
#include <pinion/presence.h>

struct pinion_presence_taken_diff {
    struct pinion_list changes;
    const struct pinion_presence_shard *source; /* the versions of the changes are this shard's */
    pinion_payload *joins;                      /* sending makes joins and leaves */
    pinion_payload *leaves;
    pinion_payload *presences; /* taking makes it; NULL: it is not wanted */
    char topic[PINION_PRESENCE_NAME_MAX + 1];
};

/* Take changes for one diff of about this many bytes out of a batch that is not empty. If wanted, also take
 * all presences of its topic. Returns the bytes of the changes. The caller holds the lock of the state. */
size_t pinion__presence_diff_take(struct pinion_presence_taken_diff *diff,
                                  struct pinion_presence_batch *batch, size_t max,
                                  const struct pinion_presence_shard *shard, bool with_presences);

/* Broadcast the diff on this node, and call the application. A client is not sent what its state has shown
 * already. Consumes what the diff holds. Thread: the topic's loop, not inside a callback. */
void pinion__presence_diff_send(struct pinion_presence_taken_diff *diff,
                                const struct pinion_presence *presence);

/* Pass the presences through the application's fetch. Consumes presences. */
pinion_payload *pinion__presence_fetch(const struct pinion_presence *presence, const char *topic,
                                       pinion_payload *presences);

#endif
