/* Frames that wait for others: when the transport is told to send them. */
#include "base/frame.h"
#include "helpers/engine.h"
#include "helpers/no_transport.h"

#define DELAY 5 /* ms */

/* A connection of a transport that lets frames wait. */
struct connection {
    pinion_socket *socket;
    unsigned queued;
    unsigned sent; /* how often it was told to send */
};

static struct connection a, b;

static int queue(void *conn, pinion_frame *frame)
{
    struct connection *connection = conn;
    connection->queued++;
    pinion__frame_unref(frame);
    if (connection->socket) /* it is not there yet while it connects */
        pinion_transport_gather(connection->socket);
    return 0;
}

static void send_gathered(void *conn)
{
    struct connection *connection = conn;
    connection->sent++;
    connection->queued = 0;
}

static pinion_result push(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, "pushed", NULL));
    return pinion_noreply();
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def channel = { .handle_in = PINION_CLAUSES({ "push", push }, { "echo", echo }) };
static const pinion_socket_def def = { .channels = PINION_ROUTES({ "r", &channel }) };

static void mount(const char *path, uint32_t delay_ms, bool flush_replies)
{
    ok(pinion_endpoint_socket(
        pinion_test_endpoint(test), path, &def,
        &(pinion_socket_options){ .flush_delay_ms = delay_ms, .flush_replies = flush_replies }));
}

static void say(const struct connection *connection, const char *event)
{
    char text[100];
    int len = snprintf(text, sizeof text, "[\"1\",\"1\",\"r\",\"%s\",{}]", event);
    pinion_transport_receive(connection->socket, false, text, (size_t)len);
}

static void connect_with(struct connection *connection, const char *path, bool waits)
{
    static pinion_transport transports[2];
    pinion_transport *transport = &transports[waits];
    *transport = no_transport;
    transport->name = "mine";
    transport->send = queue;
    transport->send_gathered = waits ? send_gathered : NULL;
    const pinion_connect_info info = { .transport = "mine", .peer = "203.0.113.7" };
    *connection = (struct connection){ 0 };
    ok(pinion_transport_connect(pinion_test_endpoint(test), path, transport, connection, "vsn=2.0.0", &info,
                                &connection->socket, NULL));
    say(connection, "phx_join");
    pinion_test_advance(test, DELAY);
    connection->queued = connection->sent = 0;
}

static void connect_to(struct connection *connection, const char *path)
{
    connect_with(connection, path, true);
}

static void end(struct connection *connection)
{
    if (connection->socket)
        pinion_transport_ended(connection->socket);
    connection->socket = NULL;
}

static int leave(void **state)
{
    end(&a);
    end(&b);
    pinion_test_run(test);
    return teardown(state);
}

static void all_are_sent_when_the_first_has_waited_for_long_enough(void **state)
{
    mount("/delayed", DELAY, false);
    connect_to(&a, "/delayed");
    connect_to(&b, "/delayed");
    say(&a, "push");
    pinion_test_advance(test, DELAY - 1);
    say(&b, "push");
    say(&a, "push");
    assert_int_equal(a.sent + b.sent, 0);
    assert_int_equal(a.queued, 2);
    pinion_test_advance(test, 1);
    assert_int_equal(a.sent, 1);
    assert_int_equal(b.sent, 1);
    pinion_test_advance(test, 10 * DELAY);
    assert_int_equal(a.sent + b.sent, 2);
}

static void the_next_one_waits_again(void **state)
{
    mount("/delayed", DELAY, false);
    connect_to(&a, "/delayed");
    for (unsigned i = 0; i < 3; i++) {
        say(&a, "push");
        pinion_test_advance(test, DELAY - 1);
        assert_int_equal(a.sent, i);
        pinion_test_advance(test, 1);
        assert_int_equal(a.sent, i + 1);
    }
}

static void each_delay_has_its_own_time(void **state)
{
    mount("/delayed", DELAY, false);
    mount("/longer", 2 * DELAY, false);
    connect_to(&a, "/delayed");
    connect_to(&b, "/longer");
    pinion_test_advance(test, 2 * DELAY);
    b.sent = 0;
    say(&a, "push");
    say(&b, "push");
    pinion_test_advance(test, DELAY);
    assert_int_equal(a.sent, 1);
    assert_int_equal(b.sent, 0);
    pinion_test_advance(test, DELAY);
    assert_int_equal(b.sent, 1);
}

static void a_reply_waits_like_the_others(void **state)
{
    mount("/delayed", DELAY, false);
    connect_to(&a, "/delayed");
    say(&a, "echo");
    assert_int_equal(a.sent, 0);
    pinion_test_advance(test, DELAY);
    assert_int_equal(a.sent, 1);
}

static void a_reply_that_does_not_wait_takes_the_others_along(void **state)
{
    mount("/prompt", DELAY, true);
    connect_to(&a, "/prompt");
    say(&a, "push");
    assert_int_equal(a.sent, 0);
    say(&a, "echo");
    assert_int_equal(a.sent, 1);
    assert_int_equal(a.queued, 0);
    say(&a, "push");
    assert_int_equal(a.sent, 1);
    pinion_test_advance(test, DELAY);
    assert_int_equal(a.sent, 2);
}

static void who_ends_meanwhile_is_not_told(void **state)
{
    mount("/delayed", DELAY, false);
    connect_to(&a, "/delayed");
    say(&a, "push");
    end(&a);
    pinion_test_advance(test, DELAY);
    assert_int_equal(a.sent, 0);
    assert_int_equal(stats().sockets, 0);
}

/* Whoever frees the endpoint then loses no memory. */
static void the_endpoint_may_end_meanwhile(void **state)
{
    mount("/delayed", DELAY, false);
    connect_to(&a, "/delayed");
    connect_to(&b, "/delayed");
    say(&a, "push");
    say(&b, "push");
    end(&a);
}

static void without_a_delay_nothing_waits(void **state)
{
    mount("/at_once", 0, true);
    mount("/delayed", DELAY, true);
    connect_to(&a, "/at_once");
    connect_with(&b, "/delayed", false); /* its transport lets nothing wait */
    say(&a, "push");
    say(&b, "push");
    pinion_test_advance(test, 10 * DELAY);
    assert_int_equal(a.sent + b.sent, 0);
}

static void a_delay_has_a_most(void **state)
{
    assert_int_equal(pinion_endpoint_socket(pinion_test_endpoint(test), "/late", &def,
                                            &(pinion_socket_options){ .flush_delay_ms = 1001 }),
                     PINION_EINVAL);
    assert_string_equal(pinion_error_detail(),
                        "socket /late: flush_delay_ms: 1001 is too long, at most 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_sent_when_the_first_has_waited_for_long_enough, setup, leave),
        cmocka_unit_test_setup_teardown(the_next_one_waits_again, setup, leave),
        cmocka_unit_test_setup_teardown(each_delay_has_its_own_time, setup, leave),
        cmocka_unit_test_setup_teardown(a_reply_waits_like_the_others, setup, leave),
        cmocka_unit_test_setup_teardown(a_reply_that_does_not_wait_takes_the_others_along, setup, leave),
        cmocka_unit_test_setup_teardown(who_ends_meanwhile_is_not_told, setup, leave),
        cmocka_unit_test_setup_teardown(the_endpoint_may_end_meanwhile, setup, leave),
        cmocka_unit_test_setup_teardown(without_a_delay_nothing_waits, setup, leave),
        cmocka_unit_test_setup_teardown(a_delay_has_a_most, setup, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
