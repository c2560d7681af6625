#include "engine/telemetry.h"
#include "engine/channel.h"
#include "proto/payload.h"

const char *pinion__telemetry_result(const pinion_result *result)
{
    if (pinion_payload_kind(result->payload) == PINION_PAYLOAD_POISON)
        return "crash";
    switch (result->kind) {
    case PINION_RESULT_REPLY:
        return result->status ? result->status : "crash";
    case PINION_RESULT_NOREPLY:
        return "noreply";
    case PINION_RESULT_LATER:
        return "later";
    case PINION_RESULT_STOP:
    case PINION_RESULT_STOP_REPLY:
        return "stop";
    default:
        return "crash";
    }
}

void pinion__telemetry_tell(const struct pinion_callback *callback, const struct pinion_socket *socket,
                            const char *result)
{
    const struct pinion_hub *hub = socket->shard->hub;
    const struct pinion_mount *mount = socket->class->mount;
    struct pinion_callback own = { .name = "telemetry", .kind = PINION_CALLBACK_TELEMETRY };
    const pinion_telemetry event = {
        .callback = callback->name,
        .mount = mount->path,
        .transport = socket->class->transport->name,
        .topic = callback->channel && !mount->raw ? callback->channel->topic->name : NULL,
        .event = callback->detail,
        .result = result,
        .duration_ns = callback->took,
    };
    pinion__callback_enter(socket->shard, &own);
    hub->telemetry(pinion__endpoint_of(hub), &event, hub->telemetry_data);
    pinion__callback_leave(socket->shard);
}
