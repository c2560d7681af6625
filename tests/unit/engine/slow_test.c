/* A callback that holds its loop is named in the log. */
#include "helpers/engine.h"
#include <time.h>

#define DAWDLE_MS 130
#define TICK_MS   10 /* the kernel's, by which it is measured: as much may be missing */

static char logged[600];

static void keep(pinion_log_level level, const char *line, void *data)
{
    if (level == PINION_LOG_WARNING)
        snprintf(logged, sizeof logged, "%s", line);
}

/* A busy machine makes it longer. */
static void assert_held_by(const char *callback)
{
    char start[200];
    snprintf(start, sizeof start, "%s held its loop for ", callback);
    const char *at = strstr(logged, start);
    assert_non_null(at);
    assert_true(atoi(at + strlen(start)) >= DAWDLE_MS - TICK_MS);
}

static pinion_result dawdle(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    nanosleep(&(struct timespec){ .tv_nsec = DAWDLE_MS * 1000000 }, NULL);
    return pinion_ok(NULL);
}

static pinion_result hurry(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .handle_in =
                                             PINION_CLAUSES({ "dawdle", dawdle }, { "hurry", hurry }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void a_slow_callback_is_named(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    ok(pinion_test_join(client, "room:1", NULL));
    pinion_log_set_function(keep, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "room:1", "hurry", NULL), "ok", NULL));
    assert_string_equal(logged, "");
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "room:1", "dawdle", NULL), "ok", NULL));
    pinion_log_set_function(NULL, NULL);
    assert_held_by("channel room:1: handle_in(dawdle)");
}

static void destroy_slowly(void *state)
{
    (void)dawdle(NULL, NULL, NULL);
}

static pinion_result keep_state(pinion_socket *socket, const pinion_payload *params,
                                const pinion_connect_info *info)
{
    pinion_socket_set_state(socket, &logged, destroy_slowly);
    return pinion_ok(NULL);
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "user:7");
}

static const pinion_socket_def stateful = { .connect = keep_state, .id = id };

static void a_slow_destructor_of_a_socket_is_named(void **state)
{
    pinion_test_client *client = connected(&stateful);
    pinion_log_set_function(keep, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    logged[0] = '\0';
    pinion_test_disconnect(client);
    pinion_test_run(test);
    pinion_log_set_function(NULL, NULL);
    assert_held_by("socket: the destructor of a socket's state(user:7)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slow_callback_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_destructor_of_a_socket_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
