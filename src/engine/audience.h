/* What subscribers have in common whom a broadcast reaches in the same way: the channel definition, which may
 * intercept it, and the encoding that their clients want. A shard has one audience for each combination that
 * is in use; there are few.
 */
#ifndef PINION_ENGINE_AUDIENCE_H
#define PINION_ENGINE_AUDIENCE_H

#include "engine/socket.h"

struct pinion_audience {
    struct pinion_audience *next;
    const pinion_channel_def *def;
    const struct pinion_serializer *serializer;
    const struct pinion_transport *transport;
};

/* That of channels of this definition on such a socket; it lives as long as the shard. NULL when out of
 * memory.
 */
const struct pinion_audience *pinion__audience(const struct pinion_socket *socket,
                                               const pinion_channel_def *def);

void pinion__audiences_release(struct pinion_shard *shard);

#endif
