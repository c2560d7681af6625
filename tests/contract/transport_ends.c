/* The end of a client, by either side or both: once, and terminate runs once for each of its channels (what
 * tear_down looks at after every test). */
#include "contract/transport_suite.h"

/* ---- the client's ---- */

static void who_goes_without_a_word_is_noticed(void **state)
{
    serve(&(pinion_socket_options){ .longpoll_window_ms = 1000 });
    carrier->hang_up(joined("room:1"));
    await_terminated(1);
    assert_true(last_reason() == PINION_REASON_CLOSED || last_reason() == PINION_REASON_INACTIVE);
}

static void a_goodbye_is_answered(void **state)
{
    if (!carrier->say_close)
        skip();
    serve(NULL);
    void *client = joined("room:1"), *other = joined("room:1");
    carrier->say_close(client, 1000);
    hear_end(client, 1000);
    await_terminated(1);
    assert_int_equal(last_reason(), PINION_REASON_CLOSED);
    still_works(other);
    carrier->hang_up(client);
    carrier->hang_up(other);
}

/* ---- the server's ---- */

static void a_channel_may_end_alone(void **state)
{
    serve(NULL);
    void *client = joined("room:1");
    say(client, "[\"1\",\"2\",\"room:1\",\"stop\",{}]");
    hear(client, "[\"1\",\"1\",\"room:1\",\"phx_close\",{}]");
    await_terminated(1);
    still_works(client);
    carrier->hang_up(client);
}

static void disconnect_everybody(void)
{
    assert_int_equal(pinion_endpoint_broadcast(endpoint, "everybody", "disconnect", NULL), 0);
}

static void a_client_is_told_to_disconnect(void **state)
{
    serve(NULL);
    void *client = joined("room:1");
    disconnect_everybody();
    hear_end(client, 1001);
    hear_end(client, 1001);
    await_terminated(1);
    carrier->hang_up(client);
}

/* What was sent before the end comes before it. */
static void what_was_sent_comes_before_the_end(void **state)
{
    if (carrier->is_polled)
        skip();
    serve(NULL);
    void *client = joined("room:1");
    assert_int_equal(pinion_endpoint_broadcast(endpoint, "room:1", "last", NULL), 0);
    disconnect_everybody();
    hear(client, "[null,null,\"room:1\",\"last\",{}]");
    hear_end(client, 1001);
    carrier->hang_up(client);
}

static void a_server_that_goes_down_tells_everybody(void **state)
{
    void *clients[10];
    if (carrier->is_unlimited)
        skip();
    serve(NULL);
    for (int i = 0; i < 10; i++)
        clients[i] = joined("room:1");
    begin_stop();
    for (int i = 0; i < 10; i++) {
        hear_end(clients[i], 1012);
        carrier->hang_up(clients[i]);
    }
    await_terminated(10);
}

/* ---- both at once ---- */

#define CLIENTS 60

static void both_may_end_it_at_once(void **state)
{
    void *clients[CLIENTS];
    serve(NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = joined("room:1");
    for (int i = 0; i < CLIENTS; i++) {
        say(clients[i], "[\"1\",\"2\",\"room:1\",\"shout\",{}]");
        if (i == CLIENTS / 2)
            disconnect_everybody();
        carrier->hang_up(clients[i]);
    }
    await_terminated(CLIENTS);
}

static const struct CMUnitTest tests[] = {
    TRANSPORT_TEST(who_goes_without_a_word_is_noticed),
    TRANSPORT_TEST(a_goodbye_is_answered),
    TRANSPORT_TEST(a_channel_may_end_alone),
    TRANSPORT_TEST(a_client_is_told_to_disconnect),
    TRANSPORT_TEST(what_was_sent_comes_before_the_end),
    TRANSPORT_TEST(a_server_that_goes_down_tells_everybody),
    TRANSPORT_TEST(both_may_end_it_at_once),
};
const struct part transport_ends = { "ends", tests, sizeof tests / sizeof *tests };
