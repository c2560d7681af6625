/* The chat: one room, everybody in it, a page to talk in. */
#include "program.h"
#include "room_channel.h"

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

int main(int argc, char **argv)
{
    pinion_endpoint_options options = { .port = 4000 };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .longpoll = true });
    if (!rc)
        rc = pinion_endpoint_static(endpoint, "/", "../share/chat");
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
