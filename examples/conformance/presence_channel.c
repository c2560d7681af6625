#include "conformance.h"
#include <stdlib.h>
#include <string.h>

int conformance_presence(pinion_endpoint *endpoint)
{
    struct conformance *shared = pinion_endpoint_context(endpoint);
    int rc =
        pinion_presence_new(&shared->at_once, endpoint, &(pinion_presence_options){ .diff_at_once = true });
    if (!rc)
        rc = pinion_presence_new(
            &shared->gathered, endpoint,
            &(pinion_presence_options){ .name = "crowd", .diff_interval_ms = 200, .max_diff = 1000 });
    return rc;
}

static pinion_presence *presence_of(const pinion_channel *channel)
{
    const struct conformance *shared = pinion_channel_context(channel);
    return strncmp(pinion_channel_topic(channel), "crowd:", 6) == 0 ? shared->gathered : shared->at_once;
}

/* The key that it is tracked under: the user of the join, or of the socket. */
static const char *key_of(pinion_channel *channel, const pinion_payload *params)
{
    const char *user = json_string_value(pinion_payload_get(params, "user"));
    const char *id = json_string_value(pinion_payload_tree(pinion_assigned(channel, "user_id")));
    return user ? user : id;
}

static pinion_payload *list(pinion_channel *channel)
{
    return pinion_presence_list(presence_of(channel), pinion_channel_topic(channel));
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    const char *user = key_of(channel, params);
    char *key = user ? strdup(user) : NULL;
    json_t *meta = pinion_payload_get(params, "meta");
    pinion_channel_set_state(channel, key, free);
    if (!key || pinion_presence_track(presence_of(channel), channel, key,
                                      meta ? pinion_payload_json(json_incref(meta)) : NULL) != 0)
        return pinion_crash();
    pinion_presence_push_state(presence_of(channel), channel);
    return pinion_noreply();
}

static pinion_result update(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    int rc = pinion_presence_update(presence_of(channel), channel, pinion_channel_state(channel),
                                    pinion_payload_ref(payload));
    return rc ? pinion_crash() : pinion_ok(NULL);
}

static pinion_result untrack(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_presence_untrack(presence_of(channel), channel, pinion_channel_state(channel));
    return pinion_ok(NULL);
}

static pinion_result reply_list(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(list(channel));
}

const pinion_channel_def conformance_presence_channel = {
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "update", update }, { "untrack", untrack }, { "list", reply_list }),
};
