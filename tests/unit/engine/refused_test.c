/* Calls that are refused: each says so in the log, with what to do, and tells its caller. */
#include "helpers/engine.h"

#define NOT_UTF8 "caf\xe9"

static int (*in_join)(pinion_channel *channel);
static pinion_result (*in_handle)(pinion_channel *channel);
static int (*in_terminate)(pinion_channel *channel);
static int got;

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (in_join)
        got = in_join(channel);
    return strcmp(topic, "room:poison") == 0 ? pinion_ok(pinion_json("{s:s}", "name", NULL))
                                             : pinion_ok(NULL);
}

static pinion_result handle_in(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return in_handle(channel);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    return pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    if (in_terminate)
        got = in_terminate(channel);
}

static const char *name;

static int id(pinion_socket *socket, char *text, size_t size)
{
    return name ? snprintf(text, size, "%s", name) : 0;
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    if (pinion_payload_get(params, "poison"))
        return pinion_ok(pinion_json("{s:s}", "name", NULL));
    if (pinion_payload_get(params, "assign"))
        got = pinion_socket_assign(socket, "user", pinion_json("s", NULL));
    return pinion_ok(NULL);
}

static const pinion_channel_def channel_def = { .join = join,
                                                .handle_in = PINION_CLAUSES({ "*", handle_in }),
                                                .handle_info = handle_info,
                                                .terminate = terminate };
static const pinion_socket_def socket_def = { .connect = connect,
                                              .id = id,
                                              .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static char logged[4000];

static void note(pinion_log_level level, const char *line, void *data)
{
    size_t len = strlen(logged);
    if (level >= PINION_LOG_WARNING)
        snprintf(logged + len, sizeof logged - len, "%s\n", line);
}

/* Each case is the first of its kind again. */
static void listen_anew(void)
{
    pinion_log_set_function(note, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    logged[0] = '\0';
    got = 0;
}

static int set_up(void **state)
{
    int rc = setup(state);
    in_join = NULL;
    in_terminate = NULL;
    name = NULL;
    listen_anew();
    return rc;
}

static int tear_down(void **state)
{
    int rc = teardown(state);
    pinion_log_set_function(NULL, NULL);
    return rc;
}

/* What was logged, and is told to the caller, holds all of these. */
static void assert_said(const char *first, const char *second, const char *third)
{
    const char *all[] = { first, second, third };
    for (size_t i = 0; i < 3; i++) {
        if (!strstr(logged, all[i]))
            fail_msg("\"%s\" is not in what was logged: %s", all[i], logged);
    }
}

static void assert_refused(int code, const char *call, const char *why)
{
    assert_int_equal(got, code);
    assert_said("room:a", call, why);
    if (!strstr(pinion_error_detail(), call) || !strstr(pinion_error_detail(), why))
        fail_msg("the detail is: %s", pinion_error_detail());
    assert_true(stats().refused_calls > 0);
}

static pinion_test_client *joined(const char *topic)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, topic, NULL));
    return client;
}

/* ---- in join ---- */

static int push_early(pinion_channel *channel)
{
    return pinion_push(channel, "early", NULL);
}

static int broadcast_early(pinion_channel *channel)
{
    return pinion_broadcast(channel, "early", NULL);
}

static int broadcast_from_early(pinion_channel *channel)
{
    return pinion_broadcast_from(channel, "early", NULL);
}

static void what_is_sent_in_join_belongs_into_after_join(void **state)
{
    static const struct {
        int (*call)(pinion_channel *channel);
        const char *said;
    } table[] = {
        { push_early, "pinion_push(\"early\")" },
        { broadcast_early, "pinion_broadcast(\"early\")" },
        { broadcast_from_early, "pinion_broadcast_from(\"early\")" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        listen_anew();
        in_join = table[i].call;
        (void)joined("room:a");
        assert_refused(PINION_ENOTJOINED, table[i].said, "do it in after_join");
    }
    assert_int_equal(stats().refused_calls, 3);
}

/* ---- in a callback ---- */

static pinion_endpoint *endpoint_of(pinion_channel *channel)
{
    return pinion_channel_endpoint(channel);
}

static pinion_payload *unbuilt(void)
{
    return pinion_json("{s:s}", "name", NULL);
}

#define CALL(function, expression)                                                                           \
    static pinion_result function(pinion_channel *channel)                                                   \
    {                                                                                                        \
        got = (expression);                                                                                  \
        return pinion_noreply();                                                                             \
    }

static int reply_by_ref(pinion_channel *channel, const char *status, pinion_payload *payload)
{
    pinion_ref *ref = pinion_ref_new(channel);
    int rc = pinion_ref_reply(ref, status, payload);
    pinion_ref_free(ref);
    return rc;
}

static int send_by_ref(pinion_channel *channel)
{
    pinion_ref *ref = pinion_ref_new(channel);
    int rc = pinion_ref_send(ref, "told", unbuilt());
    pinion_ref_free(ref);
    return rc;
}

static void never_heard(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
}

static int subscribe_on_loop(pinion_channel *channel)
{
    pinion_subscription *subscription;
    return pinion_endpoint_subscribe(endpoint_of(channel), "room:a" NOT_UTF8, never_heard, NULL,
                                     &subscription);
}

CALL(push_unbuilt, pinion_push(channel, "tick", unbuilt()))
CALL(broadcast_unbuilt, pinion_broadcast(channel, "tick", unbuilt()))
CALL(publish_unbuilt, pinion_endpoint_broadcast(endpoint_of(channel), "room:a", "tick", unbuilt()))
CALL(assign_unbuilt, pinion_assign(channel, "user", unbuilt()))
CALL(reply_unbuilt, reply_by_ref(channel, "ok", unbuilt()))
CALL(send_unbuilt, pinion_send_after(channel, 0, "wake", unbuilt(), NULL))
CALL(ref_send_unbuilt, send_by_ref(channel))

#define WHY_UNBUILT "NULL string, at 4 of"

static void a_payload_that_could_not_be_built_says_why(void **state)
{
    static const struct {
        pinion_result (*call)(pinion_channel *channel);
        const char *said;
    } table[] = {
        { push_unbuilt, "pinion_push(\"tick\")" },
        { broadcast_unbuilt, "pinion_broadcast(\"tick\")" },
        { publish_unbuilt, "pinion_endpoint_broadcast(\"tick\")" },
        { assign_unbuilt, "pinion_assign(\"user\")" },
        { reply_unbuilt, "pinion_ref_reply(\"ok\")" },
        { send_unbuilt, "pinion_send_after(\"wake\")" },
        { ref_send_unbuilt, "pinion_ref_send(\"told\")" },
    };
    pinion_test_client *client = joined("room:a");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        listen_anew();
        in_handle = table[i].call;
        send_text(client, "[null,\"9\",\"room:a\",\"go\",{}]");
        assert_refused(PINION_EPAYLOAD, table[i].said, WHY_UNBUILT);
    }
}

CALL(push_latin, pinion_push(channel, NOT_UTF8, NULL))
CALL(broadcast_latin, pinion_broadcast(channel, NOT_UTF8, NULL))
CALL(broadcast_from_latin, pinion_broadcast_from(channel, NOT_UTF8, NULL))
CALL(publish_latin, pinion_endpoint_broadcast(endpoint_of(channel), "room:a", NOT_UTF8, NULL))
CALL(publish_to_latin, pinion_endpoint_broadcast_local(endpoint_of(channel), "room:a" NOT_UTF8, "x", NULL))
CALL(publish_from_latin,
     pinion_endpoint_broadcast_from(endpoint_of(channel), NULL, "room:a", "\xf0\x90\x80", NULL))
CALL(assign_latin, pinion_assign(channel, NOT_UTF8, NULL))
CALL(reply_latin, reply_by_ref(channel, NOT_UTF8, NULL))
CALL(subscribe_latin, pinion_subscribe(channel, NOT_UTF8))
CALL(endpoint_subscribe_latin, subscribe_on_loop(channel))

static void names_are_utf8(void **state)
{
    static const struct {
        pinion_result (*call)(pinion_channel *channel);
        const char *said;
    } table[] = {
        { push_latin, "pinion_push(\"caf\\xe9\")" },
        { broadcast_latin, "pinion_broadcast(\"caf\\xe9\")" },
        { broadcast_from_latin, "pinion_broadcast_from(\"caf\\xe9\")" },
        { publish_latin, "pinion_endpoint_broadcast(\"caf\\xe9\")" },
        { publish_to_latin, "pinion_endpoint_broadcast_local(\"x\")" },
        { publish_from_latin, "pinion_endpoint_broadcast_from(\"\\xf0\\x90\\x80\")" },
        { assign_latin, "pinion_assign(\"caf\\xe9\")" },
        { reply_latin, "pinion_ref_reply(\"caf\\xe9\")" },
        { subscribe_latin, "pinion_subscribe(\"caf\\xe9\")" },
        { endpoint_subscribe_latin, "pinion_endpoint_subscribe(\"room:acaf\\xe9\")" },
    };
    pinion_test_client *client = joined("room:a");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        listen_anew();
        in_handle = table[i].call;
        send_text(client, "[null,\"9\",\"room:a\",\"go\",{}]");
        assert_refused(PINION_EUTF8, table[i].said, "is not UTF-8");
        expect_no_frame(client);
    }
    assert_int_equal(pinion_test_close_code(client), 0); /* nobody is disconnected */
}

/* ---- results ---- */

static pinion_result return_unbuilt(pinion_channel *channel)
{
    return pinion_ok(unbuilt());
}

static pinion_result return_latin(pinion_channel *channel)
{
    return pinion_reply(NOT_UTF8, NULL);
}

static pinion_result return_named(pinion_channel *channel)
{
    return pinion_reply("d\xc3\xa9j\xc3\xa0", NULL);
}

static void a_result_says_why_it_crashes(void **state)
{
    pinion_test_client *client = joined("room:a");
    in_handle = return_unbuilt;
    send_text(client, "[null,\"9\",\"room:a\",\"go\",{}]");
    assert_said("room:a", "handle_in(\"go\") crashed", WHY_UNBUILT);
    listen_anew();
    client = joined("room:a");
    in_handle = return_latin;
    send_text(client, "[null,\"9\",\"room:a\",\"go\",{}]");
    assert_said("room:a", "handle_in(\"go\") crashed", "the status of its reply is not UTF-8");
    listen_anew();
    client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:poison\",\"phx_join\",{}]");
    assert_said("room:poison", "join crashed", WHY_UNBUILT);
    listen_anew();
    assert_true(pinion_test_connect(test, &socket_def, NULL, "poison=1", &client) < 0);
    assert_said("socket", "connect crashed", WHY_UNBUILT);
}

static void other_scripts_are_names_too(void **state)
{
    pinion_test_client *client = joined("room:a");
    in_handle = return_named;
    send_text(client, "[null,\"9\",\"room:a\",\"go\",{}]");
    ok(pinion_test_expect_reply(client, 9, "d\xc3\xa9j\xc3\xa0", NULL));
    assert_string_equal(logged, "");
}

/* ---- sockets ---- */

static void an_id_that_is_no_name_is_said(void **state)
{
    static char text[400];
    name = NOT_UTF8;
    (void)connected(&socket_def);
    assert_said("the id it was given is not UTF-8", "no \"disconnect\" reaches it", "");
    listen_anew();
    memset(text, 'x', 256);
    name = text;
    (void)connected(&socket_def);
    assert_said("the id it was given is over 255 bytes", "", "");
    listen_anew();
    pinion_test_client *client;
    name = NULL;
    ok(pinion_test_connect(test, &socket_def, NULL, "assign=1", &client));
    assert_int_equal(got, PINION_EPAYLOAD);
    assert_said("pinion_socket_assign(\"user\")", "could not be built", "NULL string");
}

/* ---- in terminate ---- */

static void work(void *data)
{
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    return pinion_noreply();
}

static int work_late(pinion_channel *channel)
{
    return pinion_channel_work(channel, work, done, NULL);
}

static int send_late(pinion_channel *channel)
{
    return pinion_send_after(channel, 10, "wake", NULL, NULL);
}

static int subscribe_late(pinion_channel *channel)
{
    return pinion_subscribe(channel, "news");
}

static void nothing_begins_in_terminate(void **state)
{
    static const struct {
        int (*call)(pinion_channel *channel);
        const char *said;
    } table[] = {
        { work_late, "pinion_channel_work()" },
        { send_late, "pinion_send_after(\"wake\")" },
        { subscribe_late, "pinion_subscribe(\"news\")" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        pinion_test_client *client = joined("room:a");
        listen_anew();
        in_terminate = table[i].call;
        send_text(client, "[null,\"2\",\"room:a\",\"phx_leave\",{}]");
        assert_refused(PINION_ECLOSED, table[i].said, "nothing begins in terminate");
        in_terminate = NULL;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sent_in_join_belongs_into_after_join),
        TEST(a_payload_that_could_not_be_built_says_why),
        TEST(names_are_utf8),
        TEST(a_result_says_why_it_crashes),
        TEST(other_scripts_are_names_too),
        TEST(an_id_that_is_no_name_is_said),
        TEST(nothing_begins_in_terminate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
