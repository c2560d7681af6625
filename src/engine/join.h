/* Joining a topic: the channel is made, its join callback asked, and the answer put on the wire in the
 * protocol's order: the reply, then phx_close of the channel it replaces, then what after_join sends. */
#ifndef PINION_ENGINE_JOIN_H
#define PINION_ENGINE_JOIN_H

#include "engine/promise.h"
#include "engine/socket.h"

void pinion__join(struct pinion_socket *socket, const pinion_channel_def *def,
                  const struct pinion_message *message);

/* The answer to a join that was to come later. Its target is the channel. Harmless when nobody waits for it.
 */
pinion_answer_fn pinion__join_answer;

#endif
