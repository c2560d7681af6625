/* Sockets whose frames wait for others, so that all leave in one send (pinion_socket_options.flush_delay_ms).
 * A loop has one gather for each delay, with one timer. The first socket that comes sets it. When it fires,
 * the transport of each socket that has come meanwhile is told to send: so no frame waits for longer than the
 * delay, and the sends of all leave together. */
#ifndef PINION_ENGINE_GATHER_H
#define PINION_ENGINE_GATHER_H

#include "base/wheel.h"
#include "engine/socket.h"
#include "engine/socket_class.h"

struct pinion_gather {
    struct pinion_shard *shard;
    struct pinion_gather *next; /* of the shard */
    uint32_t delay_ms;
    struct pinion_timer timer;
    struct pinion_socket **sockets; /* each is held */
    size_t count;
    size_t max;
};

/* The shard's gather with this delay. It is made when it is first needed, and lives as long as the shard.
 * NULL when out of memory. */
struct pinion_gather *pinion__gather_of(struct pinion_shard *shard, uint32_t delay_ms);

/* A reply was sent, which may be one that does not wait. */
void pinion__gather_after_reply(struct pinion_socket *socket);

static inline void pinion__gather_replied(struct pinion_socket *socket)
{
    if (socket->gathered)
        pinion__gather_after_reply(socket);
}

/* Let go of all sockets: they have ended, and no timer fires any more. */
void pinion__gathers_empty(struct pinion_shard *shard);

/* The same, at the end of the shard. */
void pinion__gathers_release(struct pinion_shard *shard);

#endif
