/* What a node tells the others: regularly what has happened since it last did, and to one that has missed
 * something what that was. All of it is about this node's own entries: each replica speaks for itself.
 *
 * How they keep in step: each node sends a heartbeat to all others from time to time, which carries what is
 * new; the others merge it (replica_up, then merge.h). A heartbeat also says how many operations there were,
 * so that one who missed some knows (pinion__presence_replica_lacks), and sends that node a request, and that
 * node answers. The answer is a delta where the operations since are at hand: all tracks are, and the latest
 * untracks (history_max). Otherwise it is the whole state.
 */
#ifndef PINION_PRESENCE_DELTA_H
#define PINION_PRESENCE_DELTA_H

#include "presence/message.h"
#include "presence/state.h"

#define PINION_PRESENCE_MESSAGE_DEFAULT 65536      /* bytes */
#define PINION_PRESENCE_MESSAGE_MAX     (64 << 20) /* bytes */

/* Where messages go. What is too much for one message is sent as several, each of which is merged for itself.
 */
struct pinion_presence_output {
    size_t max; /* bytes of a message; one is longer only if it holds a single entry. 0: the default; not
                 * above PINION_PRESENCE_MESSAGE_MAX */
    /* Send one. The bytes are valid during the call, which must not change the state. Anything but 0 ends the
     * sending, and is what the function below returns. */
    int (*emit)(void *data, struct pinion_slice message);
    void *data;
};

/* For all other nodes: what has happened since the last heartbeat. At least one message; when nothing has,
 * one that says so. What was sent before an error is not sent again. Errors: emit's, and PINION_ENOMEM. */
int pinion__presence_heartbeat(struct pinion_presence_state *state, const struct pinion_presence_output *out);

/* Would a heartbeat carry anything new? */
static inline bool pinion__presence_has_news(const struct pinion_presence_state *state)
{
    return state->sent < state->own->known.base;
}

/* Append a request, to be sent to that replica's node: what is lacking of it. PINION_ENOMEM, PINION_ETOOBIG
 * as pinion__buf_append. */
int pinion__presence_request(const struct pinion_presence_replica *replica, struct pinion_buf *out);

/* For the node that sent this request: what it lacks. No message if it lacks nothing, or means another node
 * or another incarnation of this one (it will hear of this one by its heartbeat). Errors as above. */
int pinion__presence_answer(struct pinion_presence_state *state,
                            const struct pinion_presence_message *request,
                            const struct pinion_presence_output *out);

#endif
