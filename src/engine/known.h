/* What a channel's client has been given in full: for each source, all changes up to a version. A broadcast
 * that tells of changes (pubsub/versions.h) then brings it only the newer ones. */
#ifndef PINION_ENGINE_KNOWN_H
#define PINION_ENGINE_KNOWN_H

#include "engine/channel.h"
#include "pubsub/versions.h"

/* One for each source. Most channels have one source. */
struct pinion_known {
    struct pinion_known *next;
    const void *source;
    uint64_t version;
};

/* Where the channel keeps its version of this source. It is made if it is not there, and 0 at first. Valid
 * until the channel's memory is freed. NULL when out of memory. */
uint64_t *pinion__channel_known(struct pinion_channel *channel, const void *source);

/* The last of the broadcast's changes that the client has been given already; 0: it has been given none. */
uint64_t pinion__channel_knows(const struct pinion_channel *channel,
                               const struct pinion_broadcast *broadcast);

void pinion__known_release(struct pinion_channel_extra *extra);

#endif
