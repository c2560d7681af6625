/* A queue that is full: what goes, who is closed, and what is counted. */
#include "base/frame.h"
#include "helpers/engine.h"
#include "helpers/no_transport.h"

#define MAX   1000
#define SMALL 100 /* of memory, of each frame in the queue */

/* A connection that counts frames, and is asked what it would do about them. */
static struct connection {
    size_t broadcasts; /* that wait, the oldest */
    size_t others;
    size_t sendable; /* frames that go with the next flush, broadcasts first */
    size_t flushes;
    size_t times;
} connection;
static pinion_socket *sockets[2];
static char logged[600];

static void keep(pinion_log_level level, const char *line, void *data)
{
    snprintf(logged, sizeof logged, "%s", line);
}

static size_t waiting(void *conn)
{
    assert_ptr_equal(conn, &connection);
    return (connection.broadcasts + connection.others) * SMALL;
}

static void flush(void *conn)
{
    size_t first = connection.sendable < connection.broadcasts ? connection.sendable : connection.broadcasts;
    connection.flushes++;
    connection.broadcasts -= first;
    connection.others -= connection.sendable - first;
    connection.sendable = 0;
}

static size_t drop(void *conn, size_t most)
{
    size_t dropped = 0;
    for (; connection.broadcasts > 0 && waiting(conn) > most; dropped++)
        connection.broadcasts--;
    return dropped;
}

static size_t allowance(void *conn)
{
    return connection.times;
}

static pinion_socket *connect_to(const pinion_transport *transport, bool drop_broadcasts)
{
    static const pinion_socket_def def = { 0 };
    const char *path = drop_broadcasts ? "/dropping" : "/closing";
    const pinion_socket_options options = { .max_queue = MAX, .drop_broadcasts = drop_broadcasts };
    const pinion_connect_info info = { .transport = "mine", .peer = "203.0.113.7" };
    pinion_socket **socket = &sockets[drop_broadcasts];
    connection = (struct connection){ .times = 1 };
    ok(pinion_endpoint_socket(pinion_test_endpoint(test), path, &def, &options));
    ok(pinion_transport_connect(pinion_test_endpoint(test), path, transport, &connection, "vsn=2.0.0", &info,
                                socket, NULL));
    return *socket;
}

/* The transport that has all of it. */
static pinion_socket *client(bool drop_broadcasts)
{
    static pinion_transport full;
    full = no_transport;
    full.name = "mine";
    full.waiting = waiting;
    full.flush = flush;
    full.drop = drop;
    full.allowance = allowance;
    return connect_to(&full, drop_broadcasts);
}

static int leave(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        if (sockets[i])
            pinion_transport_ended(sockets[i]);
        sockets[i] = NULL;
    }
    pinion_log_set_function(NULL, NULL);
    pinion_test_run(test);
    return teardown(state);
}

static int admit(pinion_socket *socket, bool broadcast, size_t memory)
{
    pinion_frame *frame = pinion_frame_new(false, "x", 1);
    frame->droppable = broadcast;
    int rc = pinion_transport_admit(socket, frame, memory);
    pinion_frame_unref(frame);
    return rc;
}

static void what_fits_is_admitted(void **state)
{
    pinion_socket *socket = client(false);
    connection.others = 9;
    ok(admit(socket, false, MAX - 9 * SMALL));
    assert_int_equal(connection.flushes, 0);
    assert_true(pinion_transport_has_room(pinion_socket_limits(socket), 9 * SMALL, MAX - 9 * SMALL));
    assert_false(pinion_transport_has_room(pinion_socket_limits(socket), 9 * SMALL, MAX - 9 * SMALL + 1));
}

static void a_larger_frame_goes_when_nothing_waits(void **state)
{
    pinion_socket *socket = client(false);
    ok(admit(socket, false, 10 * MAX));
    assert_true(pinion_transport_has_room(pinion_socket_limits(socket), 0, 10 * MAX));
    connection.others = 1;
    assert_int_equal(admit(socket, false, 10 * MAX), PINION_ECLOSED);
    assert_false(pinion_transport_has_room(pinion_socket_limits(socket), SMALL, 10 * MAX));
}

static void what_can_be_sent_is_sent_first(void **state)
{
    pinion_socket *socket = client(true);
    connection.broadcasts = 10;
    connection.sendable = 1;
    ok(admit(socket, false, SMALL));
    assert_int_equal(connection.flushes, 1);
    assert_int_equal(connection.broadcasts, 9);
    assert_int_equal(stats().skipped, 0);
}

static void who_does_not_read_is_closed_and_counted(void **state)
{
    pinion_socket *socket = client(false);
    pinion_log_set_level(PINION_LOG_INFO);
    pinion_log_set_function(keep, NULL);
    connection.broadcasts = 10;
    assert_int_equal(admit(socket, true, SMALL), PINION_ECLOSED);
    assert_int_equal(connection.broadcasts, 10);
    assert_int_equal(stats().slow_closed, 1);
    assert_int_equal(stats().skipped, 0);
    assert_string_equal(logged,
                        "mine /closing: a client does not read what it is sent, closed (peer 203.0.113.7)");
    assert_non_null(strstr(pinion_error_detail(), "does not read"));
    pinion_transport_slow(socket);
    assert_int_equal(stats().slow_closed, 2);
}

/* An eighth more than is needed. */
static void the_oldest_broadcasts_make_room(void **state)
{
    pinion_socket *socket = client(true);
    connection.broadcasts = 8;
    connection.others = 2;
    ok(admit(socket, false, SMALL));
    assert_int_equal(connection.broadcasts, 5); /* with the new one 800 of at most 875 */
    assert_int_equal(stats().skipped, 3);
    ok(admit(socket, true, SMALL));
    assert_int_equal(stats().skipped, 3);
    assert_int_equal(stats().slow_closed, 0);
}

static void a_broadcast_that_finds_no_room_is_dropped_and_the_rest_closes(void **state)
{
    pinion_socket *socket = client(true);
    connection.broadcasts = 1;
    connection.others = 10;
    assert_int_equal(admit(socket, true, SMALL), PINION_EBUSY);
    assert_int_equal(connection.broadcasts, 0);
    assert_int_equal(stats().skipped, 1); /* who sends the new one counts it */
    assert_int_equal(stats().slow_closed, 0);
    assert_int_equal(admit(socket, false, SMALL), PINION_ECLOSED);
    assert_int_equal(stats().slow_closed, 1);
}

static int admit_dispensable(pinion_socket *socket, size_t memory)
{
    pinion_frame *frame = pinion_frame_new(false, "x", 1);
    frame->droppable = PINION_LOSS_FREE;
    int rc = pinion_transport_admit(socket, frame, memory);
    pinion_frame_unref(frame);
    return rc;
}

static void what_the_client_may_miss_closes_nobody(void **state)
{
    pinion_socket *socket = client(false);
    connection.others = 9;
    ok(admit_dispensable(socket, SMALL));
    connection.broadcasts = 1;
    assert_int_equal(admit_dispensable(socket, SMALL), PINION_EBUSY);
    assert_int_equal(connection.broadcasts, 1); /* where broadcasts are kept, it makes no room */
    socket = client(true);
    connection.broadcasts = 10;
    ok(admit_dispensable(socket, SMALL));
    assert_int_equal(connection.broadcasts, 7);
    connection.broadcasts = 0;
    connection.others = 10;
    assert_int_equal(admit_dispensable(socket, SMALL), PINION_EBUSY);
    assert_int_equal(stats().slow_closed, 0);
}

static void who_cannot_read_now_may_have_more_waiting(void **state)
{
    pinion_socket *socket = client(false);
    connection.times = 4;
    connection.others = 39;
    ok(admit(socket, false, SMALL));
    connection.others = 41;
    assert_int_equal(admit(socket, false, SMALL), PINION_ECLOSED);
    socket = client(true);
    connection.times = 4;
    connection.others = 10;
    assert_int_equal(admit(socket, true, SMALL), PINION_EBUSY); /* broadcasts go at the first max_queue */
    ok(admit(socket, false, SMALL));
}

static void a_transport_need_not_have_all_of_it(void **state)
{
    static pinion_transport partial;
    partial = no_transport;
    partial.waiting = waiting;
    pinion_socket *socket = connect_to(&partial, true);
    connection.broadcasts = 10;
    assert_int_equal(admit(socket, true, SMALL), PINION_EBUSY);
    assert_int_equal(admit(socket, false, SMALL), PINION_ECLOSED);
    ok(admit(connect_to(&no_transport, false), false, 10 * MAX));
}

static size_t all_of_it(void *conn)
{
    return waiting(conn) + 5 * SMALL; /* it does not count five frames against the client */
}

static void what_waits_is_told_to_the_application(void **state)
{
    static pinion_transport forgiving;
    forgiving = no_transport;
    forgiving.waiting = waiting;
    pinion_socket *socket = client(false);
    assert_int_equal(pinion_socket_queued(socket), 0);
    connection.others = 3;
    assert_int_equal(pinion_socket_queued(socket), 3 * SMALL);
    forgiving.queued = all_of_it;
    socket = connect_to(&forgiving, true);
    assert_int_equal(pinion_socket_queued(socket), 5 * SMALL);
}

static void nothing_waits_for_one_that_is_gone(void **state)
{
    pinion_socket *socket = client(false);
    connection.others = 3;
    pinion_transport_ended(socket);
    sockets[0] = NULL;
    assert_int_equal(pinion_socket_queued(socket), 0);
    assert_int_equal(pinion_socket_queued(connect_to(&no_transport, true)), 0);
}

static void a_socket_that_has_ended_admits_nothing(void **state)
{
    pinion_socket *socket = client(false);
    pinion_transport_ended(socket);
    sockets[0] = NULL;
    assert_int_equal(admit(socket, false, 1), PINION_ECLOSED);
    assert_int_equal(stats().slow_closed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fits_is_admitted),
        TEST(a_larger_frame_goes_when_nothing_waits),
        TEST(what_can_be_sent_is_sent_first),
        TEST(who_does_not_read_is_closed_and_counted),
        TEST(the_oldest_broadcasts_make_room),
        TEST(a_broadcast_that_finds_no_room_is_dropped_and_the_rest_closes),
        TEST(what_the_client_may_miss_closes_nobody),
        TEST(who_cannot_read_now_may_have_more_waiting),
        TEST(a_transport_need_not_have_all_of_it),
        TEST(what_waits_is_told_to_the_application),
        TEST(nothing_waits_for_one_that_is_gone),
        TEST(a_socket_that_has_ended_admits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
