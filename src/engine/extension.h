/* What a layer above adds to an endpoint, and what lives as long as it: presence. */
#ifndef PINION_ENGINE_EXTENSION_H
#define PINION_ENGINE_EXTENSION_H

#include "engine/hub.h"

struct pinion_extension_ops {
    /* A channel whose `watched` is set has ended: after its terminate. Thread: its loop's. */
    void (*channel_ended)(struct pinion_extension *extension, const struct pinion_channel *channel);

    /* This loop ends: its sockets have gone, no timer fires any more. Thread: the loop's. */
    void (*loop_ends)(struct pinion_extension *extension, struct pinion_shard *shard);

    /* The endpoint is freed, and no thread of it runs: free it. */
    void (*release)(struct pinion_extension *extension);
};

struct pinion_extension {
    struct pinion_list node;
    const struct pinion_extension_ops *ops;
};

/* Extend an endpoint, whose the extension is from then on. PINION_EINVAL: it has started. */
int pinion__hub_extend(struct pinion_hub *hub, struct pinion_extension *extension);

void pinion__extensions_channel_ended(struct pinion_hub *hub, const struct pinion_channel *channel);
void pinion__extensions_loop_ends(struct pinion_shard *shard);
void pinion__extensions_release(struct pinion_hub *hub);

#endif
