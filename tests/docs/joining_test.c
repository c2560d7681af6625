/* docs/channels.md, "Joining". */
#include "docs/snippet.h"
#include <pthread.h>

/* ---- the snippets ---- */

static pinion_result room_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "rooms:lobby") != 0)
        return pinion_error(pinion_json("{s:s}", "reason", "unauthorized"));
    return pinion_ok(pinion_json("{s:s}", "motto", "Be kind"));
}

static pinion_result room_after_join(pinion_channel *channel, const pinion_payload *params)
{
    json_t *user = pinion_payload_get(params, "user");
    pinion_broadcast_from(channel, "user_joined", pinion_json("{s:O?}", "user", user));
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .join = room_join,
    .after_join = room_after_join,
};

/* The application's database. */
static bool database_has_member(const char *room, json_int_t user)
{
    return strcmp(room, "private:club") == 0 && user == 7;
}

struct membership {
    char room[256]; /* a topic has 255 bytes at most */
    json_int_t user;
    bool found;
};

/* On another thread: it may block, and must not touch the channel. */
static void look_up(void *data)
{
    struct membership *membership = data;
    membership->found = database_has_member(membership->room, membership->user);
}

/* On the loop again: what this returns is the answer to the join. */
static pinion_result looked_up(pinion_channel *channel, int status, void *data)
{
    struct membership *membership = data;
    bool found = membership->found;
    free(membership);
    if (status != 0)
        return pinion_noreply(); /* the client has gone: nobody waits for the answer */
    return found ? pinion_ok(NULL) : pinion_error(pinion_json("{s:s}", "reason", "not a member"));
}

static pinion_result private_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    struct membership *membership = calloc(1, sizeof *membership);
    if (!membership)
        return pinion_crash();
    snprintf(membership->room, sizeof membership->room, "%s", topic);
    membership->user = json_integer_value(pinion_payload_tree(pinion_assigned(channel, "user_id")));
    if (pinion_channel_work(channel, look_up, looked_up, membership) != 0) {
        free(membership);
        return pinion_crash();
    }
    return pinion_later();
}

/* The application's gatekeeper: a service whose client library answers on a thread of its own. */
struct question {
    char topic[256];
    void (*answered)(void *data, bool allowed);
    void *data;
};

static pthread_t gatekeeper;

static void *think(void *data)
{
    struct question *question = data;
    question->answered(question->data, strcmp(question->topic, "invited:party") == 0);
    free(question);
    return NULL;
}

static int gatekeeper_ask(const char *topic, void (*answered)(void *data, bool allowed), void *data)
{
    struct question *question = calloc(1, sizeof *question);
    if (!question)
        return -1;
    snprintf(question->topic, sizeof question->topic, "%s", topic);
    question->answered = answered;
    question->data = data;
    return pthread_create(&gatekeeper, NULL, think, question);
}

/* On a thread of the gatekeeper's. */
static void gatekeeper_answered(void *data, bool allowed)
{
    pinion_ref *ref = data;
    pinion_ref_answer(ref, allowed ? pinion_ok(NULL) : pinion_error(NULL));
    pinion_ref_free(ref);
}

static pinion_result invited_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_ref *ref = pinion_ref_new(channel);
    if (!ref || gatekeeper_ask(topic, gatekeeper_answered, ref) != 0) {
        pinion_ref_free(ref);
        return pinion_crash();
    }
    return pinion_later();
}

/* ---- their tests ---- */

static pinion_result sign_in(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    const char *user = json_string_value(pinion_payload_get(params, "user"));
    ok(pinion_socket_assign(socket, "user_id", pinion_json("i", user ? atoi(user) : 0)));
    return pinion_ok(NULL);
}

static pinion_ref *unanswered;

static pinion_result never_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    assert_int_equal(pinion_push(channel, "early", NULL), PINION_ENOTJOINED);
    assert_int_equal(pinion_broadcast(channel, "early", NULL), PINION_ENOTJOINED);
    unanswered = pinion_ref_new(channel);
    assert_non_null(unanswered);
    return pinion_later();
}

static const pinion_channel_def private_channel = { .join = private_join };
static const pinion_channel_def invited_channel = { .join = invited_join };
static const pinion_channel_def never_channel = { .join = never_join };

static const pinion_socket_def user_socket = {
    .connect = sign_in,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }, { "private:*", &private_channel },
                              { "invited:*", &invited_channel }, { "never:*", &never_channel }),
};

static void the_lobby_is_open_and_other_rooms_are_not(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "rooms:lobby", pinion_json("{s:s}", "user", "ann"));
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "motto")), "Be kind");
    expect_refusal(ann, "rooms:vault", NULL, "unauthorized");
    joined(&user_socket, "rooms:lobby", pinion_json("{s:s}", "user", "bob"));
    ok(pinion_test_expect_push(ann, "rooms:lobby", "user_joined", "{\"user\":\"bob\"}"));
    ok(pinion_test_refute_push(ann, "rooms:lobby", "user_joined"));
}

static void the_database_decides(void **state)
{
    pinion_test_client *client;
    ok(pinion_test_connect(test, &user_socket, NULL, "user=7", &client));
    ok(pinion_test_join(client, "private:club", NULL));
    expect_refusal(client, "private:palace", NULL, "not a member");
    ok(pinion_test_connect(test, &user_socket, NULL, "user=8", &client));
    expect_refusal(client, "private:club", NULL, "not a member");
}

static void another_service_decides(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    ok(pinion_test_join(client, "invited:party", NULL));
    pthread_join(gatekeeper, NULL);
    assert_int_equal(pinion_test_join(client, "invited:wedding", NULL), PINION_EACCES);
    pthread_join(gatekeeper, NULL);
}

/* A join that nobody answers, beside a topic that was joined before it. */
static pinion_test_client *waiting(void)
{
    pinion_test_client *client = joined(&user_socket, "rooms:lobby", NULL);
    send_text(client, "[\"8\",\"8\",\"never:1\",\"phx_join\",{}]");
    return client;
}

static void all_that_a_client_sends_waits_for_the_answer(void **state)
{
    pinion_test_client *client = waiting();
    send_text(client, "[\"1\",\"9\",\"rooms:lobby\",\"phx_leave\",{}]");
    send_text(client, "[null,\"10\",\"phoenix\",\"heartbeat\",{}]");
    expect_no_frame(client);
    joined(&user_socket, "rooms:lobby", pinion_json("{s:s}", "user", "bob"));
    ok(pinion_test_expect_push(client, "rooms:lobby", "user_joined", "{\"user\":\"bob\"}"));

    ok(pinion_ref_answer(unanswered, pinion_ok(NULL)));
    pinion_test_run(test);
    expect_frame(client, "[\"8\",\"8\",\"never:1\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"9\",\"rooms:lobby\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"rooms:lobby\",\"phx_close\",{}]");
    expect_frame(client, "[null,\"10\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

static void who_is_never_answered_is_closed_when_silent(void **state)
{
    pinion_test_client *client = waiting();
    for (int i = 0; i < 10; i++) {
        pinion_test_advance(test, 30000);
        send_text(client, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    }
    expect_no_frame(client);
    assert_int_equal(pinion_test_close_code(client), 0);
    pinion_test_advance(test, 60000 + 60000 / 16);
    ok(pinion_test_expect_close(client, 1002));
}

/* The ref of the join that nobody answers. */
static int forget(void **state)
{
    pinion_ref_free(unanswered);
    unanswered = NULL;
    return teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_lobby_is_open_and_other_rooms_are_not, setup, teardown),
        cmocka_unit_test_setup_teardown(the_database_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(another_service_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_a_client_sends_waits_for_the_answer, setup, forget),
        cmocka_unit_test_setup_teardown(who_is_never_answered_is_closed_when_silent, setup, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
