/* Raw sockets in the engine. A raw socket has one channel, which is made when it opens, has joined from the
 * start, and ends with it: so that timers, refs, subscriptions and work need no twins. Its definition is the
 * engine's own and calls the application's. */
#ifndef PINION_ENGINE_RAW_H
#define PINION_ENGINE_RAW_H

#include "engine/kind.h"

extern const struct pinion_socket_kind pinion__raw_kind;

#endif
