/* The end of a channel, whatever its cause. */
#ifndef PINION_ENGINE_CHANNEL_END_H
#define PINION_ENGINE_CHANNEL_END_H

#include "engine/channel.h"

/* End the channel for this reason: send what the client is owed, and run its last callbacks, in the
 * protocol's order. Harmless when it is already ending. Not from inside a callback. */
void pinion__channel_end(struct pinion_channel *channel, pinion_reason reason);

/* The channel's work is done: go on with an end that waited for it. */
void pinion__channel_resume_end(struct pinion_channel *channel);

/* The socket has ended: end its channels. */
void pinion__channels_end(struct pinion_socket *socket);

/* What counts as the reason that an application gives: it may give NORMAL and SHUTDOWN, and all others are
 * the library's own. */
static inline pinion_reason pinion__reason_given(pinion_reason reason)
{
    return reason == PINION_REASON_NORMAL || reason == PINION_REASON_SHUTDOWN ? reason : PINION_REASON_ERROR;
}

/* The reason's name, for the log. */
const char *pinion__reason_name(pinion_reason reason);

#endif
