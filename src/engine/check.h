/* The checkers of this layer (base/check.h). */
#ifndef PINION_ENGINE_CHECK_H
#define PINION_ENGINE_CHECK_H

#include "base/check.h"
#include "engine/hub.h"

#ifdef PINION_CHECKS

const char *pinion__channel_check(const struct pinion_channel *channel);
const char *pinion__socket_check(const struct pinion_socket *socket);
const char *pinion__sweep_check(const struct pinion_sweep *sweep);

/* Check all that the engine has on a loop: its scheduler, memory, topics, sockets and channels. Call it
 * between two turns or two tasks. */
const char *pinion__shard_check(struct pinion_shard *shard);

#endif

#endif
