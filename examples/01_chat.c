#include <pinion/pinion.h>
#include <string.h>

static pinion_result room_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "rooms:lobby") == 0)
        return pinion_ok(NULL);
    return pinion_error(pinion_json("{s:s}", "reason", "unauthorized"));
}

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "new_msg", pinion_json("{s:O}", "body", pinion_payload_get(payload, "body")));
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .join = room_join,
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = NULL;
    int rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .port = 4000 });
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .longpoll = true });
    if (!rc)
        rc = pinion_endpoint_static(endpoint, "/", argc > 1 ? argv[1] : "static");
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc); /* 0 or 1, and says why on stderr */
}
