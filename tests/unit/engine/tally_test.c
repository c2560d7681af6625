/* What is counted of clients: why they ended, what became of their joins, and their messages. */
#include "engine/tally.h"
#include "helpers/metrics.h"

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "room:private") == 0)
        return pinion_error(NULL);
    return strcmp(topic, "room:broken") == 0 ? pinion_crash() : pinion_ok(NULL);
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .join = join, .handle_in = PINION_CLAUSES({ "echo", echo }) };

static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "user:7");
}

static pinion_result refuse(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    return pinion_error(NULL);
}

static const pinion_socket_def anybody = { .id = id, .channels = PINION_ROUTES({ "room:*", &room }) };
static const pinion_socket_def nobody = { .connect = refuse, .channels = PINION_ROUTES({ "room:*", &room }) };

static void assert_ended(const char *cause, int count)
{
    char label[50];
    snprintf(label, sizeof label, "cause=\"%s\"", cause);
    assert_metric("pinion_sockets_ended_total", label, count);
    assert_metric("pinion_sockets_ended_total", "", count);
}

static void each_cause_has_its_word(void **state)
{
    for (unsigned i = 0; i < PINION_CAUSES; i++)
        assert_non_null(pinion__cause_name(i));
    for (unsigned i = 0; i < PINION_JOINED_OUTCOMES; i++)
        assert_non_null(pinion__joined_name(i));
}

static void a_client_goes(void **state)
{
    mount_metrics();
    pinion_test_client *client = connected(&anybody);
    assert_metric("pinion_sockets", "transport=\"loopback\"", 1);
    assert_metric("pinion_sockets_connected_total", "", 1);
    pinion_test_disconnect(client);
    pinion_test_run(test);
    assert_ended("client", 1);
    assert_metric("pinion_sockets", "transport=\"loopback\"", 0);
}

static void a_client_is_refused(void **state)
{
    pinion_test_client *client = NULL;
    mount_metrics();
    assert_int_equal(pinion_test_connect(test, &nobody, NULL, "", &client), PINION_EACCES);
    assert_ended("refused", 1);
    assert_metric("pinion_sockets_connected_total", "", 0);
}

static void a_client_is_told_to_go(void **state)
{
    mount_metrics();
    (void)connected(&anybody);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "user:7", "disconnect", NULL));
    pinion_test_run(test);
    assert_ended("disconnect", 1);
}

static void a_client_says_nonsense(void **state)
{
    mount_metrics();
    pinion_test_client *client = connected(&anybody);
    pinion_test_send_frame(client, false, "nonsense", 8);
    assert_ended("malformed", 1);
}

static void a_client_is_silent(void **state)
{
    pinion_test_client *client = NULL;
    mount_metrics();
    ok(pinion_test_connect(test, &anybody, &(pinion_socket_options){ .timeout_ms = 1000 }, "", &client));
    pinion_test_advance(test, 2000);
    assert_ended("silent", 1);
}

static void a_join_has_one_outcome(void **state)
{
    mount_metrics();
    pinion_test_client *client = connected(&anybody);
    ok(pinion_test_join(client, "room:1", NULL));
    ok(pinion_test_join(client, "room:2", NULL));
    assert_int_equal(pinion_test_join(client, "room:private", NULL), PINION_EACCES);
    assert_int_equal(pinion_test_join(client, "room:broken", NULL), PINION_EACCES);
    assert_int_equal(pinion_test_join(client, "elsewhere", NULL), PINION_EACCES);
    assert_metric("pinion_joins_total", "outcome=\"ok\"", 2);
    assert_metric("pinion_joins_total", "outcome=\"refused\"", 1);
    assert_metric("pinion_joins_total", "outcome=\"crashed\"", 1);
    assert_metric("pinion_joins_total", "outcome=\"unmatched\"", 1);
    assert_metric("pinion_joins_total", "", 5);
    assert_metric("pinion_channels", "transport=\"loopback\"", 2);
}

static void messages_count_each_way(void **state)
{
    mount_metrics();
    pinion_test_client *client = connected(&anybody);
    ok(pinion_test_join(client, "room:1", NULL));
    for (int i = 0; i < 10; i++)
        ok(pinion_test_expect_reply(client, pinion_test_push(client, "room:1", "echo", NULL), "ok", NULL));
    assert_metric("pinion_messages_received_total", "", 11);
    assert_metric("pinion_messages_sent_total", "", 11);
    assert_metric("pinion_callback_seconds_count", "\"handle_in\"", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_word),
        cmocka_unit_test_setup_teardown(a_client_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_is_told_to_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_says_nonsense, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_is_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_join_has_one_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_count_each_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
