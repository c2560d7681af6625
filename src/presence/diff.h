/* A presence_diff: from a batch to this node's clients and the application. Only the taking needs the lock of
 * the state: changes are moved then, and made into text later. */
#ifndef PINION_PRESENCE_DIFF_H
#define PINION_PRESENCE_DIFF_H

#include "presence/batch.h"
#include "presence/shard.h"
#include <pinion/presence.h>

struct pinion_presence_outgoing {
    struct pinion_list changes;
    const struct pinion_presence_shard *source; /* whose versions the changes have */
    pinion_payload *joins;                      /* from here on made by sending */
    pinion_payload *leaves;
    pinion_payload *presences; /* made by taking; NULL: nobody asks for them */
    char topic[PINION_PRESENCE_NAME_MAX + 1];
};

/* Take changes that make one diff of about so many bytes out of a batch that is not empty; with all presences
 * of its topic, if wanted. Returns the bytes. The caller holds the lock of the state. */
size_t pinion__presence_diff_take(struct pinion_presence_outgoing *diff, struct pinion_presence_batch *batch,
                                  size_t max, const struct pinion_presence_shard *shard, bool with_presences);

/* Broadcast it on this node, to each client what its state has not shown it already, and call the
 * application. Consumes what it holds. Thread: the topic's loop, not from within a callback. */
void pinion__presence_diff_send(struct pinion_presence_outgoing *diff,
                                const struct pinion_presence *presence);

/* The presences as the application's fetch wants them. Consumes presences. */
pinion_payload *pinion__presence_fetch(const struct pinion_presence *presence, const char *topic,
                                       pinion_payload *presences);

#endif
