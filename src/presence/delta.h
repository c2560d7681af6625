/* What a node sends to the others about its own entries: regularly what is new, and on request what another
 * node has missed. Each node sends only its own replica.
 *
 * Nodes stay in step like this: each node sends a heartbeat to all others from time to time, which carries
 * what is new. The others merge it (replica_up, then merge.h). A heartbeat also says how many operations
 * there were. So a node that missed some notices it (pinion__presence_replica_lacks) and sends a request,
 * which is answered. The answer is a delta if the operations are still known: all tracks are, and the latest
 * untracks (history_max). Otherwise it is the whole state. */
#ifndef PINION_PRESENCE_DELTA_H
#define PINION_PRESENCE_DELTA_H

#include "presence/message.h"
#include "presence/state.h"

#define PINION_PRESENCE_MESSAGE_DEFAULT 65536      /* bytes */
#define PINION_PRESENCE_MESSAGE_MAX     (64 << 20) /* bytes */

/* Where messages go. What is too long for one message is sent as several, and each can be merged alone. */
struct pinion_presence_output {
    size_t max; /* bytes of a message; only a message with a single entry may be longer. At most
                   PINION_PRESENCE_MESSAGE_MAX; 0: the default */
    /* Sends a message. The bytes are valid during the call, which must not change the state. If it returns
     * anything but 0, sending ends, and the function below returns that value. */
    int (*emit)(void *data, struct pinion_slice message);
    void *data;
};

/* Send to all other nodes what has happened since the last heartbeat: at least one message, even if nothing
 * has. What was sent before an error is not sent again. Errors: those of `emit`, and PINION_ENOMEM. */
int pinion__presence_heartbeat(struct pinion_presence_state *state, const struct pinion_presence_output *out);

/* Would a heartbeat carry anything new? */
static inline bool pinion__presence_has_news(const struct pinion_presence_state *state)
{
    return state->sent < state->own->known.base;
}

/* Append a request for what is missing of this replica. It must be sent to the replica's node. PINION_ENOMEM,
 * PINION_ETOOBIG: as pinion__buf_append. */
int pinion__presence_request(const struct pinion_presence_replica *replica, struct pinion_buf *out);

/* Answer this request with what its sender lacks. Sends no message if it lacks nothing, or if the request is
 * for another node or another incarnation of this one; the sender will hear of this one by its heartbeat.
 * Errors: as above. */
int pinion__presence_answer(struct pinion_presence_state *state,
                            const struct pinion_presence_message *request,
                            const struct pinion_presence_output *out);

#endif
