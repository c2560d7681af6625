/* The contracts of channel.h, raw_socket.h and testing.h name codes: each that a program can cause is caused
 * here. Those of memory are in tests/sweep. */
#include "helpers/engine.h"
#include <pinion/raw_socket.h>

#define NOT_UTF8 "caf\xe9"

static char too_long[300];       /* a topic, an event, a status */
static char too_long_topic[300]; /* with a route */
static unsigned checks;          /* so that no callback is left out unseen */

static void code(int got, int expected, const char *call)
{
    checks++;
    if (got != expected)
        fail_msg("%s: %s, not %s", call, pinion_errname(got), pinion_errname(expected));
}

#define CODE(call, expected) code(call, expected, #call)
#define POISON()             pinion_json("{s:s}", "name", NULL)
#define BINARY()             pinion_payload_binary("x", 1)

/* ---- callbacks ---- */

static pinion_ref *of_socket, *of_join, *of_message;
static bool working;

static void work(void *data)
{
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    working = false;
    return pinion_noreply();
}

static pinion_result connect_anybody(pinion_socket *socket, const pinion_payload *params,
                                     const pinion_connect_info *info)
{
    pinion_ref_free(of_socket); /* of one before */
    of_socket = pinion_ref_new_socket(socket);
    CODE(pinion_socket_assign(socket, "key", POISON()), PINION_EPAYLOAD);
    CODE(pinion_socket_assign(socket, NOT_UTF8, NULL), PINION_EUTF8);
    return pinion_payload_get(params, "reject") ? pinion_error(NULL) : pinion_ok(NULL);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_ref_free(of_join); /* of one before */
    of_join = pinion_ref_new(channel);
    CODE(pinion_push(channel, "event", NULL), PINION_ENOTJOINED);
    CODE(pinion_broadcast(channel, "event", NULL), PINION_ENOTJOINED);
    CODE(pinion_broadcast_from(channel, "event", NULL), PINION_ENOTJOINED);
    return strcmp(topic, "room:closed") == 0 ? pinion_error(NULL) : pinion_ok(NULL);
}

static pinion_result send(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    CODE(pinion_push(channel, "event", POISON()), PINION_EPAYLOAD);
    CODE(pinion_push(channel, too_long, NULL), PINION_ETOOBIG);
    CODE(pinion_push(channel, NOT_UTF8, NULL), PINION_EUTF8);
    CODE(pinion_broadcast(channel, "event", POISON()), PINION_EPAYLOAD);
    CODE(pinion_broadcast(channel, too_long, NULL), PINION_ETOOBIG);
    CODE(pinion_broadcast(channel, NOT_UTF8, NULL), PINION_EUTF8);
    return pinion_ok(NULL);
}

static pinion_result begin(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    CODE(pinion_subscribe(channel, too_long), PINION_ETOOBIG);
    CODE(pinion_subscribe(channel, NOT_UTF8), PINION_EUTF8);
    CODE(pinion_send_after(channel, 1000, "tick", POISON(), NULL), PINION_EPAYLOAD);
    CODE(pinion_send_after(channel, 1000, "tick", NULL, NULL), 0);
    CODE(pinion_send_after(channel, 1000, "tick", NULL, NULL), PINION_EBUSY); /* max_timers */
    CODE(pinion_assign(channel, "key", POISON()), PINION_EPAYLOAD);
    CODE(pinion_assign(channel, NOT_UTF8, NULL), PINION_EUTF8);
    working = true;
    CODE(pinion_channel_work(channel, work, done, NULL), 0);
    CODE(pinion_channel_work(channel, work, done, NULL), PINION_EBUSY);
    return pinion_ok(NULL);
}

static pinion_result refer(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_ref *ref = pinion_ref_new(channel);
    CODE(pinion_ref_send(ref, "name", POISON()), PINION_EPAYLOAD);
    CODE(pinion_ref_send(of_socket, "name", NULL), PINION_EINVAL);
    CODE(pinion_ref_send_data(of_socket, "name", NULL, NULL), PINION_EINVAL);
    CODE(pinion_ref_answer(ref, pinion_ok(NULL)), PINION_EINVAL); /* it is no join's */
    CODE(pinion_ref_answer(of_join, pinion_noreply()), PINION_EINVAL);
    CODE(pinion_ref_reply(of_join, "ok", NULL), PINION_EINVAL);
    CODE(pinion_ref_reply(ref, "ok", POISON()), PINION_EPAYLOAD);
    CODE(pinion_ref_reply(ref, NOT_UTF8, NULL), PINION_EUTF8);
    CODE(pinion_ref_reply(ref, too_long, BINARY()), PINION_ETOOBIG);
    CODE(pinion_ref_reply(ref, "ok", NULL), 0);
    CODE(pinion_ref_reply(ref, "ok", NULL), PINION_EINVAL); /* one reply */
    pinion_ref_free(ref);
    return pinion_later();
}

static pinion_result keep(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    of_message = pinion_ref_new(channel);
    return pinion_later();
}

/* Of a client that speaks 1.0.0. */
static pinion_result send_binary(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_ref *ref = pinion_ref_new(channel);
    CODE(pinion_push(channel, "event", BINARY()), PINION_ENOTSUP);
    CODE(pinion_ref_reply(ref, "ok", BINARY()), PINION_ENOTSUP);
    CODE(pinion_ref_reply(ref, "ok", NULL), 0);
    pinion_ref_free(ref);
    return pinion_later();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    CODE(pinion_subscribe(channel, "topic"), PINION_ECLOSED);
    CODE(pinion_send_after(channel, 0, "tick", NULL, NULL), PINION_ECLOSED);
    CODE(pinion_channel_work(channel, work, done, NULL), PINION_ECLOSED);
    CODE(pinion_push(channel, "event", NULL), reason == PINION_REASON_CLOSED ? PINION_ECLOSED : 0);
}

static const pinion_channel_def room = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "send", send }, { "begin", begin }, { "refer", refer }, { "keep", keep },
                                { "binary", send_binary }),
    .terminate = terminate,
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }),
    .connect = connect_anybody,
};

/* ---- life ---- */

static int begin_codes(void **state)
{
    memset(too_long, 'x', sizeof too_long - 1);
    memset(too_long_topic, 'x', sizeof too_long_topic - 1);
    memcpy(too_long_topic, "room:", 5);
    checks = 0;
    return setup(state);
}

static void free_refs(void)
{
    pinion_ref **refs[] = { &of_socket, &of_join, &of_message };
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
        pinion_ref_free(*refs[i]);
        *refs[i] = NULL;
    }
}

static int end_codes(void **state)
{
    free_refs();
    return teardown(state);
}

static pinion_test_client *joined_with(const char *query)
{
    pinion_test_client *client;
    const pinion_socket_options options = { .max_timers = 1 };
    free_refs();
    ok(pinion_test_connect(test, &user_socket, &options, query, &client));
    ok(pinion_test_join(client, "room:1", NULL));
    return client;
}

static void ask(pinion_test_client *client, const char *event)
{
    ok(pinion_test_expect_reply(client, pinion_test_push(client, "room:1", event, NULL), "ok", NULL));
}

/* ---- channels ---- */

static void of_what_a_channel_does(void **state)
{
    pinion_test_client *client = joined_with("");
    ask(client, "send");
    ask(client, "begin");
    ask(client, "refer");
    assert_false(working);
    pinion_test_disconnect(client);
    assert_int_equal(checks, 2 + 3 + 6 + 9 + 11 + 4);
}

static void of_a_client_without_binary_payloads(void **state)
{
    pinion_test_client *client = joined_with("vsn=1.0.0");
    ask(client, "binary");
    ok(pinion_test_leave(client, "room:1"));
    assert_int_equal(checks, 2 + 3 + 3 + 4);
}

/* A ref outlives its endpoint, and then nobody is there. */
static void of_a_ref_without_an_endpoint(void **state)
{
    pinion_test_client *client = joined_with("");
    ok(pinion_test_push(client, "room:1", "keep", NULL));
    pinion_test_free(test);
    test = NULL;
    CODE(pinion_ref_send(of_message, "name", NULL), PINION_ECLOSED);
    CODE(pinion_ref_send_data(of_message, "name", NULL, NULL), PINION_ECLOSED);
    CODE(pinion_ref_reply(of_message, "ok", NULL), PINION_ECLOSED);
}

/* ---- raw sockets ---- */

static pinion_result raw_connect(pinion_socket *socket, const pinion_payload *params,
                                 const pinion_connect_info *info)
{
    CODE(pinion_raw_push(socket, false, "x", 1), PINION_ECLOSED);
    return pinion_ok(NULL);
}

static pinion_result raw_init(pinion_socket *socket)
{
    pinion_channel *channel = pinion_raw_channel(socket);
    CODE(pinion_raw_push(socket, false, "\xff", 1), PINION_EUTF8);
    CODE(pinion_push(channel, "event", NULL), PINION_ENOTSUP);
    CODE(pinion_broadcast(channel, "event", NULL), PINION_ENOTSUP);
    CODE(pinion_broadcast_from(channel, "event", NULL), PINION_ENOTSUP);
    return pinion_noreply();
}

static void raw_terminate(pinion_socket *socket, pinion_reason reason)
{
    CODE(pinion_raw_push(socket, false, "x", 1), PINION_ECLOSED);
}

static void of_a_raw_socket(void **state)
{
    static const pinion_raw_socket_def raw = { .connect = raw_connect,
                                               .init = raw_init,
                                               .terminate = raw_terminate };
    pinion_test_client *client;
    ok(pinion_test_connect_raw(test, &raw, NULL, "", &client));
    pinion_test_disconnect(client);
    assert_int_equal(checks, 1 + 4 + 1);
}

/* ---- the kit ---- */

static void of_connecting(void **state)
{
    const pinion_socket_options deep = { .max_depth = 1000 };
    static char many[8000];
    pinion_test_client *client;
    for (size_t len = 0; len + 4 < sizeof many; len += 4)
        memcpy(many + len, "a=b&", 4);
    CODE(pinion_test_connect(test, &user_socket, NULL, "reject=1", &client), PINION_EACCES);
    free_refs();
    CODE(pinion_test_connect(test, &user_socket, NULL, "vsn=9.0.0", &client), PINION_EACCES);
    CODE(pinion_test_connect(test, &user_socket, &deep, "", &client), PINION_EINVAL);
    CODE(pinion_test_connect(test, &user_socket, NULL, "a=%ff", &client), PINION_EPROTO);
    CODE(pinion_test_connect(test, &user_socket, NULL, many, &client), PINION_ETOOBIG);
}

static void of_what_a_client_sends(void **state)
{
    pinion_test_client *client = joined_with("");
    CODE(pinion_test_join(client, "room:closed", NULL), PINION_EACCES);
    CODE(pinion_test_push(client, "room:1", "event", POISON()), PINION_EPAYLOAD);
    CODE(pinion_test_push(client, "room:1", too_long, BINARY()), PINION_ETOOBIG);
    CODE(pinion_test_push(client, too_long_topic, "event", BINARY()), PINION_ETOOBIG);
    pinion_test_client *old = joined_with("vsn=1.0.0");
    CODE(pinion_test_push(old, "room:1", "event", BINARY()), PINION_ENOTSUP);
    pinion_test_disconnect(old);
    CODE(pinion_test_push(old, "room:1", "event", NULL), PINION_ECLOSED);
    CODE(pinion_test_join(old, "room:1", NULL), PINION_ECLOSED);
    CODE(pinion_test_leave(old, "room:1"), PINION_ECLOSED);
}

static void of_what_is_expected(void **state)
{
    bool binary;
    const char *bytes;
    size_t length;
    pinion_test_client *client = joined_with("");
    CODE(pinion_test_subscribe(test, too_long), PINION_ETOOBIG);
    CODE(pinion_test_subscribe(test, NOT_UTF8), PINION_EUTF8);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "event", NULL));
    CODE(pinion_test_refute_push(client, "room:1", "event"), PINION_EBUSY);
    CODE(pinion_test_expect_push(client, "room:1", "event", "{"), PINION_EINVAL);
    CODE(pinion_test_expect_broadcast(test, "room:1", "event", "{"), PINION_EINVAL);
    CODE(pinion_test_expect_reply(client, PINION_ECLOSED, "ok", NULL), PINION_EINVAL);
    pinion_test_disconnect(client);
    CODE(pinion_test_expect_close(client, 1000), PINION_EPROTO);
    CODE(pinion_test_next_frame(client, &binary, &bytes, &length), PINION_ECLOSED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin_codes, end_codes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(of_what_a_channel_does),
        T(of_a_client_without_binary_payloads),
        T(of_a_ref_without_an_endpoint),
        T(of_a_raw_socket),
        T(of_connecting),
        T(of_what_a_client_sends),
        T(of_what_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
