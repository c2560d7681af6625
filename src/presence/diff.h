/* A presence_diff: from a batch to this node's clients and the application. */
#ifndef PINION_PRESENCE_DIFF_H
#define PINION_PRESENCE_DIFF_H

#include "presence/batch.h"
#include <pinion/presence.h>

struct pinion_presence_outgoing {
    pinion_payload *joins;
    pinion_payload *leaves;
    pinion_payload *presences; /* NULL: nobody asks for them */
    char topic[PINION_PRESENCE_NAME_MAX + 1];
};

/* Take what the batch has gathered, which is empty then; with all presences of its topic, if wanted. The
 * caller holds the lock of the state. */
void pinion__presence_diff_take(struct pinion_presence_outgoing *diff, struct pinion_presence_batch *batch,
                                const struct pinion_presence_state *state, bool with_presences);

/* Broadcast it on this node, and call the application. Consumes what it holds. Thread: the topic's loop, not
 * from within a callback. */
void pinion__presence_diff_send(struct pinion_presence_outgoing *diff,
                                const struct pinion_presence *presence);

/* The presences as the application's fetch wants them. Consumes presences. */
pinion_payload *pinion__presence_fetch(const struct pinion_presence *presence, const char *topic,
                                       pinion_payload *presences);

#endif
