/* An actor hears when a channel ends: once, whatever ends it, and not when it has ceased to listen. */
#include "helpers/actor.h"

static pinion_actor_ref *watcher;
static uint64_t monitors[10];

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_actor_later(channel, watcher, "watch", NULL, 0);
}

static pinion_result crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

static const pinion_channel_def room = { .join = join, .handle_in = PINION_CLAUSES({ "crash", crash }) };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &room }) };

static pinion_result note_down(pinion_actor *actor, const pinion_info *info)
{
    char text[40];
    last_actor = actor;
    snprintf(text, sizeof text, "%s %d: %d", info->name, (int)info->monitor, (int)info->reason);
    tell("info", text);
    return pinion_noreply();
}

static const pinion_actor_def watching = { .handle_call = actor_call, .handle_info = note_down };

static pinion_test_client *joined(const char *topic, uint64_t *monitor)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, topic, NULL));
    ok(last_code);
    *monitor = last_monitor;
    return client;
}

static void expect_down(uint64_t monitor, pinion_reason reason)
{
    char expected[100];
    snprintf(expected, sizeof expected, "info(down %d: %d) ", (int)monitor, (int)reason);
    expect_told(expected);
}

static int set_up(void **state)
{
    int rc = actor_setup(state);
    watcher = opened_as("watcher", &watching);
    return rc;
}

static int tear_down(void **state)
{
    int rc = teardown(state);
    pinion_actor_ref_free(watcher);
    return rc;
}

static void whatever_ends_the_channel(void **state)
{
    pinion_test_client *clients[4];
    char text[100];
    for (int i = 0; i < 4; i++)
        clients[i] = joined("room:a", &monitors[i]);
    story[0] = '\0';
    ok(pinion_test_leave(clients[0], "room:a"));
    expect_down(monitors[0], PINION_REASON_LEFT);
    assert_true(pinion_test_push(clients[1], "room:a", "crash", NULL) > 0);
    expect_down(monitors[1], PINION_REASON_CRASH);
    pinion_test_disconnect(clients[2]);
    expect_down(monitors[2], PINION_REASON_CLOSED);
    ok(pinion_test_join(clients[3], "room:a", NULL)); /* the old one ends */
    snprintf(text, sizeof text, "info(down %d: %d) ", (int)monitors[3], (int)PINION_REASON_DUPLICATE);
    assert_non_null(strstr(story, text));
}

static void one_that_is_not_listened_to_is_not_heard(void **state)
{
    pinion_test_client *client = joined("room:a", &monitors[0]);
    assert_true(pinion_actor_demonitor(last_actor, monitors[0]));
    assert_false(pinion_actor_demonitor(last_actor, monitors[0]));
    assert_false(pinion_actor_demonitor(last_actor, 12345));
    story[0] = '\0';
    pinion_test_disconnect(client);
    expect_told("");
}

static void an_actor_that_ends_hears_nothing(void **state)
{
    pinion_test_client *client = joined("room:a", &monitors[0]);
    ok(pinion_actor_stop(watcher, PINION_REASON_NORMAL));
    expect_told("call(watch) destroyed(watcher) ");
    pinion_test_disconnect(client);
    expect_told("");
}

/* ---- refs of other threads' making, and of sockets ---- */

static pinion_ref *kept;

static pinion_result keep(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    kept = pinion_ref_new(channel);
    return pinion_ok(NULL);
}

static const pinion_channel_def keeper = { .join = keep };
static const pinion_socket_def keeping = { .channels = PINION_ROUTES({ "room:*", &keeper }) };

static void a_channel_that_has_ended_is_down_at_once(void **state)
{
    pinion_test_client *client = connected(&keeping);
    ok(pinion_test_join(client, "room:a", NULL));
    sent(watcher, "hello");
    pinion_test_disconnect(client);
    pinion_test_run(test);
    story[0] = '\0';
    ok(pinion_actor_monitor(last_actor, kept, &monitors[0]));
    expect_down(monitors[0], PINION_REASON_CLOSED);
    pinion_ref_free(kept);
}

static void many_monitors_of_one_channel(void **state)
{
    char expected[200] = "";
    pinion_test_client *client = connected(&keeping);
    ok(pinion_test_join(client, "room:a", NULL));
    sent(watcher, "hello");
    pinion_test_run(test);
    story[0] = '\0';
    for (int i = 0; i < 5; i++) {
        ok(pinion_actor_monitor(last_actor, kept, &monitors[i]));
        if (i != 2)
            snprintf(expected + strlen(expected), 30, "info(down %d: %d) ", (int)monitors[i],
                     (int)PINION_REASON_CLOSED);
    }
    assert_true(pinion_actor_demonitor(last_actor, monitors[2]));
    pinion_test_disconnect(client);
    expect_told(expected);
    pinion_ref_free(kept);
}

static pinion_ref *of_socket;

static pinion_result keep_socket(pinion_socket *socket, const pinion_payload *params,
                                 const pinion_connect_info *info)
{
    of_socket = pinion_ref_new_socket(socket);
    return pinion_ok(NULL);
}

static void a_socket_cannot_be_monitored(void **state)
{
    static const pinion_socket_def def = { .connect = keep_socket };
    (void)connected(&def);
    sent(watcher, "hello");
    pinion_test_run(test);
    assert_int_equal(pinion_actor_monitor(last_actor, of_socket, NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "of a socket"));
    pinion_ref_free(of_socket);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_ends_the_channel),        TEST(one_that_is_not_listened_to_is_not_heard),
        TEST(an_actor_that_ends_hears_nothing), TEST(a_channel_that_has_ended_is_down_at_once),
        TEST(many_monitors_of_one_channel),     TEST(a_socket_cannot_be_monitored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
