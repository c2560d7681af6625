/* Looking up who is on a topic. Each call reads the topic's shard under its lock. */
#include "base/misuse.h"
#include "engine/known.h"
#include "presence/diff.h"
#include "presence/listing.h"
#include "presence/presence_int.h"
#include "proto/payload.h"

static const struct pinion_presence_topic *find(struct pinion_presence_shard *shard, const char *topic)
{
    return pinion__presence_topic(shard->state, pinion__slice_str(topic));
}

/* The topic's shard, locked. */
static struct pinion_presence_shard *enter(pinion_presence *presence, const char *topic)
{
    struct pinion_presence_shard *shard = pinion__presence_shard_of(presence, pinion__slice_str(topic));
    pinion__presence_shard_lock(shard);
    return shard;
}

pinion_payload *pinion_presence_list(pinion_presence *presence, const char *topic)
{
    PINION_NEED(presence, return NULL);
    PINION_NEED(topic, return NULL);
    struct pinion_presence_shard *shard = enter(presence, topic);
    pinion_payload *presences = pinion__presence_list_topic(find(shard, topic));
    pinion__presence_shard_give(shard, pinion__slice_str(topic));
    pinion__presence_shard_unlock(shard);
    presences = pinion__presence_fetch(presence, topic, presences);
    PINION_PAYLOAD_HELD(presences);
    return presences;
}

static int push_state(pinion_presence *presence, pinion_channel *channel)
{
    const char *topic = channel->topic->name;
    struct pinion_slice name = pinion__slice(topic, channel->topic->name_len);
    uint64_t *known = pinion__channel_known(channel, pinion__presence_shard_of(presence, name));
    if (!known)
        return PINION_ENOMEM;
    struct pinion_presence_shard *shard = enter(presence, topic);
    pinion_payload *presences = pinion__presence_list_topic(find(shard, topic));
    uint64_t version = pinion__presence_shard_push(shard, name);
    pinion__presence_shard_unlock(shard);
    int rc = pinion_push(channel, "presence_state", pinion__presence_fetch(presence, topic, presences));
    if (!rc)
        *known = version;
    return rc;
}

int pinion_presence_push_state(pinion_presence *presence, pinion_channel *channel)
{
    PINION_NEEDED(presence);
    PINION_NEEDED(channel);
    PINION_ON_LOOP_OF(channel, return PINION_EINVAL);
    PINION_RETURN(push_state(presence, channel));
}

/* The presence of this key in what fetch has returned. Consumes the list. */
static pinion_payload *take_key(pinion_payload *list, const char *key)
{
    json_t *value = json_incref(pinion_payload_get(list, key));
    if (pinion_payload_kind(list) == PINION_PAYLOAD_POISON)
        return list;
    pinion_payload_unref(list);
    return value ? pinion_payload_json(value) : NULL;
}

pinion_payload *pinion_presence_get_by_key(pinion_presence *presence, const char *topic_name, const char *key)
{
    PINION_NEED(presence, return NULL);
    PINION_NEED(topic_name, return NULL);
    PINION_NEED(key, return NULL);
    bool fetches = presence->options.fetch != NULL;
    struct pinion_slice name = pinion__slice_str(key);
    struct pinion_presence_shard *shard = enter(presence, topic_name);
    const struct pinion_presence_topic *topic = find(shard, topic_name);
    pinion_payload *found = NULL;
    pinion__presence_shard_give(shard, pinion__slice_str(topic_name));
    if (topic && pinion__presence_get(topic, name))
        found = pinion__presence_list_key(topic, name, fetches);
    pinion__presence_shard_unlock(shard);
    if (found && fetches)
        found = take_key(pinion__presence_fetch(presence, topic_name, found), key);
    PINION_PAYLOAD_HELD(found);
    return found;
}

size_t pinion_presence_count(pinion_presence *presence, const char *topic)
{
    PINION_NEED(presence, return 0);
    PINION_NEED(topic, return 0);
    struct pinion_presence_shard *shard = enter(presence, topic);
    size_t count = pinion__presence_count(shard->state, pinion__slice_str(topic));
    pinion__presence_shard_unlock(shard);
    return count;
}

size_t pinion_presence_count_keys(pinion_presence *presence, const char *topic)
{
    PINION_NEED(presence, return 0);
    PINION_NEED(topic, return 0);
    struct pinion_presence_shard *shard = enter(presence, topic);
    const struct pinion_presence_topic *found = find(shard, topic);
    size_t count = found ? found->keys.count : 0;
    pinion__presence_shard_unlock(shard);
    return count;
}
