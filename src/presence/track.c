/* Tracking, updating and untracking. Each call changes the topic's shard under its lock. */
#include "base/log_limit.h"
#include "base/misuse.h"
#include "engine/channel.h"
#include "presence/meta.h"
#include "presence/presence_int.h"
#include "proto/payload.h"

void pinion__presence_untrack_in(struct pinion_presence_shard *shard, uint64_t id, struct pinion_slice topic,
                                 struct pinion_slice key)
{
    pinion__presence_shard_lock(shard);
    pinion__presence_untrack(shard->state, id, topic, key);
    pinion__presence_shard_unlock(shard);
}

/* Update with the ref of the meta that is replaced. The caller holds the lock. */
static int update(struct pinion_presence_state *state, struct pinion_presence_item *item,
                  struct pinion_buf *kept)
{
    char ref[PINION_PRESENCE_REF_LEN + 1];
    const struct pinion_presence_entry *old =
        pinion__presence_tracked(state, item->id, item->topic, item->key);
    if (!old)
        return pinion__fail(PINION_ENOENT, "nothing is tracked under this key");
    pinion__presence_ref(old, ref);
    int rc = pinion__presence_meta_add_prev(kept, ref);
    item->meta = pinion__slice(kept->data, kept->len);
    return rc ? rc : pinion__presence_update(state, item, NULL);
}

/* If the channel is tracked already, pinion__presence_track refuses it. */
static int track(const pinion_presence *presence, struct pinion_presence_state *state,
                 const struct pinion_presence_item *item)
{
    const struct pinion_presence_topic *topic = pinion__presence_topic(state, item->topic);
    size_t count = topic ? pinion__presence_count_of_key(topic, item->key) : 0;
    if (count >= presence->options.max_metas &&
        !pinion__presence_tracked(state, item->id, item->topic, item->key))
        return pinion__fail(PINION_ETOOBIG,
                            "the key has %zu metas on this topic: the limit is %u (max_metas)", count,
                            presence->options.max_metas);
    return pinion__presence_track(state, item, NULL);
}

/* Make the kept form of the meta, if it is not too long. */
static int keep(const pinion_presence *presence, const pinion_payload *meta, struct pinion_buf *kept)
{
    uint32_t max = presence->options.max_meta;
    int rc = pinion__presence_meta_keep(meta, kept);
    if (rc == PINION_ETOOBIG || (!rc && kept->len > max))
        rc = pinion__fail(PINION_ETOOBIG, "a meta has more than %u bytes (max_meta)", max);
    return rc;
}

/* Consumes meta. */
static int put(pinion_presence *presence, struct pinion_presence_item item, pinion_payload *meta,
               bool is_update)
{
    struct pinion_buf kept;
    pinion__buf_init(&kept, PINION_PRESENCE_META_MAX);
    int rc = keep(presence, meta, &kept);
    pinion_payload_unref(meta);
    if (!rc) {
        struct pinion_presence_shard *shard = pinion__presence_shard_of(presence, item.topic);
        item.meta = pinion__slice(kept.data, kept.len);
        pinion__presence_shard_lock(shard);
        rc = is_update ? update(shard->state, &item, &kept) : track(presence, shard->state, &item);
        pinion__presence_shard_unlock(shard);
    }
    pinion__buf_release(&kept);
    return rc;
}

/* Have the channel untracked when it ends. PINION_ECLOSED: it has ended, or is ending. */
static int watch(pinion_channel *channel, const char *topic)
{
    bool own = strcmp(topic, channel->topic->name) == 0;
    if (channel->state >= PINION_CHANNEL_ENDING)
        return pinion__fail(PINION_ECLOSED, "the channel %s is ending: nothing can be tracked any more",
                            topic);
    channel->watched |= own ? PINION_WATCHED_ON_ITS_TOPIC : PINION_WATCHED_ANYWHERE;
    return 0;
}

/* An id that is missing, or that is a number where a string is read, arrives here as no key. With such a key
 * everybody would be the same person. */
static int check_key(const char *topic, const char *key)
{
    if (key && *key)
        return 0;
    PINION_LOG_LIMITED(
        PINION_LOG_WARNING,
        "presence: the key for %s is %s: not tracked. A key says who it is, and is a string: is "
        "an id assigned as a number, or not at all?",
        topic, key ? "empty" : "NULL");
    return pinion__fail(PINION_EINVAL, "a presence's key is %s: it must say who is tracked",
                        key ? "empty" : "NULL");
}

/* Code that is no channel has the id 0. */
static uint64_t id_of(const pinion_channel *channel)
{
    return channel ? channel->id : 0;
}

static int put_for(pinion_presence *presence, pinion_channel *channel, const char *topic, const char *key,
                   pinion_payload *meta, bool is_update)
{
    int rc = check_key(topic, key);
    if (!rc && channel)
        rc = watch(channel, topic);
    if (rc) {
        pinion_payload_unref(meta);
        return rc;
    }
    struct pinion_presence_item item = { .topic = pinion__slice_str(topic),
                                         .key = pinion__slice_str(key),
                                         .id = id_of(channel) };
    return put(presence, item, meta, is_update);
}

/* For a channel that must not be NULL, and one that may: NULL is code that is no channel. */
#define NEED_CHANNEL(channel, otherwise)                                                                     \
    PINION_NEED(channel, otherwise);                                                                         \
    PINION_ON_LOOP_OF(channel, otherwise)

#define MAY_BE_CHANNEL(channel, otherwise)                                                                   \
    if (channel) {                                                                                           \
        PINION_ON_LOOP_OF(channel, otherwise);                                                               \
    }

int pinion_presence_track_on(pinion_presence *presence, pinion_channel *channel, const char *topic,
                             const char *key, pinion_payload *meta)
{
    PINION_CONSUMES(meta);
    PINION_NEED(presence, return pinion__payload_lost(meta));
    PINION_NEED(topic, return pinion__payload_lost(meta));
    MAY_BE_CHANNEL(channel, return pinion__payload_lost(meta));
    PINION_RETURN(put_for(presence, channel, topic, key, meta, false));
}

int pinion_presence_update_on(pinion_presence *presence, pinion_channel *channel, const char *topic,
                              const char *key, pinion_payload *meta)
{
    PINION_CONSUMES(meta);
    PINION_NEED(presence, return pinion__payload_lost(meta));
    PINION_NEED(topic, return pinion__payload_lost(meta));
    MAY_BE_CHANNEL(channel, return pinion__payload_lost(meta));
    PINION_RETURN(put_for(presence, channel, topic, key, meta, true));
}

static void untrack(pinion_presence *presence, const pinion_channel *channel, const char *topic,
                    const char *key)
{
    struct pinion_slice name = pinion__slice_str(topic);
    pinion__presence_untrack_in(pinion__presence_shard_of(presence, name), id_of(channel), name,
                                pinion__slice_str(key));
}

void pinion_presence_untrack_on(pinion_presence *presence, pinion_channel *channel, const char *topic,
                                const char *key)
{
    PINION_NEED(presence, return );
    PINION_NEED(topic, return );
    MAY_BE_CHANNEL(channel, return );
    untrack(presence, channel, topic, key);
}

void pinion__presence_untrack_everywhere(pinion_presence *presence, uint64_t id)
{
    struct pinion_slice any = { NULL, 0 };
    for (unsigned i = 0; i < presence->options.shards; i++)
        pinion__presence_untrack_in(&presence->shards[i], id, any, any);
}

void pinion_presence_untrack_all(pinion_presence *presence, pinion_channel *channel)
{
    PINION_NEED(presence, return );
    MAY_BE_CHANNEL(channel, return );
    pinion__presence_untrack_everywhere(presence, id_of(channel));
}

int pinion_presence_track(pinion_presence *presence, pinion_channel *channel, const char *key,
                          pinion_payload *meta)
{
    PINION_CONSUMES(meta);
    PINION_NEED(presence, return pinion__payload_lost(meta));
    NEED_CHANNEL(channel, return pinion__payload_lost(meta));
    PINION_RETURN(put_for(presence, channel, channel->topic->name, key, meta, false));
}

int pinion_presence_update(pinion_presence *presence, pinion_channel *channel, const char *key,
                           pinion_payload *meta)
{
    PINION_CONSUMES(meta);
    PINION_NEED(presence, return pinion__payload_lost(meta));
    NEED_CHANNEL(channel, return pinion__payload_lost(meta));
    PINION_RETURN(put_for(presence, channel, channel->topic->name, key, meta, true));
}

void pinion_presence_untrack(pinion_presence *presence, pinion_channel *channel, const char *key)
{
    PINION_NEED(presence, return );
    NEED_CHANNEL(channel, return );
    untrack(presence, channel, channel->topic->name, key);
}
