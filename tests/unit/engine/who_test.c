/* Lines of the log that a client causes: they name it, what it sent, and nothing that it could forge. */
#include "helpers/engine.h"
#include <stdlib.h>
#include <time.h>

static char line[1200];
static int lines;

static void keep_line(pinion_log_level level, const char *text, void *data)
{
    lines++;
    snprintf(line, sizeof line, "%s", text);
}

static pinion_result give_crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

static pinion_result crash_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_crash();
}

static pinion_result crash_raw(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    return pinion_crash();
}

static int user_id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "user:\"7\"");
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "boom", give_crash }) };
static const pinion_channel_def wreck = { .join = crash_join };
static const pinion_socket_def users = {
    .channels = PINION_ROUTES({ "room:*", &room }, { "wreck:*", &wreck }),
    .id = user_id,
};
static const pinion_raw_socket_def raw = { .handle_in = crash_raw, .id = user_id };

static pinion_test_client *client;

static int begin(void **state)
{
    int rc = setup(state);
    lines = 0;
    line[0] = '\0';
    pinion_log_set_function(keep_line, NULL);
    pinion_log_set_level(PINION_LOG_INFO);
    return rc;
}

static int end(void **state)
{
    pinion_log_set_function(NULL, NULL);
    return teardown(state);
}

static void connect_to(const pinion_socket_def *def)
{
    ok(pinion_test_connect(test, def, NULL, "", &client));
}

static void expect_said(const char *text)
{
    if (!strstr(line, text))
        fail_msg("\"%s\" does not say \"%s\"", line, text);
}

#define ID "socket id \"user:\\\"7\\\"\""

static void a_crash_names_event_topic_peer_and_socket(void **state)
{
    connect_to(&users);
    ok(pinion_test_join(client, "room:1", NULL));
    ok(pinion_test_push(client, "room:1", "boom", NULL));
    assert_int_equal(lines, 1);
    expect_said("channel room:1: handle_in(\"boom\") crashed: pinion_crash() (peer ");
    expect_said(ID);
}

static void an_event_without_a_clause_is_named(void **state)
{
    connect_to(&users);
    ok(pinion_test_join(client, "room:1", NULL));
    send_text(client, "[\"1\",\"9\",\"room:1\",\"e\\\"\\n(peer 1\",{}]");
    assert_int_equal(lines, 1);
    expect_said("channel room:1: handle_in(\"e\\\"\\x0a(peer 1\") crashed: no clause takes the event (peer ");
    expect_said(ID);
}

static void a_join_that_crashes_too(void **state)
{
    connect_to(&users);
    assert_int_equal(pinion_test_join(client, "wreck:1", NULL), PINION_EACCES);
    expect_said("channel wreck:1: join crashed: pinion_crash() (peer ");
    expect_said(ID);
}

static void a_raw_socket_too(void **state)
{
    ok(pinion_test_connect_raw(test, &raw, NULL, "", &client));
    send_text(client, "text");
    expect_said("handle_in crashed: pinion_crash() (peer ");
    expect_said(ID);
}

static void a_refused_vsn_is_named_and_cannot_forge(void **state)
{
    char query[2100] = "vsn=9%0A%22";
    memset(query + strlen(query), '9', 2000);
    assert_int_equal(pinion_test_connect(test, &users, NULL, query, &client), PINION_EACCES);
    assert_int_equal(lines, 1);
    expect_said("does not speak vsn \"9\\x0a\\\"99");
    expect_said("99\"... (peer ");
    assert_in_range(strlen(line), 1, 500);
}

static void a_reason_is_named(void **state)
{
    pinion_log_set_level(PINION_LOG_DEBUG);
    connect_to(&users);
    ok(pinion_test_join(client, "room:1", NULL));
    ok(pinion_test_leave(client, "room:1"));
    expect_said("channel room:1: ends: left");
}

/* 90,000 in a second, which was a line each. */
static void topics_without_a_route_are_one_line_a_second(void **state)
{
    char text[100];
    connect_to(&users);
    time_t began = time(NULL);
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "[null,\"1\",\"none:%d\",\"phx_join\",{}]", i);
        send_text(client, text);
    }
    assert_in_range(lines, 1, time(NULL) - began + 2); /* a machine that is busy may take many seconds */
    expect_said("no route for the topic \"none:");
    expect_said("peer ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_crash_names_event_topic_peer_and_socket),
        TEST(an_event_without_a_clause_is_named),
        TEST(a_join_that_crashes_too),
        TEST(a_raw_socket_too),
        TEST(a_refused_vsn_is_named_and_cannot_forge),
        TEST(a_reason_is_named),
        TEST(topics_without_a_route_are_one_line_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
