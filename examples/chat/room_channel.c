#include "room_channel.h"
#include "user.h"
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 2000 /* the most characters of a message */

/* What the room knows about one client. */
struct member {
    bool ignores_joins;
};

static pinion_result refuse(const char *reason)
{
    return pinion_error(pinion_json("{s:s}", "reason", reason));
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "rooms:lobby") != 0)
        return refuse("unauthorized");
    struct member *member = calloc(1, sizeof *member);
    if (!member)
        return pinion_crash();
    pinion_channel_set_state(channel, member, free);
    return pinion_ok(NULL);
}

/* A client that had lost its connection joins "again". The room was never told that it left. */
static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    if (json_is_true(pinion_payload_get(params, "again")))
        return pinion_noreply();
    pinion_broadcast(channel, "user_joined", pinion_json("{s:s}", "user", name_of(channel, params)));
    return pinion_noreply();
}

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const json_t *body = pinion_payload_get(payload, "body");
    if (!json_is_string(body) || json_string_length(body) == 0)
        return refuse("empty");
    if (characters(json_string_value(body)) > BODY_MAX)
        return refuse("too long");
    pinion_broadcast(channel, "new_msg",
                     pinion_json("{s:O, s:s}", "body", body, "user", name_of(channel, payload)));
    return pinion_ok(NULL);
}

static pinion_result ignore_joins(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct member *member = pinion_channel_state(channel);
    member->ignores_joins = json_is_true(pinion_payload_get(payload, "ignore"));
    return pinion_ok(NULL);
}

/* user_joined is intercepted: each member decides whether it wants to see it. */
static pinion_result user_joined(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const struct member *member = pinion_channel_state(channel);
    if (!member->ignores_joins)
        pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

const pinion_channel_def room_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }, { "ignore_joins", ignore_joins }),
    .handle_out = PINION_CLAUSES({ "user_joined", user_joined }),
};
