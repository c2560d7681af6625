/* An audience: the subscribers that a broadcast reaches in the same way. They share a channel definition,
 * which may intercept the broadcast, and the encoding that their clients want. A shard has one audience for
 * each combination in use; there are few. */
#ifndef PINION_ENGINE_AUDIENCE_H
#define PINION_ENGINE_AUDIENCE_H

#include "engine/socket.h"

struct pinion_audience {
    struct pinion_audience *next;
    const pinion_channel_def *def;
    const struct pinion_serializer *serializer;
    const struct pinion_transport *transport;
};

/* The audience of channels of this definition on this socket. It lives as long as the shard. NULL when out of
 * memory. */
const struct pinion_audience *pinion__audience(const struct pinion_socket *socket,
                                               const pinion_channel_def *def);

void pinion__audiences_release(struct pinion_shard *shard);

#endif
