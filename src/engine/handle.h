/* Running a channel's callbacks, and what their results mean. */
#ifndef PINION_ENGINE_HANDLE_H
#define PINION_ENGINE_HANDLE_H

#include "engine/channel.h"

/* Hand a client's event to its clause, now. */
void pinion__channel_handle_in(struct pinion_channel *channel, const struct pinion_message *message);
void pinion__channel_handle_out(struct pinion_channel *channel, const pinion_clause *clause,
                                const char *event, const pinion_payload *payload);
void pinion__channel_handle_info(struct pinion_channel *channel, const pinion_info *info);
void pinion__channel_after_join(struct pinion_channel *channel, const pinion_payload *params);

/* Hand an intercepted broadcast to its clause: what of it the client was not given already, if anything. */
void pinion__channel_intercept(struct pinion_channel *channel, const pinion_clause *clause,
                               struct pinion_broadcast *broadcast);

/* Act on a result. `ref` is the message's for a handle_in, NULL elsewhere (where a reply is a mistake).
 * `callback` and `detail` (an event, or NULL) are for the log. Consumes result. */
void pinion__channel_outcome(struct pinion_channel *channel, pinion_result result,
                             const struct pinion_slice *ref, const char *callback, const char *detail);

/* At the log's lowest level: what came for a channel, and with what, less what is secret. */
void pinion__channel_log(const struct pinion_channel *channel, const char *what,
                         const pinion_payload *payload);

#endif
