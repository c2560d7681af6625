/* "disconnect" with a close code of the application. */
#include "helpers/engine.h"

static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "users:7");
}

static const pinion_channel_def room = { .join = NULL };
static const pinion_socket_def user_socket = { .id = id, .channels = PINION_ROUTES({ "room:*", &room }) };
static char logged[500];

static void keep(pinion_log_level level, const char *line, void *data)
{
    if (level == PINION_LOG_WARNING)
        snprintf(logged, sizeof logged, "%s", line);
}

static int set_up(void **state)
{
    int rc = setup(state);
    logged[0] = '\0';
    pinion_log_set_function(keep, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    return rc;
}

static int tear_down(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    pinion_log_set_function(NULL, NULL);
    return teardown(state);
}

static void expect_code(pinion_payload *payload, int code)
{
    pinion_test_client *one = connected(&user_socket), *other = connected(&user_socket);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:7", "disconnect", payload));
    ok(pinion_test_expect_close(one, code));
    ok(pinion_test_expect_close(other, code));
}

static void the_payload_names_the_code(void **state)
{
    expect_code(pinion_json("{s:i}", "code", 1000), 1000);
    expect_code(pinion_json("{s:i}", "code", 3000), 3000);
    expect_code(pinion_json("{s:i, s:s}", "code", 4999, "why", "banned"), 4999);
    assert_string_equal(logged, "");
}

static void without_one_it_is_1001(void **state)
{
    expect_code(NULL, 1001);
    expect_code(pinion_json("{s:n}", "code"), 1001);
    expect_code(pinion_json("[i]", 4001), 1001);
    expect_code(pinion_payload_binary("code", 4), 1001);
    assert_string_equal(logged, "");
}

static void other_codes_are_logged_and_not_sent(void **state)
{
    static const int others[] = { -1, 0, 999, 1001, 1005, 1006, 2999, 5000, 69537 };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_code(pinion_json("{s:i}", "code", others[i]), 1001);
    expect_code(pinion_json("{s:s}", "code", "4001"), 1001);
    assert_non_null(strstr(logged, "disconnect of \"users:7\": its code is not one that an application may"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_payload_names_the_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_one_it_is_1001, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_codes_are_logged_and_not_sent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
