/* What a channel's client was given whole: of each source, everything up to a version. A broadcast that tells
 * of changes (pubsub/versions.h) reaches it with those alone that are newer. */
#ifndef PINION_ENGINE_SEEN_H
#define PINION_ENGINE_SEEN_H

#include "engine/channel.h"
#include "pubsub/versions.h"

/* There is one for each source: most often one. */
struct pinion_seen {
    struct pinion_seen *next;
    const void *source;
    uint64_t version;
};

/* Where the channel's version of this source is kept, made if need be, 0 at first. Valid until the channel's
 * memory is freed. NULL when out of memory. */
uint64_t *pinion__channel_seen(struct pinion_channel *channel, const void *source);

/* The last of a broadcast's changes that the client has been given already; 0: none. */
uint64_t pinion__channel_knows(const struct pinion_channel *channel,
                               const struct pinion_broadcast *broadcast);

void pinion__seen_release(struct pinion_channel_extra *extra);

#endif
