/* Who is here? A room whose clients see who else is in it, what each of them is doing, and who comes and goes
 * (docs/presence.md). Its client is 02_presence.mjs. */
#include "program.h"

static pinion_presence *presence; /* belongs to the endpoint */

/* The client says who it is. If a program must not believe this, it asks for a token: 03_token.c. */
static pinion_result room_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    json_t *user = pinion_payload_get(params, "user");
    size_t length = json_string_length(user); /* 0 when it is not a string */
    if (length == 0 || length > 255)
        return pinion_error(pinion_json("{s:s}", "reason", "a name has 1 to 255 bytes"));
    if (pinion_assign(channel, "user", pinion_json("O", user)) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static const char *name_of(pinion_channel *channel)
{
    return json_string_value(pinion_payload_tree(pinion_assigned(channel, "user")));
}

/* The channel is tracked under its user's name until it ends: nobody has to say goodbye. A user with a phone
 * and a browser has two entries under one name. */
static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    pinion_presence_track(presence, channel, name_of(channel), pinion_json("{s:s}", "doing", "reading"));
    pinion_presence_push_state(presence, channel); /* who is here now; later changes are sent by themselves */
    return pinion_noreply();
}

/* The others are told what has changed. */
static pinion_result doing(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_t *what = pinion_payload_get(payload, "doing");
    if (!json_is_string(what))
        return pinion_error(pinion_json("{s:s}", "reason", "say what you are doing"));
    int rc = pinion_presence_update(presence, channel, name_of(channel), pinion_json("{s:O}", "doing", what));
    return rc == 0 ? pinion_ok(NULL) : pinion_error(pinion_json("{s:s}", "reason", pinion_strerror(rc)));
}

static const pinion_channel_def room_channel = {
    .join = room_join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "doing", doing }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = NULL;
    pinion_endpoint_options options = { .port = 4000 };
    int stop = program_options(argc, argv, NULL, &options); /* --port and the like, see common/program.h */
    if (stop)
        return stop - 1;
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_presence_new(&presence, endpoint, NULL);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
