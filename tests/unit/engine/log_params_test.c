/* What of parameters reaches the log. */
#include "engine/log_params.h"
#include "helpers/engine.h"

static char text[PINION_LOG_PARAMS_MAX];

static const char *logged(pinion_payload *payload, const char *const *filter)
{
    pinion__log_params(text, payload, filter);
    pinion_payload_unref(payload);
    return text;
}

static void what_is_not_secret_is_shown(void **state)
{
    assert_string_equal(logged(pinion_json("{s:s, s:[i, n]}", "user", "ann", "list", 1), NULL),
                        "{\"user\":\"ann\",\"list\":[1,null]}");
    assert_string_equal(logged(pinion_json("s", "text"), NULL), "\"text\"");
    assert_string_equal(logged(NULL, NULL), "{}");
    assert_string_equal(logged(pinion_payload_binary("abc", 3), NULL), "3 bytes");
}

static void what_is_named_like_a_secret_is_not(void **state)
{
    assert_string_equal(
        logged(pinion_json("{s:s, s:{s:s, s:i}, s:[{s:s}], s:s}", "password", "x1", "user",
                           "new_PASSWORD_again", "x2", "age", 7, "list", "authToken", "x3", "vsn", "2.0.0"),
               NULL),
        "{\"password\":\"[FILTERED]\",\"user\":{\"new_PASSWORD_again\":\"[FILTERED]\",\"age\":7},"
        "\"list\":[{\"authToken\":\"[FILTERED]\"}],\"vsn\":\"2.0.0\"}");
    assert_string_equal(logged(pinion_json("{s:{s:s}}", "secrets", "a", "b"), NULL),
                        "{\"secrets\":\"[FILTERED]\"}");
}

static void the_words_may_be_ones_own(void **state)
{
    static const char *const words[] = { "ssn", NULL };
    assert_string_equal(logged(pinion_json("{s:s, s:s}", "ssn", "1", "password", "2"), words),
                        "{\"ssn\":\"[FILTERED]\",\"password\":\"2\"}");
}

static void what_is_long_is_cut_between_characters(void **state)
{
    char body[1200];
    for (size_t i = 0; i + 2 < sizeof body; i += 2)
        memcpy(body + i, "\xc3\xa9", 3);
    logged(pinion_json("{s:s}", "b", body), NULL);
    size_t len = strlen(text);
    assert_true(len < PINION_LOG_PARAMS_MAX);
    assert_string_equal(text + len - 3, "...");
    assert_int_equal((unsigned char)text[len - 5], 0xc3);
}

/* ---- in a server ---- */

static char lines[20000];

static void keep(pinion_log_level level, const char *line, void *data)
{
    size_t len = strlen(lines);
    snprintf(lines + len, sizeof lines - len, "%s\n", line);
}

static pinion_result ok_in(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "login", ok_in }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void connects_joins_and_messages_are_logged_without_secrets(void **state)
{
    pinion_test_client *client = NULL;
    lines[0] = '\0';
    pinion_log_set_function(keep, NULL);
    pinion_log_set_level(PINION_LOG_DEBUG);
    ok(pinion_test_connect(test, &user_socket, NULL, "user=ann&token=s3cr3t", &client));
    ok(pinion_test_join(client, "room:1", pinion_json("{s:s, s:s}", "as", "ann", "secret_key", "s3cr3t")));
    ok(pinion_test_push(client, "room:1", "login",
                        pinion_json("{s:s, s:s}", "name", "ann", "password", "s3cr3t")));
    pinion_log_set_level(PINION_LOG_NONE);
    pinion_log_set_function(NULL, NULL);
    assert_null(strstr(lines, "s3cr3t"));
    assert_non_null(strstr(lines, "connects by loopback: {\"user\":\"ann\",\"token\":\"[FILTERED]\""));
    assert_non_null(strstr(lines, "channel room:1: join {\"as\":\"ann\",\"secret_key\":\"[FILTERED]\"}"));
    assert_non_null(strstr(lines, "channel room:1: login {\"name\":\"ann\",\"password\":\"[FILTERED]\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_secret_is_shown),
        cmocka_unit_test(what_is_named_like_a_secret_is_not),
        cmocka_unit_test(the_words_may_be_ones_own),
        cmocka_unit_test(what_is_long_is_cut_between_characters),
        cmocka_unit_test_setup_teardown(connects_joins_and_messages_are_logged_without_secrets, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
