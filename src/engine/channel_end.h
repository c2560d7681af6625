/* The end of a channel, whatever its cause. */
#ifndef PINION_ENGINE_CHANNEL_END_H
#define PINION_ENGINE_CHANNEL_END_H

#include "engine/channel.h"

/* End it for this reason: everything the wire and the callbacks are owed, in PROTOCOL's order. Harmless when
 * it is already ending. Not from inside a callback. */
void pinion__channel_end(struct pinion_channel *channel, pinion_reason reason);

/* Work is done: go on with an end that had to wait for it. */
void pinion__channel_resume_end(struct pinion_channel *channel);

/* Their socket has ended. */
void pinion__channels_end(struct pinion_socket *socket);

#endif
