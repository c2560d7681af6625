/* The in-process transport of pinion/testing.h fulfils the contract of transports. It has no I/O, so there is
 * one run, and everything happens on the test's thread. */
#include "contract/transport_suite.h"
#include <pinion/testing.h>

static pinion_test *test;
static const pinion_socket_def *socket_def;
static pinion_socket_options socket_options;

static pinion_endpoint *start(const char *io, const pinion_socket_def *socket,
                              const pinion_socket_options *options)
{
    assert_int_equal(pinion_test_new(&test, NULL), 0);
    socket_def = socket;
    socket_options = options ? *options : (pinion_socket_options){ 0 };
    return pinion_test_endpoint(test);
}

static void release(void)
{
    pinion_test_free(test);
    test = NULL;
}

static void run_due(void)
{
    pinion_test_run(test);
}

static int connect_loopback(const char *query, void **client)
{
    pinion_test_client *own = NULL;
    int rc = pinion_test_connect(test, socket_def, &socket_options, query, &own);
    *client = own;
    return rc;
}

static void send_frame(void *client, bool binary, const void *bytes, size_t length)
{
    pinion_test_send_frame(client, binary, bytes, length);
}

static struct transport_event next(void *client)
{
    struct transport_event event = { .kind = TRANSPORT_END };
    bool binary = false;
    int rc = pinion_test_next_frame(client, &binary, &event.bytes, &event.length);
    if (rc == 0)
        event.kind = binary ? TRANSPORT_BINARY : TRANSPORT_TEXT;
    else if (rc == PINION_ECLOSED)
        event.code = pinion_test_close_code(client);
    else
        fail_msg("%s", pinion_error_detail());
    return event;
}

static void hang_up(void *client)
{
    pinion_test_disconnect(client);
}

static const struct carrier loopback = {
    .name = "loopback",
    .binary_up = true,
    .binary_down = true,
    .close_codes = true,
    .is_unlimited = true,
    .start = start,
    .release = release,
    .run = run_due,
    .connect = connect_loopback,
    .send = send_frame,
    .next = next,
    .hang_up = hang_up,
};

int main(void)
{
    return transport_suite(&loopback, NULL);
}
