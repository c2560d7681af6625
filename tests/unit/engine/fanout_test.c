/* One broadcast and all its subscribers: the shared frame, intercepts, versions, and ends in its midst. */
#include "helpers/engine.h"

static int terminated;
static char heard[256];

static void note(const char *what)
{
    strncat(heard, what, sizeof heard - strlen(heard) - 1);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (json_is_true(pinion_payload_get(params, "hear_own")))
        ok(pinion_subscribe(channel, topic));
    return pinion_ok(NULL);
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast(channel, "news", pinion_payload_ref(payload)));
    return pinion_ok(NULL);
}

static pinion_result shout_from(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast_from(channel, "news", pinion_payload_ref(payload)));
    return pinion_ok(NULL);
}

static pinion_result bad_shouts(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char long_event[257];
    memset(long_event, 'e', 256);
    long_event[256] = '\0';
    assert_int_equal(pinion_broadcast(channel, long_event, pinion_json("{}")), PINION_ETOOBIG);
    assert_int_equal(pinion_broadcast(channel, "news", pinion_json("nonsense")), PINION_EPAYLOAD);
    assert_int_equal(pinion_broadcast_from(channel, "news", pinion_json("nonsense")), PINION_EPAYLOAD);
    ok(pinion_broadcast(channel, long_event + 1, NULL));
    return pinion_noreply();
}

static pinion_result decorate(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, "decorated", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result quit(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop(PINION_REASON_NORMAL);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    note(info->topic);
    note("/");
    note(info->name);
    note(";");
    return pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    terminated++;
}

#define EVENTS PINION_CLAUSES({ "shout", shout }, { "shout_from", shout_from }, { "bad", bad_shouts })

static const pinion_channel_def plain_def = {
    .join = join, .handle_in = EVENTS, .handle_info = handle_info, .terminate = terminate
};
static const pinion_channel_def decorating_def = {
    .join = join,
    .handle_in = EVENTS,
    .handle_out = PINION_CLAUSES({ "news", decorate }, { "end", quit }),
    .handle_info = handle_info,
    .terminate = terminate,
};
static const pinion_socket_def plain = { .channels = PINION_ROUTES({ "*", &plain_def }) };
static const pinion_socket_def decorating = { .channels = PINION_ROUTES({ "*", &decorating_def }) };

static int setup_fanout(void **state)
{
    terminated = 0;
    heard[0] = '\0';
    return setup(state);
}

static pinion_test_client *joined(const pinion_socket_def *def, const char *query, pinion_payload *params)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, def, NULL, query, &client));
    ok(pinion_test_join(client, "room", params));
    return client;
}

static void broadcast(const char *event, pinion_payload *payload)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room", event, payload));
    pinion_test_run(test);
}

#define V2_NEWS "[null,null,\"room\",\"news\",{\"n\":1}]"

/* ---- what reaches whom ---- */

static void bad_broadcasts_reach_nobody(void **state)
{
    char expected[300];
    pinion_test_client *client = joined(&plain, "", NULL);
    ok(pinion_test_push(client, "room", "bad", NULL));
    snprintf(expected, sizeof expected, "[null,null,\"room\",\"%0*d\",{}]", 255, 0);
    for (char *c = strstr(expected, "000"); *c == '0'; c++)
        *c = 'e';
    expect_frame(client, expected); /* 255 bytes are allowed */
    expect_no_frame(client);
}

static void each_version_gets_its_own_frame(void **state)
{
    pinion_test_client *v2 = joined(&plain, "", NULL), *v1 = joined(&plain, "vsn=1.0.0", NULL);
    pinion_test_client *other = connected(&plain);
    ok(pinion_test_join(other, "elsewhere", NULL));
    broadcast("news", pinion_json("{s:i}", "n", 1));
    expect_frame(v2, V2_NEWS);
    expect_frame(v1, "{\"event\":\"news\",\"payload\":{\"n\":1},\"ref\":null,\"topic\":\"room\"}");
    expect_no_frame(other);
    assert_int_equal(stats().broadcasts, 1);
    assert_int_equal(stats().deliveries, 2);
}

static void binary_passes_over_those_who_cannot_take_it(void **state)
{
    static const char frame[] = "\2\4\4roomnews\1\0\2";
    pinion_test_client *v1 = joined(&plain, "vsn=1.0.0", NULL), *v2 = joined(&plain, "", NULL);
    bool binary;
    const char *bytes;
    size_t len;
    broadcast("news", pinion_payload_binary("\1\0\2", 3));
    ok(pinion_test_next_frame(v2, &binary, &bytes, &len));
    assert_true(binary);
    assert_int_equal(len, sizeof frame - 1);
    assert_memory_equal(bytes, frame, len);
    expect_no_frame(v1);
    assert_int_equal(stats().unencodable, 1);
    assert_int_equal(stats().deliveries, 1);
    broadcast("news", pinion_json("{s:i}", "n", 1));
    expect_frame(v1, "{\"event\":\"news\",\"payload\":{\"n\":1},\"ref\":null,\"topic\":\"room\"}");
}

static void interceptors_are_called_and_the_others_get_the_frame(void **state)
{
    pinion_test_client *a = joined(&decorating, "", NULL), *b = joined(&plain, "", NULL);
    pinion_test_client *c = joined(&decorating, "", NULL);
    broadcast("news", pinion_json("{s:i}", "n", 1));
    expect_frame(a, "[\"1\",null,\"room\",\"decorated\",{\"n\":1}]");
    expect_frame(b, V2_NEWS);
    expect_frame(c, "[\"1\",null,\"room\",\"decorated\",{\"n\":1}]");
    broadcast("other", NULL); /* is not intercepted */
    expect_frame(a, "[null,null,\"room\",\"other\",{}]");
    expect_no_frame(a);
}

static void broadcast_from_passes_over_its_channel_alone(void **state)
{
    pinion_test_client *a = joined(&plain, "", pinion_json("{s:b}", "hear_own", 1));
    pinion_test_client *b = joined(&plain, "", NULL), *c = joined(&decorating, "", NULL);
    int ref = pinion_test_push(a, "room", "shout_from", pinion_json("{s:i}", "n", 1));
    ok(pinion_test_expect_reply(a, ref, "ok", NULL));
    expect_no_frame(a);
    assert_string_equal(heard, ""); /* not in handle_info either */
    expect_frame(b, V2_NEWS);
    expect_frame(c, "[\"1\",null,\"room\",\"decorated\",{\"n\":1}]");
    ok(pinion_test_push(c, "room", "shout_from", pinion_json("{s:i}", "n", 1)));
    expect_frame(a, V2_NEWS);
    assert_string_equal(heard, "room/news;");
    ok(pinion_test_refute_push(c, "room", "decorated"));
}

/* ---- order ---- */

static void a_frame_goes_at_the_call_and_an_intercept_after_the_callback(void **state)
{
    pinion_test_client *a = joined(&plain, "", NULL), *b = joined(&decorating, "", NULL);
    ok(pinion_test_push(a, "room", "shout", pinion_json("{s:i}", "n", 1)));
    expect_frame(a, V2_NEWS);
    expect_frame(a, "[\"1\",\"2\",\"room\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(b, "[\"1\",null,\"room\",\"decorated\",{\"n\":1}]");
    ok(pinion_test_push(b, "room", "shout", pinion_json("{s:i}", "n", 2)));
    expect_frame(b, "[\"1\",\"2\",\"room\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(b, "[\"1\",null,\"room\",\"decorated\",{\"n\":2}]");
}

/* ---- subscribers that end in the midst ---- */

static void those_who_end_at_their_delivery_do_not_disturb_the_others(void **state)
{
    enum { COUNT = 40 };
    pinion_test_client *clients[COUNT];
    for (int i = 0; i < COUNT; i++)
        clients[i] = joined(i % 3 ? &decorating : &plain, "", NULL);
    broadcast("end", NULL);
    for (int i = 0; i < COUNT; i++) {
        expect_frame(clients[i],
                     i % 3 ? "[\"1\",\"1\",\"room\",\"phx_close\",{}]" : "[null,null,\"room\",\"end\",{}]");
        expect_no_frame(clients[i]);
    }
    assert_int_equal(terminated, COUNT - (COUNT + 2) / 3);
    assert_int_equal(stats().channels, (COUNT + 2) / 3);
}

static int named_room(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "room");
}

static const pinion_socket_def named = { .channels = PINION_ROUTES({ "*", &plain_def }), .id = named_room };

/* The topic of the channels is the sockets' name too: the fan-out closes its own subscribers. */
static void sockets_may_end_in_the_midst_of_a_fan_out(void **state)
{
    pinion_test_client *first = joined(&named, "", NULL), *plainly = joined(&plain, "", NULL);
    pinion_test_client *last = joined(&named, "", NULL);
    broadcast("disconnect", NULL);
    ok(pinion_test_expect_close(first, 1001));
    ok(pinion_test_expect_close(last, 1001));
    expect_frame(plainly, "[null,null,\"room\",\"disconnect\",{}]");
    assert_int_equal(terminated, 2);
    assert_int_equal(stats().sockets, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_fanout, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bad_broadcasts_reach_nobody),
        T(each_version_gets_its_own_frame),
        T(binary_passes_over_those_who_cannot_take_it),
        T(interceptors_are_called_and_the_others_get_the_frame),
        T(broadcast_from_passes_over_its_channel_alone),
        T(a_frame_goes_at_the_call_and_an_intercept_after_the_callback),
        T(those_who_end_at_their_delivery_do_not_disturb_the_others),
        T(sockets_may_end_in_the_midst_of_a_fan_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
