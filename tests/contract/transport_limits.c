/* Clients that send too much or what cannot be read, or do not read themselves: each pays for itself alone.
 */
#include "contract/transport_suite.h"

/* ---- a message's size ---- */

#define ECHO     "[\"1\",\"2\",\"room:1\",\"echo\",{\"x\":\""
#define ECHO_END "\"}]"

static void say_sized(void *client, size_t length)
{
    char text[MAX_MESSAGE + 2];
    memset(text, 'x', length);
    memcpy(text, ECHO, strlen(ECHO));
    memcpy(text + length - strlen(ECHO_END), ECHO_END, strlen(ECHO_END));
    carrier->send(client, false, text, length);
}

static void a_message_may_be_as_long_as_the_limit(void **state)
{
    if (carrier->is_unlimited)
        skip();
    serve(&(pinion_socket_options){ .max_message = MAX_MESSAGE });
    void *client = joined("room:1");
    say_sized(client, MAX_MESSAGE);
    struct transport_event event = carrier->next(client);
    assert_int_equal(event.kind, TRANSPORT_TEXT);
    assert_true(event.length > MAX_MESSAGE);
    still_works(client);
    carrier->hang_up(client);
}

static void a_byte_more_ends_the_connection(void **state)
{
    if (carrier->is_unlimited)
        skip();
    serve(&(pinion_socket_options){ .max_message = MAX_MESSAGE });
    void *client = joined("room:1"), *other = joined("room:1");
    say_sized(client, MAX_MESSAGE + 1);
    hear_end(client, 1009);
    await_terminated(1);
    still_works(other);
    carrier->hang_up(client);
    carrier->hang_up(other);
}

/* ---- what cannot be read ---- */

static void ends_with(const char *text, int code)
{
    serve(NULL);
    void *client = joined("room:1"), *other = joined("room:1");
    say(client, text);
    hear_end(client, code);
    await_terminated(1);
    still_works(other);
    carrier->hang_up(client);
    carrier->hang_up(other);
}

static void no_json_ends_the_connection(void **state)
{
    ends_with("[\"1\",\"2\",\"room:1\",", 1011);
}

static void no_message_ends_the_connection(void **state)
{
    ends_with("[1,2,3]", 1011);
}

static void no_utf8_ends_the_connection(void **state)
{
    ends_with("[\"1\",\"2\",\"room:1\",\"echo\",{\"x\":\"\xff\"}]", 1007);
}

/* ---- who does not read ---- */

#define PAD      8000
#define MESSAGES 3000 /* of PAD bytes: more than the kernel takes for a client */

static void broadcast(int n)
{
    static char pad[PAD + 1];
    memset(pad, 'x', PAD);
    assert_int_equal(
        pinion_endpoint_broadcast(endpoint, "room:1", "n", pinion_json("{s:i,s:s}", "n", n, "pad", pad)), 0);
}

static int number_in(struct transport_event event)
{
    int number = -1;
    json_t *frame = json_loadb(event.bytes, event.length, 0, NULL), *payload = json_array_get(frame, 4);
    if (json_is_integer(json_object_get(payload, "n")))
        number = (int)json_integer_value(json_object_get(payload, "n"));
    json_decref(frame);
    return number;
}

static void who_does_not_read_is_ended_and_nobody_else(void **state)
{
    struct transport_event event;
    int n = 0, expected = 0;
    if (carrier->is_unlimited)
        skip();
    serve(&(pinion_socket_options){ .max_queue = MAX_QUEUE });
    void *stalled = joined("room:1"), *reader = joined("room:1");
    for (; n < MESSAGES && terminated() == 0; n++) {
        broadcast(n);
        event = carrier->next(reader);
        assert_int_equal(event.kind, TRANSPORT_TEXT);
        assert_int_equal(number_in(event), n);
    }
    await_terminated(1);
    assert_int_equal(now().slow_closed, 1);
    while ((event = carrier->next(stalled)).kind == TRANSPORT_TEXT)
        assert_int_equal(number_in(event), expected++);
    assert_int_equal(event.kind, TRANSPORT_END);
    if (carrier->close_codes)
        assert_int_equal(event.code, 1008);
    assert_true(expected < n);
    still_works(reader);
    carrier->hang_up(stalled);
    carrier->hang_up(reader);
}

static bool is_reply(struct transport_event event)
{
    json_t *frame = json_loadb(event.bytes, event.length, 0, NULL);
    const char *name = json_string_value(json_array_get(frame, 3));
    bool is = name && strcmp(name, "phx_reply") == 0;
    json_decref(frame);
    return is;
}

/* Read what has waited, and what comes, until the last broadcast and a reply were there. Returns how many
 * broadcasts came. */
static int read_on(void *client, int end)
{
    int got = 0, last = -1;
    for (bool replied = false; last < end - 1 || !replied;) {
        struct transport_event event = carrier->next(client);
        assert_int_equal(event.kind, TRANSPORT_TEXT);
        if (is_reply(event)) {
            replied = true;
            continue;
        }
        assert_true(number_in(event) > last);
        last = number_in(event);
        got++;
    }
    return got;
}

static void hear_broadcast(void *reader, int n)
{
    broadcast(n);
    struct transport_event event = carrier->next(reader);
    assert_int_equal(event.kind, TRANSPORT_TEXT);
    assert_int_equal(number_in(event), n);
}

/* Its oldest broadcasts go, as many as were counted, and nothing else. */
static void or_it_does_without_the_oldest_broadcasts(void **state)
{
    int n = 0;
    if (carrier->is_unlimited)
        skip();
    serve(&(pinion_socket_options){ .max_queue = MAX_QUEUE, .drop_broadcasts = true });
    void *stalled = joined("room:1"), *reader = joined("room:1");
    for (; n < MESSAGES && now().skipped == 0; n++)
        hear_broadcast(reader, n);
    assert_true(now().skipped > 0);
    say(stalled, "[\"1\",\"2\",\"room:1\",\"echo\",{\"x\":1}]");
    for (int end = n + 20; n < end; n++)
        hear_broadcast(reader, n);
    int got = read_on(stalled, n);
    await_drained();
    assert_true(got < n);
    assert_int_equal(got + now().skipped, n);
    assert_int_equal(now().slow_closed, 0);
    assert_int_equal(terminated(), 0);
    still_works(stalled);
    still_works(reader);
    carrier->hang_up(stalled);
    carrier->hang_up(reader);
}

/* ---- many ---- */

#define CLIENTS 100

static void many_are_served_at_once(void **state)
{
    void *clients[CLIENTS];
    serve(NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = joined("room:1");
    say(clients[0], "[\"1\",\"2\",\"room:1\",\"shout\",{\"n\":1}]");
    for (int i = 0; i < CLIENTS; i++)
        hear(clients[i], "[null,null,\"room:1\",\"shout\",{\"n\":1}]");
    for (int i = 0; i < CLIENTS; i += 2)
        carrier->hang_up(clients[i]);
    say(clients[1], "[\"1\",\"2\",\"room:1\",\"shout\",{\"n\":2}]");
    for (int i = 1; i < CLIENTS; i += 2) {
        hear(clients[i], "[null,null,\"room:1\",\"shout\",{\"n\":2}]");
        still_works(clients[i]);
    }
    for (int i = 1; i < CLIENTS; i += 2)
        carrier->hang_up(clients[i]);
}

static const struct CMUnitTest tests[] = {
    TRANSPORT_TEST(a_message_may_be_as_long_as_the_limit),
    TRANSPORT_TEST(a_byte_more_ends_the_connection),
    TRANSPORT_TEST(no_json_ends_the_connection),
    TRANSPORT_TEST(no_message_ends_the_connection),
    TRANSPORT_TEST(no_utf8_ends_the_connection),
    TRANSPORT_TEST(who_does_not_read_is_ended_and_nobody_else),
    TRANSPORT_TEST(or_it_does_without_the_oldest_broadcasts),
    TRANSPORT_TEST(many_are_served_at_once),
};
const struct part transport_limits = { "limits", tests, sizeof tests / sizeof *tests };
