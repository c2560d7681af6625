/* A server for black-box checks: its answers are compared, frame by frame, with those of Phoenix. */
#include "conformance.h"
#include "program.h"

static void index_page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain; charset=utf-8", "ok", 2);
}

int main(int argc, char **argv)
{
    pinion_endpoint_options options = { .host = "127.0.0.1" };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &conformance_socket,
                                    &(pinion_socket_options){ .longpoll = true });
    if (!rc)
        rc = pinion_endpoint_socket(
            endpoint, "/fast", &conformance_socket,
            &(pinion_socket_options){ .timeout_ms = 200, .longpoll = true, .longpoll_window_ms = 200 });
    if (!rc)
        rc = pinion_endpoint_raw_socket(endpoint, "/echo", &conformance_echo,
                                        &(pinion_socket_options){ .timeout_ms = PINION_NEVER,
                                                                  .max_message = 16u << 20,
                                                                  .max_queue = 32u << 20,
                                                                  .longpoll = true });
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/", index_page, NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
