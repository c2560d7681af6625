/* One channel for sensors, which send lines over TCP, and for browsers, which watch them over WebSocket. */
#include "lines.h"
#include "program.h"
#include <stdio.h>

static pinion_result sensor_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_ok(pinion_json("{s:s}", "by", pinion_channel_transport(channel)));
}

static pinion_result on_reading(pinion_channel *channel, const char *event, const pinion_payload *reading)
{
    if (!json_is_number(pinion_payload_get(reading, "value")))
        return pinion_error(pinion_json("{s:s}", "reason", "no value"));
    pinion_broadcast_from(channel, "reading", pinion_payload_ref(reading));
    return pinion_ok(NULL);
}

static const pinion_channel_def sensor = {
    .join = sensor_join,
    .handle_in = PINION_CLAUSES({ "reading", on_reading }),
};

static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "sensor:*", &sensor }) };

/* A client that does not keep up gets the newest readings, not all of them. */
static const pinion_socket_options socket_options = { .drop_broadcasts = true };

/* The ready function of program_options. It is called after ours. */
struct next {
    void (*ready)(pinion_endpoint *endpoint, void *data);
    void *data;
};

static void say_port(pinion_endpoint *endpoint, void *data)
{
    const struct next *next = data;
    printf("lines on port %u\n", lines_port(endpoint));
    if (next->ready)
        next->ready(endpoint, next->data);
}

/* Lines have the port after the one for WebSocket; any port, if that is any. */
int main(int argc, char **argv)
{
    pinion_endpoint_options options = { .port = 4000 };
    pinion_endpoint *endpoint = NULL;
    int rc = program_options(argc, argv, NULL, &options);
    if (rc)
        return rc - 1;
    struct next next = { options.ready, options.ready_data };
    options.ready = say_port;
    options.ready_data = &next;
    rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &socket_def, &socket_options);
    if (!rc)
        rc = lines_listen(endpoint, options.host, options.port ? (uint16_t)(options.port + 1) : 0, "/socket");
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
