#include <pinion/pinion.h>

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shout", pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

int main(void)
{
    pinion_endpoint *endpoint = NULL;
    int rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .port = 4000 });
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
