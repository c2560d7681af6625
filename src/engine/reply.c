#include "engine/reply.h"
#include "engine/gather.h"
#include "engine/send.h"

int pinion__socket_reply(struct pinion_socket *socket, const struct pinion_message *to,
                         struct pinion_slice join_ref, const char *status, const pinion_payload *payload)
{
    struct pinion_message reply = {
        .kind = PINION_MESSAGE_REPLY,
        .join_ref = join_ref,
        .ref = to->ref,
        .topic = to->topic,
        .topic_invalid = to->topic_invalid,
        .topic_json = to->topic_json,
        .status = pinion__slice_str(status),
    };
    reply.payload.ptr = pinion_payload_bytes(payload, &reply.payload.len);
    reply.payload_binary = pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY;
    int rc = pinion__socket_send(socket, &reply);
    if (!rc)
        pinion__gather_replied(socket);
    return rc;
}

void pinion__socket_reply_error(struct pinion_socket *socket, const struct pinion_message *to,
                                struct pinion_slice join_ref, const char *why)
{
    pinion_payload *reason = pinion_json("{s:s}", "reason", why);
    (void)pinion__socket_reply(socket, to, join_ref, "error", reason);
    pinion_payload_unref(reason);
}

int pinion__channel_reply(struct pinion_channel *channel, struct pinion_slice ref, const char *status,
                          const pinion_payload *payload)
{
    struct pinion_message to = { .ref = ref, .topic = pinion__channel_topic(channel) };
    if (channel->muted)
        return PINION_ECLOSED;
    return pinion__socket_reply(channel->socket, &to, pinion__channel_join_ref(channel), status, payload);
}

void pinion__channel_send_end(struct pinion_socket *socket, struct pinion_slice topic,
                              struct pinion_slice join_ref, bool error)
{
    static const char crash[] = "{\"reason\":\"channel_crash\"}";
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = join_ref,
        .ref = join_ref,
        .topic = topic,
        .event = pinion__slice_str(error ? "phx_error" : "phx_close"),
        .payload = pinion__slice_str(error ? crash : "{}"),
    };
    (void)pinion__socket_send(socket, &message);
}
