#include "engine/channel.h"
#include "base/owned.h"
#include "engine/known.h"
#include "engine/lane.h"
#include "engine/refused.h"
#include "engine/socket_channels.h"
#include "proto/payload.h"
#include <assert.h>
#include <stdlib.h>

/* ---- life ---- */

static size_t size_of(size_t join_ref_len)
{
    return offsetof(struct pinion_channel, join_ref) + join_ref_len;
}

struct pinion_channel *pinion__channel_new(struct pinion_socket *socket, const pinion_channel_def *def,
                                           struct pinion_slice topic, const struct pinion_message *join)
{
    bool null_join_ref = join->join_ref.len == 0;
    struct pinion_slice join_ref = null_join_ref ? join->ref : join->join_ref;
    struct pinion_channel *channel = pinion__pool_take(&socket->shard->pool, size_of(join_ref.len));
    if (!channel)
        return NULL;
    channel->topic = pinion__topic_hold(&socket->shard->pubsub.registry, topic);
    if (!channel->topic) {
        pinion__pool_give(&socket->shard->pool, channel, size_of(join_ref.len));
        return NULL;
    }
    channel->socket = socket;
    channel->def = def;
    channel->state = PINION_CHANNEL_JOINING;
    channel->id = socket->shard->next_subscriber_id++;
    channel->subscriber.lane = PINION_LANE_CHANNEL;
    channel->assigns = pinion__assigns_ref(socket->assigns);
    channel->null_join_ref = null_join_ref;
    channel->join_ref_len = (uint16_t)join_ref.len;
    if (join_ref.len)
        memcpy(channel->join_ref, join_ref.ptr, join_ref.len);
    channel->holds = 1;
    socket->holds++;
    pinion__socket_add_channel(socket, channel);
    PINION_COUNT(socket->shard, channels, 1);
    PINION_TALLY(socket->class->tally, channels, 1);
    return channel;
}

void pinion__channel_hold(struct pinion_channel *channel)
{
    channel->holds++;
}

void pinion__channel_unhold(struct pinion_channel *channel)
{
    assert(channel->holds > 0);
    if (--channel->holds > 0)
        return;
    assert(channel->state == PINION_CHANNEL_ENDED);
    assert(!channel->extra || (channel->extra->timers.count == 0 && channel->extra->inbox_count == 0 &&
                               pinion__list_empty(&channel->extra->subscriptions)));
    pinion__assigns_unref(channel->assigns);
    pinion__topic_drop(channel->topic);
    if (channel->extra)
        pinion__known_release(channel->extra);
    free(channel->extra);
    struct pinion_shard *shard = channel->socket->shard;
    PINION_COUNT(shard, channels, -1);
    PINION_TALLY(channel->socket->class->tally, channels, -1);
    pinion__socket_unhold(channel->socket);
    pinion__pool_bury(&shard->pool, channel, size_of(channel->join_ref_len));
}

struct pinion_channel_extra *pinion__channel_extra(struct pinion_channel *channel)
{
    if (!channel->extra) {
        struct pinion_channel_extra *extra = calloc(1, sizeof *extra);
        if (!extra)
            return NULL;
        pinion__delays_init(&extra->timers);
        pinion__list_init(&extra->subscriptions);
        channel->extra = extra;
    }
    return channel->extra;
}

struct pinion_anchor *pinion__channel_anchor(struct pinion_channel *channel)
{
    return pinion__anchor_get(&channel->anchor, channel->state == PINION_CHANNEL_ENDED ? NULL : channel);
}

bool pinion__channel_busy(const struct pinion_channel *channel)
{
    return channel->state == PINION_CHANNEL_JOINING || (channel->extra && channel->extra->work);
}

struct pinion_slice pinion__channel_topic(const struct pinion_channel *channel)
{
    return pinion__slice(channel->topic->name, channel->topic->name_len);
}

struct pinion_slice pinion__channel_join_ref(const struct pinion_channel *channel)
{
    return pinion__slice(channel->join_ref, channel->join_ref_len);
}

/* ---- public ---- */

const char *pinion_channel_topic(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return channel->topic->name;
}

pinion_socket *pinion_channel_socket(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return channel->socket;
}

pinion_endpoint *pinion_channel_endpoint(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return pinion__endpoint_of(channel->socket->shard->hub);
}

void *pinion_channel_context(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return pinion__mount_context(channel->socket->class->mount, channel->socket->shard->hub);
}

const char *pinion_channel_transport(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return channel->socket->class->transport->name;
}

void pinion_channel_set_state(pinion_channel *channel, void *state, void (*destroy)(void *))
{
    PINION_NEED(channel, return );
    PINION_CHECK_ON_LOOP_OF(channel);
    pinion__owned_replace(&channel->user_state, &channel->destroy_state, state, destroy);
}

void *pinion_channel_state(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return channel->user_state;
}

int pinion_assign(pinion_channel *channel, const char *key, pinion_payload *value)
{
    PINION_CONSUMES(value);
    PINION_NEED(channel, return pinion__payload_lost(value));
    PINION_NEED(key, return pinion__payload_lost(value));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(value));
    return pinion__assign(
        &channel->assigns, key, value,
        &(struct pinion_refused){ .call = "pinion_assign", .name = key, .channel = channel });
}

const pinion_payload *pinion_assigned(const pinion_channel *channel, const char *key)
{
    PINION_NEED(channel, return NULL);
    PINION_NEED(key, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    return pinion__assigns_get(channel->assigns, key);
}

pinion_payload *pinion_assigns(const pinion_channel *channel)
{
    PINION_NEED(channel, return NULL);
    PINION_CHECK_ON_LOOP_OF(channel);
    pinion_payload *object = pinion__assigns_object(channel->assigns);
    PINION_PAYLOAD_HELD(object);
    return object;
}
