/* The application's own data: the mount's, else the endpoint's, wherever a callback may ask for it. */
#include "helpers/engine.h"

static int endpoints_own, mounts_own;
static void *in_connect, *in_id, *in_join, *in_handle_in, *in_terminate, *in_destroy;
static void *of_endpoint;

static void destroy(void *channel)
{
    in_destroy = pinion_channel_context(channel);
}

static pinion_result connect_anybody(pinion_socket *socket, const pinion_payload *params,
                                     const pinion_connect_info *info)
{
    in_connect = pinion_socket_context(socket);
    return pinion_ok(NULL);
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    in_id = pinion_socket_context(socket);
    return 0;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    in_join = pinion_channel_context(channel);
    pinion_channel_set_state(channel, channel, destroy);
    return pinion_ok(NULL);
}

static pinion_result handle_in(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    in_handle_in = pinion_channel_context(channel);
    of_endpoint = pinion_endpoint_context(pinion_channel_endpoint(channel));
    return pinion_ok(NULL);
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    in_terminate = pinion_channel_context(channel);
}

static const pinion_channel_def room = { .join = join,
                                         .handle_in = PINION_CLAUSES({ "*", handle_in }),
                                         .terminate = terminate };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room", &room }),
                                               .connect = connect_anybody,
                                               .id = id };

static int setup_context(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    in_connect = in_id = in_join = in_handle_in = in_terminate = in_destroy = of_endpoint = NULL;
    return pinion_test_new(&test, &(pinion_test_options){ .context = *state });
}

static void visit(const pinion_socket_options *options)
{
    pinion_test_client *client;
    ok(pinion_test_connect(test, &user_socket, options, "", &client));
    ok(pinion_test_join(client, "room", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "room", "x", NULL), "ok", NULL));
    pinion_test_disconnect(client);
}

static void every_callback_found(const void *expected)
{
    assert_ptr_equal(in_connect, expected);
    assert_ptr_equal(in_id, expected);
    assert_ptr_equal(in_join, expected);
    assert_ptr_equal(in_handle_in, expected);
    assert_ptr_equal(in_terminate, expected);
    assert_ptr_equal(in_destroy, expected);
}

static void the_mounts_comes_first(void **state)
{
    visit(&(pinion_socket_options){ .context = &mounts_own });
    every_callback_found(&mounts_own);
    assert_ptr_equal(of_endpoint, &endpoints_own);
}

static void else_it_is_the_endpoints(void **state)
{
    visit(NULL);
    every_callback_found(&endpoints_own);
    assert_ptr_equal(of_endpoint, &endpoints_own);
}

static void else_there_is_none(void **state)
{
    in_connect = in_id = in_join = in_handle_in = in_terminate = in_destroy = &mounts_own;
    visit(NULL);
    every_callback_found(NULL);
    assert_null(of_endpoint);
}

static void a_mount_may_have_one_alone(void **state)
{
    visit(&(pinion_socket_options){ .context = &mounts_own });
    every_callback_found(&mounts_own);
    assert_null(of_endpoint);
}

#define WITH(name, context) cmocka_unit_test_prestate_setup_teardown(name, setup_context, teardown, context)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_mounts_comes_first, &endpoints_own),
        WITH(else_it_is_the_endpoints, &endpoints_own),
        WITH(else_there_is_none, NULL),
        WITH(a_mount_may_have_one_alone, NULL),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
