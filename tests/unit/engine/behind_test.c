/* Clients for which much waits, and who is told when nothing waits any more. */
#include "base/frame.h"
#include "engine/socket.h"
#include "helpers/engine.h"
#include "helpers/no_transport.h"
#include "helpers/shortage.h"

#define MAX     1000
#define QUARTER (MAX / 4)
#define MANY    100

/* A connection that counts what waits. */
struct connection {
    pinion_socket *socket;
    size_t waiting;
    size_t kept; /* of that, flush leaves so much */
};
static struct connection connections[MANY];

static char calls[200]; /* what was called, in order */

static int call_count;

static void called(const char *what)
{
    call_count++;
    snprintf(calls + strlen(calls), sizeof calls - strlen(calls), "%s ", what);
}

static void expect_calls(const char *expected)
{
    pinion_test_run(test);
    assert_string_equal(calls, expected);
    calls[0] = '\0';
}

/* ---- the transport ---- */

static size_t waiting(void *conn)
{
    const struct connection *connection = conn;
    return connection->waiting;
}

static void flush(void *conn)
{
    struct connection *connection = conn;
    if (connection->waiting > connection->kept)
        connection->waiting = connection->kept;
}

static size_t drop(void *conn, size_t most)
{
    return 0;
}

static int send_frame(void *conn, pinion_frame *frame)
{
    struct connection *connection = conn;
    size_t memory = pinion_frame_memory(frame);
    int rc = pinion_transport_admit(connection->socket, frame, memory);
    if (rc == 0)
        connection->waiting += memory;
    pinion_frame_unref(frame);
    return rc;
}

static pinion_transport transport;

static int begin(void **state)
{
    transport = no_transport;
    transport.waiting = waiting;
    transport.flush = flush;
    transport.drop = drop;
    transport.send = send_frame;
    memset(connections, 0, sizeof connections);
    calls[0] = '\0';
    return setup(state);
}

static int leave(void **state)
{
    for (size_t i = 0; i < MANY; i++) {
        if (connections[i].socket)
            pinion_transport_ended(connections[i].socket);
    }
    pinion_test_run(test);
    return teardown(state);
}

/* ---- the application ---- */

static pinion_channel *latest;

static pinion_result keep(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    latest = channel;
    return json_is_true(pinion_payload_get(params, "late")) ? pinion_later() : pinion_ok(NULL);
}

static pinion_result channel_drained(pinion_channel *channel)
{
    called(pinion_channel_topic(channel));
    return pinion_noreply();
}

static void socket_drained(pinion_socket *socket)
{
    called("socket");
}

static const pinion_channel_def told = { .join = keep, .drained = channel_drained };
static const pinion_channel_def untold = { .join = keep };
static const pinion_socket_def of_channels = { .channels = PINION_ROUTES({ "told:*", &told },
                                                                         { "untold:*", &untold }) };
static const pinion_socket_def of_socket = { .channels = PINION_ROUTES({ "untold:*", &untold }),
                                             .drained = socket_drained };
static const pinion_socket_def of_both = { .channels = PINION_ROUTES({ "told:*", &told }),
                                           .drained = socket_drained };
static const pinion_socket_def of_none = { .channels = PINION_ROUTES({ "untold:*", &untold }) };

static const pinion_socket_options small = { .max_queue = MAX };

static void mount(const pinion_socket_def *def)
{
    ok(pinion_endpoint_socket(pinion_test_endpoint(test), "/socket", def, &small));
}

static struct connection *client(size_t i)
{
    const pinion_connect_info info = { .transport = "none", .peer = "" };
    ok(pinion_transport_connect(pinion_test_endpoint(test), "/socket", &transport, &connections[i],
                                "vsn=2.0.0", &info, &connections[i].socket, NULL));
    return &connections[i];
}

static void join_with(const struct connection *connection, const char *topic, const char *params)
{
    char text[200];
    snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",%s]", topic, params);
    pinion_transport_receive(connection->socket, false, text, strlen(text));
    pinion_test_run(test);
}

/* It has read the reply. */
static pinion_channel *join(struct connection *connection, const char *topic)
{
    join_with(connection, topic, "{}");
    connection->waiting = 0;
    return latest;
}

static int admit(const struct connection *connection, size_t memory)
{
    pinion_frame *frame = pinion_frame_new(false, "x", 1);
    int rc = pinion_transport_admit(connection->socket, frame, memory);
    pinion_frame_unref(frame);
    return rc;
}

/* So much is queued more. */
static void queue(struct connection *connection, size_t memory)
{
    ok(admit(connection, memory));
    connection->waiting += memory;
}

/* Its client does not read, and then more than a quarter waits. */
static void fall_behind(struct connection *connection)
{
    connection->kept = MAX;
    queue(connection, QUARTER + 1);
}

static void catch_up(struct connection *connection)
{
    connection->waiting = connection->kept = 0;
    pinion_transport_drained(connection->socket);
}

/* ---- */

static void who_was_behind_is_told_once(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    assert_false(pinion_socket_is_behind(it->socket));
    fall_behind(it);
    assert_true(pinion_socket_is_behind(it->socket));
    expect_calls("");
    assert_true(pinion_socket_is_behind(it->socket));
    catch_up(it);
    expect_calls("told:1 ");
    assert_false(pinion_socket_is_behind(it->socket));
    catch_up(it);
    expect_calls("");
    fall_behind(it);
    catch_up(it);
    expect_calls("told:1 ");
}

static void a_quarter_is_not_much(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    it->kept = MAX;
    queue(it, QUARTER);
    assert_false(pinion_socket_is_behind(it->socket));
    catch_up(it);
    expect_calls("");
    it->kept = MAX;
    queue(it, QUARTER);
    queue(it, 1);
    catch_up(it);
    expect_calls("told:1 ");
}

/* A program may wait for it, having seen how much was queued. */
static void a_large_frame_is_much_though_it_leaves_at_once(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    queue(it, 2 * MAX);
    expect_calls("told:1 "); /* the look sends it, and nothing else would tell */
}

static void a_report_while_something_waits_again_counts_for_nothing(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    fall_behind(it);
    expect_calls("");
    catch_up(it);
    it->kept = it->waiting = 1;
    expect_calls("");
    catch_up(it);
    expect_calls("told:1 ");
}

static void the_socket_hears_it_before_its_channels(void **state)
{
    mount(&of_both);
    struct connection *it = client(0);
    join(it, "told:1");
    fall_behind(it);
    catch_up(it);
    expect_calls("socket told:1 ");
}

static void a_socket_may_be_told_alone(void **state)
{
    mount(&of_socket);
    struct connection *it = client(0);
    join(it, "untold:1");
    fall_behind(it);
    catch_up(it);
    expect_calls("socket ");
}

static void channels_that_have_not_joined_are_not_told(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    join(it, "untold:1");
    join_with(it, "told:2", "{\"late\":true}");
    it->waiting = 0;
    fall_behind(it);
    catch_up(it);
    expect_calls("told:1 ");
}

static void a_push_that_finds_no_room_counts_as_much(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    pinion_channel *channel = join(it, "told:1");
    it->waiting = it->kept = MAX; /* by what was never asked for */
    assert_int_equal(pinion_push_droppable(channel, "lost", NULL), PINION_EBUSY);
    assert_int_equal(stats().skipped, 1);
    expect_calls("");
    catch_up(it);
    expect_calls("told:1 ");
}

static void who_has_no_such_callback_is_asked_for_later(void **state)
{
    mount(&of_none);
    struct connection *it = client(0);
    join(it, "untold:1");
    const pinion_transport_limits *limits = pinion_socket_limits(it->socket);
    assert_int_equal(limits->ask_above, MAX);
    assert_true(pinion_transport_has_room(limits, 0, 2 * MAX));
    fall_behind(it);
    assert_false(pinion_socket_is_behind(it->socket));
    catch_up(it);
    expect_calls("");
}

static void a_transport_asks_from_a_quarter_on(void **state)
{
    mount(&of_channels);
    const pinion_transport_limits *limits = pinion_socket_limits(client(0)->socket);
    assert_int_equal(limits->max_queue, MAX);
    assert_int_equal(limits->ask_above, QUARTER);
    assert_true(pinion_transport_has_room(limits, 100, QUARTER - 100));
    assert_false(pinion_transport_has_room(limits, 100, QUARTER - 99));
    assert_false(pinion_transport_has_room(limits, 0, QUARTER + 1));
}

static void nobody_is_told_of_a_socket_that_has_ended(void **state)
{
    mount(&of_both);
    struct connection *looked_at = client(0), *waits = client(1);
    join(looked_at, "told:1");
    join(waits, "told:1");
    fall_behind(waits);
    expect_calls("");
    pinion_transport_ended(waits->socket); /* while nobody looks */
    waits->socket = NULL;
    fall_behind(looked_at);
    pinion_transport_ended(looked_at->socket); /* before it was looked at */
    looked_at->socket = NULL;
    expect_calls("");
    assert_int_equal(pinion__hub_of(pinion_test_endpoint(test))->shards[0]->behind.count, 0);
}

static void many_may_be_behind(void **state)
{
    mount(&of_channels);
    call_count = 0;
    for (size_t i = 0; i < MANY; i++) {
        join(client(i), "told:1");
        fall_behind(&connections[i]);
    }
    pinion_test_run(test);
    assert_int_equal(call_count, 0);
    for (size_t i = 0; i < MANY; i++)
        catch_up(&connections[i]);
    pinion_test_run(test);
    assert_int_equal(call_count, MANY);
}

/* ---- work, memory, raw sockets ---- */

static void work(void *data)
{
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    called("done");
    return pinion_noreply();
}

static void a_busy_channel_is_told_when_its_work_is_done(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    pinion_channel *channel = join(it, "told:1");
    ok(pinion_channel_work(channel, work, done, NULL));
    fall_behind(it);
    catch_up(it);
    while (calls[0] == '\0')
        pinion_test_run(test);
    expect_calls("done told:1 ");
}

/* What would have waited is refused, so that nothing waits of which nobody would be told. */
static void without_memory_nothing_more_is_queued(void **state)
{
    mount(&of_channels);
    struct connection *it = client(0);
    join(it, "told:1");
    it->kept = MAX;
    pinion_frame *frame = pinion_frame_new(false, "x", 1);
    shortage_begin(0, 1);
    int rc = pinion_transport_admit(it->socket, frame, QUARTER + 1);
    assert_int_equal(shortage_end(), 1);
    pinion_frame_unref(frame);
    assert_int_equal(rc, PINION_ENOMEM);
    assert_false(it->socket->behind);
    fall_behind(it);
    catch_up(it);
    expect_calls("told:1 ");
}

static pinion_result raw_drained(pinion_socket *socket)
{
    called("raw");
    return pinion_noreply();
}

static const pinion_raw_socket_def raw = { .drained = raw_drained };

static void a_raw_socket_is_told_too(void **state)
{
    ok(pinion_endpoint_raw_socket(pinion_test_endpoint(test), "/socket", &raw, &small));
    struct connection *it = client(0);
    pinion_test_run(test);
    fall_behind(it);
    catch_up(it);
    expect_calls("raw ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_was_behind_is_told_once),
        TEST(a_quarter_is_not_much),
        TEST(a_large_frame_is_much_though_it_leaves_at_once),
        TEST(a_report_while_something_waits_again_counts_for_nothing),
        TEST(the_socket_hears_it_before_its_channels),
        TEST(a_socket_may_be_told_alone),
        TEST(channels_that_have_not_joined_are_not_told),
        TEST(a_push_that_finds_no_room_counts_as_much),
        TEST(who_has_no_such_callback_is_asked_for_later),
        TEST(a_transport_asks_from_a_quarter_on),
        TEST(nobody_is_told_of_a_socket_that_has_ended),
        TEST(many_may_be_behind),
        TEST(a_busy_channel_is_told_when_its_work_is_done),
        TEST(without_memory_nothing_more_is_queued),
        TEST(a_raw_socket_is_told_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
