#include "online_channel.h"
#include "chat.h"
#include "user.h"
#include <string.h>

static pinion_presence *presence_of(const pinion_channel *channel)
{
    const struct chat *chat = pinion_channel_context(channel);
    return chat->presence;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "online:lobby") != 0)
        return pinion_error(pinion_json("{s:s}", "reason", "unauthorized"));
    return pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    pinion_presence *presence = presence_of(channel);
    pinion_presence_track(presence, channel, name_of(channel, params), NULL);
    pinion_presence_push_state(presence, channel);
    return pinion_noreply();
}

static pinion_result renamed(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_presence *presence = presence_of(channel);
    pinion_presence_untrack(presence, channel, NULL);
    pinion_presence_track(presence, channel, name_of(channel, payload), NULL);
    return pinion_ok(NULL);
}

const pinion_channel_def online_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "renamed", renamed }),
};
