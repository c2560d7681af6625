/* docs/channels.md, "Clients that cannot keep up". */
#include "docs/snippet.h"
#include "helpers/no_transport.h"

/* ---- the snippets ---- */

static void free_held(void *held)
{
    json_decref(held);
}

/* Its state: the newest readings that it was not sent yet, by key. */
static pinion_result join_dashboard(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    json_t *held = json_object();
    if (!held)
        return pinion_crash();
    pinion_channel_set_state(channel, held, free_held);
    return pinion_ok(NULL);
}

/* Once a reading is held, those that follow are held too: so no key goes back to an older value. */
static bool holds(pinion_channel *channel)
{
    return json_object_size(pinion_channel_state(channel)) > 0 ||
           pinion_socket_is_behind(pinion_channel_socket(channel));
}

/* "reading" is intercepted. */
static pinion_result reading(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const char *key = json_string_value(pinion_payload_get(payload, "key"));
    if (!holds(channel))
        pinion_push(channel, event, pinion_payload_ref(payload));
    else if (json_object_set(pinion_channel_state(channel), key, pinion_payload_tree(payload)) != 0)
        return pinion_crash();
    return pinion_noreply();
}

/* Nothing waited for the client any more. If other channels of its socket have pushed much since, this is
 * called again. */
static pinion_result catch_up(pinion_channel *channel)
{
    json_t *held = pinion_channel_state(channel);
    if (json_object_size(held) == 0 || pinion_socket_is_behind(pinion_channel_socket(channel)))
        return pinion_noreply();
    if (pinion_push_droppable(channel, "newest", pinion_payload_json(json_copy(held))) == 0)
        json_object_clear(held);
    return pinion_noreply();
}

static const pinion_channel_def dashboard = {
    .join = join_dashboard,
    .handle_out = PINION_CLAUSES({ "reading", reading }),
    .drained = catch_up,
};

static const pinion_socket_options for_dashboards = {
    .max_queue = 128 * 1024,
    .max_unsent = 16 * 1024,
};

/* On the producer's thread. Returns false when a loop is behind: then wait, and send it again, or its
 * dashboards miss it. */
static bool publish(pinion_endpoint *endpoint, const char *key, double value)
{
    if (pinion_endpoint_subscribers(endpoint, "readings") == 0)
        return true; /* nobody looks */
    return pinion_endpoint_broadcast(endpoint, "readings", "reading",
                                     pinion_json("{s:s,s:f}", "key", key, "value", value)) != PINION_EBUSY;
}

/* ---- their tests ---- */

static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "readings", &dashboard }) };

/* A connection that keeps the last frame, while its client reads, and else counts what waits. */
static struct {
    pinion_socket *socket;
    bool reads;
    size_t waiting;
    unsigned frames;
    char last[300];
} connection;

static size_t waiting(void *conn)
{
    return connection.waiting;
}

static int keep_frame(void *conn, pinion_frame *frame)
{
    pinion_slice wire = pinion_frame_wire(frame);
    int rc = pinion_transport_admit(connection.socket, frame, pinion_frame_memory(frame));
    if (rc == 0) {
        snprintf(connection.last, sizeof connection.last, "%.*s", (int)wire.len, wire.ptr);
        connection.waiting += connection.reads ? 0 : pinion_frame_memory(frame);
        connection.frames++;
    }
    pinion_frame_unref(frame);
    return rc;
}

static void connect_dashboard(void)
{
    static const char join[] = "[\"1\",\"1\",\"readings\",\"phx_join\",{}]";
    static pinion_transport transport;
    const pinion_connect_info info = { .transport = "none", .peer = "" };
    transport = no_transport;
    transport.send = keep_frame;
    transport.waiting = waiting;
    memset(&connection, 0, sizeof connection);
    connection.reads = true;
    ok(pinion_endpoint_socket(pinion_test_endpoint(test), "/socket", &user_socket, &for_dashboards));
    ok(pinion_transport_connect(pinion_test_endpoint(test), "/socket", &transport, &connection, "vsn=2.0.0",
                                &info, &connection.socket, NULL));
    pinion_transport_receive(connection.socket, false, join, strlen(join));
    pinion_test_run(test);
    assert_non_null(strstr(connection.last, "\"ok\""));
}

static void send_reading(const char *key, double value)
{
    assert_true(publish(pinion_test_endpoint(test), key, value));
    pinion_test_run(test);
}

static void a_dashboard_that_is_behind_gets_the_newest_of_each_key(void **state)
{
    connect_dashboard();
    send_reading("a", 1);
    assert_string_equal(connection.last,
                        "[\"1\",null,\"readings\",\"reading\",{\"key\":\"a\",\"value\":1.0}]");
    connection.reads = false;
    unsigned before = connection.frames;
    while (!pinion_socket_is_behind(connection.socket))
        send_reading("a", 2);
    unsigned pushed = connection.frames - before;
    assert_true(pushed > 100);
    send_reading("a", 3);
    send_reading("b", 4);
    send_reading("a", 5);
    assert_int_equal(connection.frames - before, pushed);
    connection.reads = true;
    connection.waiting = 0;
    pinion_transport_drained(connection.socket);
    pinion_test_run(test);
    assert_string_equal(connection.last,
                        "[\"1\",null,\"readings\",\"newest\",{\"a\":{\"key\":\"a\",\"value\":5.0},"
                        "\"b\":{\"key\":\"b\",\"value\":4.0}}]");
    send_reading("b", 6);
    assert_non_null(strstr(connection.last, "\"value\":6.0"));
    pinion_transport_ended(connection.socket);
}

static void nobody_is_told_of_what_nobody_looks_at(void **state)
{
    send_reading("a", 1);
    assert_int_equal(stats().broadcasts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dashboard_that_is_behind_gets_the_newest_of_each_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_is_told_of_what_nobody_looks_at, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
