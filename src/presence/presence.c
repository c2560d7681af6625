/* The life of a presence: its options, and what it adds to its endpoint. */
#include "base/hash.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "engine/channel.h"
#include "presence/packet.h"
#include "presence/presence_int.h"
#include <stdlib.h>
#include <time.h>

#define DEFAULT_NAME          "presence"
#define DEFAULT_DIFF_INTERVAL 1500
#define DEFAULT_HEARTBEAT     1500
#define DEFAULT_DOWN          30000
#define DEFAULT_REMOVE        1200000
#define DEFAULT_SHARDS        8
#define DEFAULT_MAX_META      4096
#define DEFAULT_MAX_METAS     10000
#define DEFAULT_MAX_DIFF      262144
#define MAX_META_MAX          (PINION_PRESENCE_META_MAX - 64) /* room for the ref of the meta it replaces */

/* ---- options ---- */

static void fill_defaults(pinion_presence_options *options)
{
    if (!options->name)
        options->name = DEFAULT_NAME;
    if (options->diff_interval_ms == 0)
        options->diff_interval_ms = DEFAULT_DIFF_INTERVAL;
    if (options->heartbeat_ms == 0)
        options->heartbeat_ms = DEFAULT_HEARTBEAT;
    if (options->down_ms == 0)
        options->down_ms = DEFAULT_DOWN;
    if (options->remove_ms == 0)
        options->remove_ms = DEFAULT_REMOVE;
    if (options->shards == 0)
        options->shards = DEFAULT_SHARDS;
    if (options->max_meta == 0)
        options->max_meta = DEFAULT_MAX_META;
    if (options->max_metas == 0)
        options->max_metas = DEFAULT_MAX_METAS;
    if (options->max_diff == 0)
        options->max_diff = DEFAULT_MAX_DIFF;
}

static int check_options(const pinion_presence_options *options)
{
    size_t len = strlen(options->name);
    if (len == 0 || len > PINION_PRESENCE_NAME_MAX)
        return pinion__fail(PINION_EINVAL, "name: a presence's name must have 1 to 255 bytes");
    if (options->shards > PINION_PRESENCE_SHARDS_MAX)
        return pinion__fail(PINION_EINVAL, "shards: %u are too many: the limit is %d", options->shards,
                            PINION_PRESENCE_SHARDS_MAX);
    if (options->max_meta > MAX_META_MAX)
        return pinion__fail(PINION_EINVAL, "max_meta: %u bytes are too many: the limit is %d",
                            options->max_meta, MAX_META_MAX);
    if (options->down_ms / 4 < options->heartbeat_ms)
        return pinion__fail(PINION_EINVAL, "down_ms: %u is less than four heartbeats of %u ms each",
                            options->down_ms, options->heartbeat_ms);
    return 0;
}

/* ---- the presence as an extension of its endpoint ---- */

static struct pinion_presence *presence_of(struct pinion_extension *extension)
{
    return PINION_CONTAINER_OF(extension, struct pinion_presence, extension);
}

/* Most channels are tracked only on their own topic. They need not wait for the locks of other shards. */
static void on_channel_ended(struct pinion_extension *extension, const struct pinion_channel *channel)
{
    pinion_presence *presence = presence_of(extension);
    struct pinion_slice any = { NULL, 0 };
    struct pinion_slice topic = pinion__slice(channel->topic->name, channel->topic->name_len);
    if (channel->watched & PINION_WATCHED_ANYWHERE)
        pinion__presence_untrack_everywhere(presence, channel->id);
    else if (channel->watched & PINION_WATCHED_ON_ITS_TOPIC)
        pinion__presence_untrack_in(pinion__presence_shard_of(presence, topic), channel->id, any, any);
}

static void on_loop_ends(struct pinion_extension *extension, struct pinion_shard *loop)
{
    struct pinion_presence *presence = presence_of(extension);
    for (unsigned i = 0; i < presence->options.shards; i++) {
        if (presence->shards[i].loop == loop)
            pinion__gossip_say_goodbye(&presence->shards[i].gossip);
    }
}

static void release(struct pinion_extension *extension)
{
    struct pinion_presence *presence = presence_of(extension);
    for (unsigned i = 0; i < presence->options.shards; i++)
        pinion__presence_shard_release(&presence->shards[i]);
    free((char *)presence->options.name);
    free(presence);
}

static const struct pinion_extension_ops extension_ops = { on_channel_ended, on_loop_ends, release };

/* ---- new ---- */

static struct pinion_presence *find(const struct pinion_hub *hub, struct pinion_slice name)
{
    PINION_LIST_FOREACH (node, &hub->extensions) {
        struct pinion_extension *extension = PINION_CONTAINER_OF(node, struct pinion_extension, node);
        if (extension->ops == &extension_ops && pinion__slice_is(name, presence_of(extension)->options.name))
            return presence_of(extension);
    }
    return NULL;
}

/* Only once: it stays like this until somebody changes the setting. */
static void log_shards(struct pinion_presence *presence, struct pinion_slice node, unsigned shards)
{
    if (!atomic_exchange(&presence->said_shards, true))
        pinion__log(PINION_LOG_ERROR,
                    "presence \"%s\": node %.*s divides topics into %u shards and this one into %u: neither "
                    "sees the other's presences",
                    presence->options.name, (int)node.len, node.ptr, shards, presence->options.shards);
}

/* A packet has come from another node. On the adapter's thread. */
static void on_packet(void *context, struct pinion_slice node, struct pinion_slice bytes)
{
    struct pinion_presence_packet packet;
    struct pinion_presence *presence = NULL;
    if (pinion__presence_packet_read(bytes, &packet) == 0)
        presence = find(context, packet.name);
    if (presence && packet.shards == presence->options.shards)
        pinion__gossip_receive(&presence->shards[packet.shard].gossip, node, bytes);
    else if (presence)
        log_shards(presence, node, packet.shards);
}

/* A node has come, at the other end of a bridge. Other adapters have gossip run all the time. On the
 * adapter's thread. */
static void on_node(void *context, const char *node, bool up)
{
    const struct pinion_hub *hub = context;
    if (!up || !pinion__pubsub_is_bridge(&hub->pubsub))
        return;
    PINION_LIST_FOREACH (link, &hub->extensions) {
        struct pinion_extension *extension = PINION_CONTAINER_OF(link, struct pinion_extension, node);
        struct pinion_presence *presence = extension->ops == &extension_ops ? presence_of(extension) : NULL;
        for (unsigned i = 0; presence && i < presence->options.shards; i++)
            (void)pinion__gossip_begin(&presence->shards[i].gossip); /* it fails only at the loop's end */
    }
}

/* By the clock it is larger than in earlier lives of this node. Each shard of a process has another one, so
 * that the refs of all entries differ. */
static uint64_t new_incarnation(void)
{
    static atomic_uint_fast64_t count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    return us * 1024 + atomic_fetch_add(&count, 1) % 1024;
}

static int init_shards(pinion_presence *presence)
{
    struct pinion_hub *hub = presence->hub;
    const char *node = pinion__pubsub_has_adapter(&hub->pubsub) ? pinion__pubsub_node(&hub->pubsub) : "local";
    int rc = 0;
    for (unsigned i = 0; i < presence->options.shards && !rc; i++) {
        struct pinion_shard *loop = hub->shards[i % hub->shard_count];
        rc = pinion__presence_shard_init(&presence->shards[i], presence, loop, pinion__slice_str(node),
                                         new_incarnation());
    }
    return rc;
}

static int presence_new(pinion_presence **out, pinion_endpoint *endpoint,
                        const pinion_presence_options *options, size_t size)
{
    struct pinion_hub *hub = pinion__hub_of(endpoint);
    pinion_presence_options filled;
    int rc = PINION_TAKE(pinion_presence_options, &filled, options, size);
    if (rc)
        return rc;
    fill_defaults(&filled);
    rc = check_options(&filled);
    if (rc)
        return rc;
    if (find(hub, pinion__slice_str(filled.name)))
        return pinion__fail(PINION_EINVAL, "name: the endpoint has a presence \"%s\" already", filled.name);
    pinion_presence *presence =
        calloc(1, sizeof *presence + filled.shards * sizeof(struct pinion_presence_shard));
    char *name = presence ? strdup(filled.name) : NULL;
    if (!name) {
        free(presence);
        return PINION_ENOMEM;
    }
    presence->extension.ops = &extension_ops;
    presence->hub = hub;
    presence->options = filled;
    presence->options.name = name;
    rc = init_shards(presence);
    if (!rc)
        rc = pinion__hub_extend(hub, &presence->extension);
    if (rc) {
        release(&presence->extension);
        return rc;
    }
    pinion__pubsub_receive(&hub->pubsub, PINION_ENVELOPE_PRESENCE, on_packet, hub);
    pinion__pubsub_watch(&hub->pubsub, PINION_ENVELOPE_PRESENCE, on_node, hub);
    for (unsigned i = 0; i < presence->options.shards; i++)
        (void)pinion__gossip_begin(&presence->shards[i].gossip); /* the loops do not run yet */
    *out = presence;
    return 0;
}

int pinion_presence_new_sized(pinion_presence **out, pinion_endpoint *endpoint,
                              const pinion_presence_options *options, size_t size)
{
    PINION_NEEDED(out);
    PINION_NEEDED(endpoint);
    PINION_RETURN(presence_new(out, endpoint, options, size));
}

struct pinion_presence_shard *pinion__presence_shard_of(pinion_presence *presence, struct pinion_slice topic)
{
    uint64_t hash = pinion__siphash13((struct pinion_hash_key){ 0 }, topic);
    return &presence->shards[hash % presence->options.shards];
}

/* ---- for the metrics ---- */

static size_t metas_of(const struct pinion_presence *presence)
{
    size_t metas = 0;
    for (unsigned i = 0; i < presence->options.shards; i++)
        metas += atomic_load_explicit(&presence->shards[i].visible, memory_order_relaxed);
    return metas;
}

void pinion__presence_each(const struct pinion_hub *hub,
                           void (*fn)(const char *name, size_t metas, void *data), void *data)
{
    PINION_LIST_FOREACH (node, &hub->extensions) {
        struct pinion_extension *extension = PINION_CONTAINER_OF(node, struct pinion_extension, node);
        if (extension->ops == &extension_ops)
            fn(presence_of(extension)->options.name, metas_of(presence_of(extension)), data);
    }
}
