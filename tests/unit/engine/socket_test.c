/* Sockets: connecting at once and later, names and "disconnect", state, limits. */
#include "helpers/capture.h"
#include "helpers/engine.h"
#include "testing/loopback.h"

#define AS_LONG_AS_IT_IS 1000 /* as name_len */

static pinion_ref *late;
static pinion_result next_connect;
static char name[300]; /* what id says */
static int name_len;   /* what it returns */
static int destroyed, terminated;
static bool named_at_the_end;

static void destroy(void *state)
{
    destroyed++;
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    assert_string_equal(pinion_connect_transport(info), "loopback");
    assert_string_equal(pinion_connect_peer(info), "");
    assert_null(pinion_connect_header(info, "origin").ptr);
    assert_ptr_equal(pinion_socket_endpoint(socket), pinion_test_endpoint(test));
    pinion_socket_set_state(socket, &destroyed, destroy);
    pinion_ref_free(late);
    late = pinion_ref_new_socket(socket);
    assert_non_null(late);
    return next_connect;
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    int len = snprintf(text, size, "%s", name);
    return name_len == AS_LONG_AS_IT_IS ? len : name_len;
}

static pinion_result use_socket_ref(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_ref *ref = pinion_ref_new_socket(pinion_channel_socket(channel));
    assert_int_equal(pinion_ref_answer(ref, pinion_ok(pinion_json("{}"))), PINION_EINVAL);
    assert_int_equal(pinion_ref_send(ref, "x", pinion_json("{}")), PINION_EINVAL);
    assert_int_equal(pinion_ref_reply(ref, "ok", pinion_json("{}")), PINION_EINVAL);
    assert_int_equal(pinion_ref_send_data(ref, "x", &destroyed, destroy), PINION_EINVAL);
    pinion_ref_free(ref);
    return pinion_ok(NULL);
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_json("s", pinion_channel_topic(channel)));
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    const char *own = pinion_socket_id(pinion_channel_socket(channel));
    assert_int_equal(reason, PINION_REASON_CLOSED);
    assert_ptr_equal(pinion_socket_state(pinion_channel_socket(channel)), &destroyed);
    named_at_the_end = own && strcmp(own, name) == 0;
    terminated++;
}

static const pinion_channel_def channel_def = {
    .handle_in = PINION_CLAUSES({ "ref", use_socket_ref }, { "echo", echo }),
    .terminate = terminate,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "r*", &channel_def }),
                                              .connect = connect,
                                              .id = id };

/* A connection without the kit, which would wait for a late answer. */
static struct pinion_mount mount;
static struct pinion_loopback connection;

static int setup_socket(void **state)
{
    destroyed = terminated = 0;
    next_connect = pinion_ok(NULL);
    strcpy(name, "users:7");
    name_len = AS_LONG_AS_IT_IS;
    named_at_the_end = false;
    assert_int_equal(pinion__mount_init(&mount, "/s", &socket_def, NULL), 0);
    return setup(state);
}

static int teardown_socket(void **state)
{
    int rc = teardown(state);
    pinion__mount_release(&mount);
    pinion_ref_free(late);
    late = NULL;
    return rc;
}

static int begin_connect(const char *vsn)
{
    pinion_payload *params = pinion_json("{s:s}", "vsn", vsn);
    int rc = pinion__loopback_connect(&connection, pinion__hub_of(pinion_test_endpoint(test))->shards[0],
                                      &mount, params, NULL);
    pinion_payload_unref(params);
    return rc;
}

static void end_connection(void)
{
    pinion__loopback_disconnect(&connection);
    pinion_test_run(test);
    pinion__loopback_release(&connection);
    assert_int_equal(stats().sockets, 0);
    assert_int_equal(stats().topics, 0);
    assert_int_equal(destroyed, 1);
}

/* ---- connecting ---- */

static void refused(const char *query, pinion_result result)
{
    pinion_test_client *client = NULL;
    next_connect = result;
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, query, &client), PINION_EACCES);
    assert_null(client);
    assert_int_equal(stats().sockets, 0);
    assert_int_equal(stats().topics, 0);
}

static void whatever_is_not_ok_refuses(void **state)
{
    refused("", pinion_error(NULL));
    refused("", pinion_error(pinion_json("{s:s}", "reason", "no")));
    refused("", pinion_reply("perhaps", NULL));
    refused("", pinion_noreply());
    refused("", pinion_crash());
    refused("", pinion_stop(PINION_REASON_NORMAL));
    refused("", pinion_ok(pinion_json("nonsense")));
    assert_int_equal(destroyed, 7);
}

static void an_unknown_version_is_refused_before_connect(void **state)
{
    refused("vsn=3.0.0", pinion_ok(NULL));
    refused("vsn=", pinion_ok(NULL));
    refused("vsn=2", pinion_ok(NULL));
    assert_int_equal(destroyed, 0);
}

static void frames_wait_for_a_late_answer(void **state)
{
    static const char join[] = "[\"1\",\"1\",\"room\",\"phx_join\",{}]";
    next_connect = pinion_later();
    assert_int_equal(begin_connect("2.0.0"), PINION_EPENDING);
    assert_int_equal(pinion__loopback_send(&connection, PINION_OPCODE_TEXT, pinion__slice_str(join)), 0);
    pinion_test_run(test);
    assert_int_equal(stats().channels, 0);
    assert_int_equal(stats().topics, 0); /* it has no name yet */
    assert_int_equal(pinion_ref_answer(late, pinion_later()), PINION_EINVAL);
    pinion_test_run(test);
    assert_int_equal(connection.connect_status, PINION_EPENDING);
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))));
    pinion_test_run(test);
    assert_int_equal(connection.connect_status, 0);
    assert_int_equal(stats().channels, 1);
    assert_int_equal(stats().topics, 2);
    ok(pinion_ref_answer(late, pinion_error(pinion_json("{}")))); /* only the first counts */
    pinion_test_run(test);
    assert_int_equal(stats().channels, 1);
    end_connection();
    assert_int_equal(terminated, 1);
}

static void a_late_answer_may_refuse(void **state)
{
    next_connect = pinion_later();
    assert_int_equal(begin_connect("2.0.0"), PINION_EPENDING);
    ok(pinion_ref_answer(late, pinion_error(pinion_json("{}"))));
    pinion_test_run(test);
    assert_int_equal(connection.connect_status, PINION_EACCES);
    end_connection();
}

static void a_client_may_go_before_the_answer(void **state)
{
    next_connect = pinion_later();
    assert_int_equal(begin_connect("2.0.0"), PINION_EPENDING);
    end_connection();
    ok(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))));
    pinion_test_run(test);
    assert_int_equal(stats().topics, 0);
}

static void an_answer_after_the_endpoint_is_consumed(void **state)
{
    next_connect = pinion_later();
    assert_int_equal(begin_connect("2.0.0"), PINION_EPENDING);
    end_connection();
    teardown(state);
    assert_int_equal(pinion_ref_answer(late, pinion_ok(pinion_json("{}"))), PINION_ECLOSED);
    ok(setup(state));
}

static void outside_connect_a_sockets_ref_does_nothing(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room", NULL));
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "room", "ref", NULL), "ok", NULL));
    assert_int_equal(destroyed, 1); /* of the data that could not be sent */
}

/* ---- names ---- */

static void disconnect_closes_every_socket_of_the_name(void **state)
{
    pinion_test_client *a = connected(&socket_def), *b = connected(&socket_def), *other;
    strcpy(name, "users:8");
    other = connected(&socket_def);
    strcpy(name, "users:7");
    ok(pinion_test_join(a, "room", NULL));
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:7", "other", NULL));
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:", "disconnect", NULL));
    pinion_test_run(test);
    assert_int_equal(pinion_test_close_code(a), 0);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:7", "disconnect", NULL));
    ok(pinion_test_expect_close(a, 1001));
    ok(pinion_test_expect_close(b, 1001));
    assert_int_equal(pinion_test_close_code(other), 0);
    assert_int_equal(terminated, 1);
    assert_true(named_at_the_end);
    assert_int_equal(destroyed, 2);
    assert_int_equal(stats().sockets, 1);
}

static void check_nameless(int len)
{
    name_len = len;
    pinion_test_client *client = connected(&socket_def);
    assert_int_equal(stats().topics, 0);
    pinion_test_disconnect(client);
}

static void what_is_no_name_names_nothing(void **state)
{
    check_nameless(0);
    check_nameless(-1);
    memset(name, 'n', sizeof name - 1);
    name[256] = '\0';
    check_nameless(AS_LONG_AS_IT_IS);
    name[255] = '\0';
    pinion_test_client *client = connected(&socket_def);
    assert_int_equal(stats().topics, 1); /* 255 bytes are a name */
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), name, "disconnect", NULL));
    ok(pinion_test_expect_close(client, 1001));
}

/* ---- limits ---- */

static void a_hundred_channels_are_the_most(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    char topic[24], pattern[32];
    for (int i = 0; i < 100; i++) {
        snprintf(topic, sizeof topic, "room:%d", i);
        ok(pinion_test_join(client, topic, NULL));
    }
    assert_int_equal(pinion_test_join(client, "room:100", NULL), PINION_EACCES);
    assert_int_equal(stats().channels, 100);
    for (int i = 0; i < 100; i++) { /* each is found among the many */
        snprintf(topic, sizeof topic, "room:%d", i);
        snprintf(pattern, sizeof pattern, "\"%s\"", topic);
        ok(pinion_test_expect_reply(client, pinion_test_push(client, topic, "echo", NULL), "ok", pattern));
    }
    pinion_test_disconnect(client);
    assert_int_equal(terminated, 100);
    assert_int_equal(stats().channels, 0);
}

static void a_topic_of_more_than_255_bytes_is_no_topic(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    char topic[257], join[400];
    memset(topic, 'r', 256);
    topic[256] = '\0';
    ok(pinion_test_join(client, topic + 1, NULL));
    snprintf(join, sizeof join, "[\"2\",\"2\",\"%s\",\"phx_join\",{}]", topic);
    send_text(client, join);
    ok(pinion_test_expect_close(client, 1011));
}

/* Most often it is of another version: a client that names none speaks 1.0.0. */
static void the_log_says_of_which_version_a_frame_is_no_message(void **state)
{
    char text[1000];
    struct capture capture = { 0 };
    pinion_test_client *client;
    ok(pinion_test_connect(test, &socket_def, NULL, "vsn=1.0.0", &client));
    pinion_log_set_level(PINION_LOG_INFO);
    assert_int_equal(capture_begin(&capture), 0);
    send_text(client, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    capture_end(&capture, text, sizeof text);
    pinion_log_set_level(PINION_LOG_NONE);
    assert_non_null(strstr(text, "a frame is not a message of vsn 1.0.0: closed"));
}

static void the_timeout_is_the_mounts_and_may_be_none(void **state)
{
    pinion_test_client *brisk = NULL, *patient = NULL;
    ok(pinion_test_connect(test, &socket_def, &(pinion_socket_options){ .timeout_ms = 50 }, "", &brisk));
    ok(pinion_test_connect(test, &socket_def, &(pinion_socket_options){ .timeout_ms = PINION_NEVER }, "",
                           &patient));
    pinion_test_advance(test, 49);
    assert_int_equal(pinion_test_close_code(brisk), 0);
    pinion_test_advance(test, 1);
    ok(pinion_test_expect_close(brisk, 1002));
    pinion_test_advance(test, UINT64_C(10) * 365 * 24 * 3600 * 1000);
    assert_int_equal(pinion_test_close_code(patient), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_socket, teardown_socket)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(whatever_is_not_ok_refuses),
        T(an_unknown_version_is_refused_before_connect),
        T(frames_wait_for_a_late_answer),
        T(a_late_answer_may_refuse),
        T(a_client_may_go_before_the_answer),
        T(an_answer_after_the_endpoint_is_consumed),
        T(outside_connect_a_sockets_ref_does_nothing),
        T(disconnect_closes_every_socket_of_the_name),
        T(what_is_no_name_names_nothing),
        T(a_hundred_channels_are_the_most),
        T(a_topic_of_more_than_255_bytes_is_no_topic),
        T(the_log_says_of_which_version_a_frame_is_no_message),
        T(the_timeout_is_the_mounts_and_may_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
