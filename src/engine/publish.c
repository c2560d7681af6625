/* push and broadcast: what an application says to clients. */
#include "engine/channel.h"
#include "engine/ref.h"
#include "proto/payload.h"

static bool has_joined(const struct pinion_channel *channel)
{
    return channel->state != PINION_CHANNEL_JOINING;
}

static int check(const struct pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion__assert_on_loop(channel->socket);
    if (!has_joined(channel))
        return PINION_ENOTJOINED;
    if (channel->socket->mount->raw)
        return PINION_ENOTSUP;
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return PINION_EPAYLOAD;
    if (strlen(event) > PINION_NAME_MAX)
        return PINION_ETOOBIG;
    return 0;
}

int pinion_push(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    int rc = check(channel, event, payload);
    if (!rc && (channel->muted || channel->state == PINION_CHANNEL_ENDED))
        rc = PINION_ECLOSED;
    if (!rc) {
        struct pinion_message message = {
            .kind = PINION_MESSAGE_PUSH,
            .join_ref = pinion__channel_join_ref(channel),
            .topic = pinion__slice(channel->topic->name, channel->topic->name_len),
            .event = pinion__slice_str(event),
        };
        message.payload.ptr = pinion_payload_bytes(payload, &message.payload.len);
        message.payload_binary = pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY;
        rc = pinion__socket_send(channel->socket, &message);
    }
    pinion_payload_unref(payload);
    return rc;
}

typedef void reach_fn(struct pinion_pubsub *, struct pinion_pubsub_loop *, struct pinion_broadcast *);

/* Consumes payload. */
static int publish(pinion_endpoint *endpoint, reach_fn *reach, uint64_t from, const char *topic,
                   const char *event, pinion_payload *payload)
{
    struct pinion_broadcast *broadcast;
    struct pinion_shard *here = pinion__hub_here(endpoint);
    int rc = pinion__broadcast_new(&broadcast, from, topic, event, payload);
    if (rc)
        return rc;
    reach(&endpoint->pubsub, here ? &here->pubsub : NULL, broadcast);
    pinion__broadcast_unref(broadcast);
    return 0;
}

static int broadcast_from_channel(pinion_channel *channel, uint64_t from, const char *event,
                                  pinion_payload *payload)
{
    pinion__assert_on_loop(channel->socket);
    if (!has_joined(channel) || channel->socket->mount->raw) {
        pinion_payload_unref(payload);
        return has_joined(channel) ? PINION_ENOTSUP : PINION_ENOTJOINED;
    }
    return publish(channel->socket->shard->endpoint, pinion__pubsub_broadcast, from, channel->topic->name,
                   event, payload);
}

int pinion_broadcast(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    return broadcast_from_channel(channel, 0, event, payload);
}

int pinion_broadcast_from(pinion_channel *channel, const char *event, pinion_payload *payload)
{
    return broadcast_from_channel(channel, channel->id, event, payload);
}

int pinion_endpoint_broadcast(pinion_endpoint *endpoint, const char *topic, const char *event,
                              pinion_payload *payload)
{
    return publish(endpoint, pinion__pubsub_broadcast, 0, topic, event, payload);
}

int pinion_endpoint_broadcast_from(pinion_endpoint *endpoint, const pinion_ref *from, const char *topic,
                                   const char *event, pinion_payload *payload)
{
    return publish(endpoint, pinion__pubsub_broadcast, pinion__ref_subscriber(from), topic, event, payload);
}

int pinion_endpoint_broadcast_local(pinion_endpoint *endpoint, const char *topic, const char *event,
                                    pinion_payload *payload)
{
    return publish(endpoint, pinion__pubsub_publish, 0, topic, event, payload);
}
