/* The game's server. */
#include "game.h"
#include "program.h"

int main(int argc, char **argv)
{
    pinion_endpoint_options options = { .port = 4000 };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &game_socket,
                                    &(pinion_socket_options){ .any_origin = true });
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
