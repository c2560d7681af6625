/* docs/channels.md, "Sockets". */
#include "docs/snippet.h"

/* The application's: who has this session, or 0. */
static int user_of_session(const char *session)
{
    return session && strcmp(session, "s3cret") == 0 ? 7 : 0;
}

static pinion_result user_connect(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    int user = user_of_session(json_string_value(pinion_payload_get(params, "session")));
    if (user == 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user_id", pinion_json("i", user)) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static int user_socket_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user_id"));
    return snprintf(text, size, "users:%d", (int)json_integer_value(user));
}

static const pinion_channel_def room_channel = { 0 };

static const pinion_socket_def user_socket = {
    .connect = user_connect,
    .id = user_socket_id,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static void log_out(pinion_endpoint *endpoint, int user)
{
    char id[32];
    snprintf(id, sizeof id, "users:%d", user);
    pinion_endpoint_broadcast(endpoint, id, "disconnect", NULL);
}

static void a_client_without_a_session_is_refused(void **state)
{
    pinion_test_client *client;
    assert_int_equal(pinion_test_connect(test, &user_socket, NULL, "session=stolen", &client), PINION_EACCES);
    assert_int_equal(pinion_test_connect(test, &user_socket, NULL, "", &client), PINION_EACCES);
}

static void logging_out_closes_the_sockets_of_one_user(void **state)
{
    pinion_test_client *client;
    ok(pinion_test_connect(test, &user_socket, NULL, "session=s3cret", &client));
    log_out(pinion_test_endpoint(test), 8);
    pinion_test_run(test);
    assert_int_equal(pinion_test_close_code(client), 0);
    log_out(pinion_test_endpoint(test), 7);
    ok(pinion_test_expect_close(client, 1001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_without_a_session_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(logging_out_closes_the_sockets_of_one_user, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
