/* A server for black-box tests. Its answers are compared with those of Phoenix, frame by frame. */
#include "conformance.h"
#include "program.h"

static void index_page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain; charset=utf-8", "ok", 2);
}

static const pinion_socket_options socket_options = {
    .longpoll = true,
    .any_origin = true,
    .drop_broadcasts = true,
    .error_handler = conformance_refusal,
};

static const pinion_socket_options fast_options = {
    .timeout_ms = 200,
    .longpoll = true,
    .longpoll_window_ms = 200,
    .origins = PINION_LIST("//example.com"),
    .error_handler = conformance_refusal,
};

static const pinion_socket_options auth_options = {
    .longpoll = true,
    .any_origin = true,
    .auth_token = true,
    .error_handler = conformance_refusal,
};

static const pinion_socket_options echo_options = {
    .timeout_ms = PINION_NEVER,
    .max_message = 16u << 20,
    .max_queue = 32u << 20,
    .longpoll = true,
    .any_origin = true,
};

int main(int argc, char **argv)
{
    struct conformance shared = { .refusal = "Too many requests" };
    pinion_endpoint_options options = { .host = "127.0.0.1", .context = &shared };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = conformance_presence(endpoint);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &conformance_socket, &socket_options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/fast", &conformance_socket, &fast_options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/auth", &conformance_socket, &auth_options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/lookup", &conformance_lookup_socket, &socket_options);
    if (!rc)
        rc = pinion_endpoint_raw_socket(endpoint, "/echo", &conformance_echo, &echo_options);
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/", index_page, NULL);
    if (!rc)
        rc = conformance_http(endpoint);
    if (!rc)
        rc = pinion_endpoint_metrics(endpoint, "/metrics", NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
