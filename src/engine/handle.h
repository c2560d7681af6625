/* Runs a channel's callbacks, and acts on their results. */
#ifndef PINION_ENGINE_HANDLE_H
#define PINION_ENGINE_HANDLE_H

#include "engine/channel.h"

/* Hand a client's event to its clause, now. */
void pinion__channel_handle_in(struct pinion_channel *channel, const struct pinion_message *message);
void pinion__channel_handle_out(struct pinion_channel *channel, const pinion_clause *clause,
                                const char *event, const pinion_payload *payload);
void pinion__channel_handle_info(struct pinion_channel *channel, const pinion_info *info);
void pinion__channel_after_join(struct pinion_channel *channel, const pinion_payload *params);

/* Its definition has `drained`. */
void pinion__channel_drained(struct pinion_channel *channel);

/* Hand an intercepted broadcast to its clause, without the changes that the client has been given already. If
 * it has been given all, the clause is not called. */
void pinion__channel_intercept(struct pinion_channel *channel, const pinion_clause *clause,
                               struct pinion_broadcast *broadcast);

/* Act on a result. `ref` is the message's ref in handle_in. Elsewhere it is NULL, and a reply is a mistake.
 * `callback` and `detail` (an event, or NULL) are for the log. Consumes result. */
void pinion__channel_outcome(struct pinion_channel *channel, pinion_result result,
                             const struct pinion_slice *ref, const char *callback, const char *detail);

/* Log what came for a channel, with its payload, at debug. Secrets are left out. */
void pinion__channel_log(const struct pinion_channel *channel, const char *what,
                         const pinion_payload *payload);

#endif
