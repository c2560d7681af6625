#include "conformance.h"
#include <string.h>

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "rooms:lobby") == 0)
        return pinion_ok(NULL);
    return pinion_error(pinion_json("{s:s}", "reason", "unauthorized"));
}

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_t *body = pinion_payload_get(payload, "body");
    if (!body)
        return pinion_crash(); /* in Phoenix's server no clause matches */
    pinion_broadcast(channel, "new_msg", pinion_json("{s:O}", "body", body));
    return pinion_noreply();
}

const pinion_channel_def conformance_room_channel = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }),
};
