/* An extension: what a layer above the engine adds to an endpoint. It lives as long as the endpoint. Presence
 * and actors are such. */
#ifndef PINION_ENGINE_EXTENSION_H
#define PINION_ENGINE_EXTENSION_H

#include "engine/hub.h"

struct pinion_extension_ops {
    /* A channel whose `watched` is set, by whatever extension, has ended; its terminate has run. Thread: the
     * channel's loop. */
    void (*channel_ended)(struct pinion_extension *extension, const struct pinion_channel *channel);

    /* This loop ends. Its sockets are gone, and no timer fires any more. Thread: the loop's. */
    void (*loop_ends)(struct pinion_extension *extension, struct pinion_shard *shard);

    /* The endpoint is being freed, and none of its threads runs: free the extension. */
    void (*release)(struct pinion_extension *extension);
};

struct pinion_extension {
    struct pinion_list node;
    const struct pinion_extension_ops *ops;
};

/* Extend an endpoint, which owns the extension from then on. PINION_EINVAL: it has started. */
int pinion__hub_extend(struct pinion_hub *hub, struct pinion_extension *extension);

void pinion__extensions_channel_ended(struct pinion_hub *hub, const struct pinion_channel *channel);
void pinion__extensions_loop_ends(struct pinion_shard *shard);
void pinion__extensions_release(struct pinion_hub *hub);

#endif
