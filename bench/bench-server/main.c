/* The server for the load generator. It has an echo and a broadcast, and nothing else. */
#include "program.h"

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result bcast(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "msg", pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def bench_channel = {
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "bcast", bcast }),
};

static const pinion_socket_def bench_socket = {
    .channels = PINION_ROUTES({ "bench:*", &bench_channel }),
};

int main(int argc, char **argv)
{
    pinion_socket_options socket = { .timeout_ms = PINION_NEVER, .any_origin = true };
    bool metrics = false;
    const program_flag flags[] = {
        { "drop-broadcasts", "of a client's full queue drop the oldest, instead of closing",
          .given = &socket.drop_broadcasts },
        { "flush-delay", "how long frames for a client may wait for others, in milliseconds",
          .number = &socket.flush_delay_ms, .most = 1000 },
        { "metrics", "measure, and serve metrics at /metrics", .given = &metrics },
        { .name = NULL },
    };
    pinion_endpoint_options options = { .host = "127.0.0.1" };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, flags, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &bench_socket, &socket);
    if (!rc && metrics)
        rc = pinion_endpoint_metrics(endpoint, "/metrics", NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
