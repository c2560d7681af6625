/* Raw sockets in the engine. A raw socket has one channel. The channel is made when the socket opens, has
 * joined from the start, and ends with the socket. So timers, refs, subscriptions and work are the same as
 * for other channels. The engine has a definition for this channel, which calls the application's callbacks.
 */
#ifndef PINION_ENGINE_RAW_H
#define PINION_ENGINE_RAW_H

#include "engine/kind.h"

extern const struct pinion_socket_kind pinion__raw_kind;

#endif
