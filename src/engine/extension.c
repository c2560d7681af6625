#include "engine/extension.h"
#include "base/log.h"

int pinion__hub_extend(struct pinion_hub *hub, struct pinion_extension *extension)
{
    if (hub->sealed)
        return pinion__fail(PINION_EINVAL, "the endpoint has started");
    pinion__list_append(&hub->extensions, &extension->node);
    return 0;
}

static struct pinion_extension *extension_at(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_extension, node);
}

void pinion__extensions_channel_ended(struct pinion_hub *hub, const struct pinion_channel *channel)
{
    PINION_LIST_FOREACH (node, &hub->extensions)
        extension_at(node)->ops->channel_ended(extension_at(node), channel);
}

void pinion__extensions_loop_ends(struct pinion_shard *shard)
{
    PINION_LIST_FOREACH (node, &shard->hub->extensions)
        extension_at(node)->ops->loop_ends(extension_at(node), shard);
}

void pinion__extensions_release(struct pinion_hub *hub)
{
    PINION_LIST_FOREACH_SAFE (node, &hub->extensions) {
        pinion__list_remove(node);
        extension_at(node)->ops->release(extension_at(node));
    }
}
