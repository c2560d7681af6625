/* What the application's telemetry is told: of which callback, and what it returned. */
#include "engine/hub.h"
#include "engine/telemetry.h"
#include "helpers/engine.h"

static char told[2000];
static uint64_t longest;

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

static void tell(pinion_endpoint *endpoint, const pinion_telemetry *event, void *data)
{
    size_t len = strlen(told);
    assert_ptr_equal(data, &longest);
    assert_ptr_equal(endpoint, pinion_test_endpoint(test));
    assert_string_equal(event->transport, "loopback");
    assert_non_null(event->mount);
    if (event->duration_ns > longest)
        longest = event->duration_ns;
    snprintf(told + len, sizeof told - len, "%s %s %s %s\n", event->callback, or_none(event->topic),
             or_none(event->event), event->result);
}

/* As pinion_endpoint_new does with the option. */
static int listen_in(void **state)
{
    int rc = setup(state);
    struct pinion_hub *hub = pinion__hub_of(pinion_test_endpoint(test));
    told[0] = '\0';
    longest = 0;
    hub->telemetry = tell;
    hub->telemetry_data = &longest;
    return rc ? rc : pinion__meters_add(hub);
}

static void assert_told(const char *text)
{
    assert_string_equal(told, text);
    told[0] = '\0';
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return strcmp(topic, "room:private") == 0 ? pinion_error(NULL) : pinion_ok(NULL);
}

static pinion_result answer(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return strcmp(event, "ok") == 0 ? pinion_ok(NULL)
           : event[0] == 'e'        ? pinion_error(NULL)
           : event[0] == 'n'        ? pinion_noreply()
           : event[0] == 'p'        ? pinion_ok(pinion_json("no format"))
           : event[0] == 'c'        ? pinion_crash()
                                    : pinion_stop(PINION_REASON_NORMAL);
}

static void on_end(pinion_channel *channel, pinion_reason reason)
{
}

static pinion_result let_in(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .join = join,
                                         .handle_in = PINION_CLAUSES({ "*", answer }),
                                         .terminate = on_end };
static const pinion_socket_def user_socket = { .connect = let_in,
                                               .channels = PINION_ROUTES({ "room:*", &room }) };

static void each_callback_is_told(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    assert_told("connect - - ok\n");
    ok(pinion_test_join(client, "room:1", NULL));
    assert_int_equal(pinion_test_join(client, "room:private", NULL), PINION_EACCES);
    assert_told("join room:1 - ok\njoin room:private - error\n");
    ok(pinion_test_push(client, "room:1", "ok", NULL));
    ok(pinion_test_push(client, "room:1", "error", NULL));
    ok(pinion_test_push(client, "room:1", "noreply", NULL));
    assert_told("handle_in room:1 ok ok\nhandle_in room:1 error error\nhandle_in room:1 noreply noreply\n");
    ok(pinion_test_leave(client, "room:1"));
    assert_told("terminate room:1 - left\n");
    assert_true(longest > 0);
}

static void ends_have_their_words(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    const char *const events[] = { "poison", "crash", "stop" };
    told[0] = '\0';
    for (int i = 0; i < 3; i++) {
        char expected[200];
        ok(pinion_test_join(client, "room:1", NULL));
        ok(pinion_test_push(client, "room:1", events[i], NULL));
        pinion_test_run(test);
        snprintf(expected, sizeof expected,
                 "join room:1 - ok\nhandle_in room:1 %s %s\nterminate room:1 - %s\n", events[i],
                 i < 2 ? "crash" : "stop", i < 2 ? "crash" : "normal");
        assert_told(expected);
    }
}

static void shout(pinion_endpoint *endpoint, const pinion_telemetry *event, void *data)
{
    (void)pinion_endpoint_broadcast(endpoint, "room:1", "heard",
                                    pinion_json("{s:s}", "result", event->result));
}

static void it_may_broadcast(void **state)
{
    pinion_test_client *client = connected(&user_socket);
    ok(pinion_test_join(client, "room:1", NULL));
    pinion__hub_of(pinion_test_endpoint(test))->telemetry = shout;
    ok(pinion_test_push(client, "room:1", "ok", NULL));
    ok(pinion_test_expect_push(client, "room:1", "heard", "{\"result\":\"ok\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_callback_is_told, listen_in, teardown),
        cmocka_unit_test_setup_teardown(ends_have_their_words, listen_in, teardown),
        cmocka_unit_test_setup_teardown(it_may_broadcast, listen_in, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
