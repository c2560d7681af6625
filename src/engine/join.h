/* Joining a topic: the channel is made, its join callback is asked, and the client is answered. The protocol
 * has an order: first the reply, then phx_close of the channel that is replaced, then what after_join sends.
 */
#ifndef PINION_ENGINE_JOIN_H
#define PINION_ENGINE_JOIN_H

#include "engine/promise.h"
#include "engine/socket.h"

void pinion__join(struct pinion_socket *socket, const pinion_channel_def *def,
                  const struct pinion_message *message);

/* Take the answer to a join that came later. The target is the channel. Harmless when nobody waits for it. */
pinion_answer_fn pinion__join_answer;

#endif
