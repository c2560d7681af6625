/* docs/sockets.md. */
#include "docs/snippet.h"
#include <pinion/raw_socket.h>

struct app {
    int connections_max;
    const char *refusal;
};

static int connections;

/* The application's: how many there are from this address. */
static int connections_of(const char *peer)
{
    return peer[0] == '\0' ? connections : 0;
}

static pinion_result let_in(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    const struct app *app = pinion_socket_context(socket);
    pinion_slice agent = pinion_connect_header(info, "user-agent");
    if (connections_of(pinion_connect_peer(info)) >= app->connections_max)
        return pinion_error(pinion_json("{s:s}", "reason", "too many connections"));
    if (pinion_socket_assign(socket, "agent", pinion_json("s%", agent.ptr ? agent.ptr : "", agent.len)) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static void say_why(const pinion_payload *reason, pinion_response *response, void *context)
{
    const struct app *app = context;
    pinion_response_send(response, 429, "text/plain", app->refusal, strlen(app->refusal));
}

static int open_endpoint(struct app *app, pinion_endpoint **endpoint)
{
    return pinion_endpoint_new(endpoint, &(pinion_endpoint_options){ .port = 4000, .context = app });
}

static const pinion_channel_def room_channel = { 0 };

static const pinion_socket_def user_socket = {
    .connect = let_in,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static int mount(pinion_endpoint *endpoint)
{
    return pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                  &(pinion_socket_options){
                                      .longpoll = true,
                                      .origins = PINION_LIST("https://example.com", "//localhost"),
                                      .messages = { .per_second = 50, .burst = 200 },
                                      .joins = { .per_second = 10 },
                                      .max_channels = 20,
                                  });
}

static const pinion_socket_def ticker_socket = {
    .channels = PINION_ROUTES({ "ticks:*", &room_channel }),
};

static int mount_ticker(pinion_endpoint *endpoint)
{
    /* Who asks is answered at once. */
    const pinion_socket_options options = { .flush_delay_ms = 5, .flush_replies = true };
    return pinion_endpoint_socket(endpoint, "/ticker", &ticker_socket, &options);
}

static pinion_result greet(pinion_socket *socket)
{
    pinion_raw_push(socket, false, "hello", 5);
    return pinion_noreply();
}

static pinion_result echo(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    pinion_raw_push(socket, binary, bytes, length);
    return pinion_noreply();
}

static const pinion_raw_socket_def echo_socket = { .init = greet, .handle_in = echo };

static void it_is_mounted(void **state)
{
    struct app app = { .connections_max = 20 };
    pinion_endpoint *endpoint = NULL;
    ok(open_endpoint(&app, &endpoint));
    assert_ptr_equal(pinion_endpoint_context(endpoint), &app);
    ok(mount(endpoint));
    ok(mount_ticker(endpoint));
    pinion_endpoint_free(endpoint);
}

static void the_twentieth_is_the_last(void **state)
{
    struct app app = { .connections_max = 20, .refusal = "Too many connections" };
    const pinion_socket_options options = { .error_handler = say_why, .context = &app };
    pinion_test_client *client;
    connections = 19;
    ok(pinion_test_connect(test, &user_socket, &options, "", &client));
    connections = 20;
    assert_int_equal(pinion_test_connect(test, &user_socket, &options, "", &client), PINION_EACCES);
}

static void expect_text(pinion_test_client *client, const char *text)
{
    bool binary;
    const char *bytes;
    size_t length;
    ok(pinion_test_next_frame(client, &binary, &bytes, &length));
    assert_false(binary);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
}

static void a_raw_socket_greets_and_echoes(void **state)
{
    pinion_test_client *client;
    ok(pinion_test_connect_raw(test, &echo_socket, NULL, "", &client));
    expect_text(client, "hello");
    pinion_test_send_frame(client, false, "x", 1);
    expect_text(client, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_mounted),
        cmocka_unit_test_setup_teardown(the_twentieth_is_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(a_raw_socket_greets_and_echoes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
