/* The test kit's endpoint is a real one: every public function that takes an endpoint works on it, or says
 * why not. The last test reads the headers, so that none is forgotten. */
#include "helpers/engine.h"
#include "helpers/no_transport.h"
#include <pinion/pinion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static pinion_test *test;
static pinion_endpoint *endpoint;
static char called[64][64];
static size_t call_count;

/* Notes that the function was called. */
#define CALL(function) (note(#function), function)

static void note(const char *function)
{
    for (size_t i = 0; i < call_count; i++)
        if (strcmp(called[i], function) == 0)
            return;
    assert_true(call_count < 64);
    snprintf(called[call_count++], sizeof called[0], "%s", function);
}

static int begin(void **state)
{
    ok(pinion_test_new(&test, NULL));
    endpoint = pinion_test_endpoint(test);
    return 0;
}

static int end(void **state)
{
    pinion_test_free(test);
    return 0;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .join = join };

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    return pinion_ok(NULL);
}

static const pinion_socket_def user_socket = {
    .connect = connect,
    .channels = PINION_ROUTES({ "room:*", &room }),
};

static void page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "ok", 2);
}

static pinion_result raw_in(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    return pinion_noreply();
}

static const pinion_raw_socket_def raw = { .handle_in = raw_in };

static void bytes_came(pinion_stream *stream, void *bytes, size_t length)
{
}

static void stream_closed(pinion_stream *stream, int error)
{
}

static const pinion_stream_def stream = { .received = bytes_came, .closed = stream_closed };

/* ---- what an endpoint with listeners has ---- */

static void it_has_no_listeners(void **state)
{
    assert_int_equal(CALL(pinion_endpoint_port)(endpoint), 0);
    assert_int_equal(CALL(pinion_endpoint_listen)(endpoint), PINION_EINVAL);
    assert_null(CALL(pinion_endpoint_context)(endpoint));
    assert_non_null(strstr(pinion_error_detail(), "belongs to a test"));
    assert_int_equal(CALL(pinion_endpoint_streams)(endpoint, NULL, 0, &stream, NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "belongs to a test"));
    assert_int_equal(CALL(pinion_endpoint_stream_port)(endpoint, &stream), 0);
}

static void it_does_not_run_by_itself(void **state)
{
    assert_int_equal(CALL(pinion_endpoint_run)(endpoint), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "belongs to a test"));
    assert_int_equal(CALL(pinion_endpoint_start)(endpoint), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "belongs to a test"));
}

static void set_true(void *flag)
{
    *(bool *)flag = true;
}

static void it_ends_with_the_test_alone(void **state)
{
    bool ran = false;
    CALL(pinion_endpoint_stop)(endpoint);
    CALL(pinion_endpoint_free)(endpoint);
    CALL(pinion_endpoint_free)(NULL);
    ok(CALL(pinion_endpoint_post)(endpoint, 0, set_true, &ran));
    pinion_test_run(test);
    assert_true(ran);
    assert_int_equal(pinion_endpoint_post(endpoint, CALL(pinion_endpoint_loops)(endpoint), set_true, &ran),
                     PINION_EINVAL);
}

static void work(void *flag)
{
}

static void worked(pinion_endpoint *own, void *flag)
{
    set_true(flag);
}

static void fired(pinion_endpoint *own, int status, void *flag)
{
    set_true(flag);
}

static bool is_set(const bool *flag)
{
    pinion_test_advance(test, 1);
    return *flag;
}

static void work_and_timers_need_no_channel(void **state)
{
    bool done = false, due = false, cancelled = false;
    uint64_t timer;
    ok(CALL(pinion_endpoint_work)(endpoint, work, worked, &done));
    ok(CALL(pinion_endpoint_send_after)(endpoint, 0, 1, fired, &due, NULL));
    ok(pinion_endpoint_send_after(endpoint, 0, 1, fired, &cancelled, &timer));
    assert_true(CALL(pinion_endpoint_cancel_timer)(endpoint, timer));
    while (!is_set(&done))
        sched_yield();
    assert_true(due && !cancelled);
}

/* ---- what is mounted ---- */

static void sockets_pages_and_files_can_be_mounted(void **state)
{
    pinion_socket_options options = { .longpoll = true };
    ok(CALL(pinion_endpoint_socket)(endpoint, "/socket", &user_socket, &options));
    ok(CALL(pinion_endpoint_raw_socket)(endpoint, "/raw", &raw, NULL));
    ok(CALL(pinion_endpoint_get)(endpoint, "/page", page, NULL));
    ok(CALL(pinion_endpoint_static)(endpoint, "/files", "/"));
    assert_int_equal(pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL), PINION_EINVAL);
}

static void a_transport_connects_to_what_is_mounted(void **state)
{
    pinion_socket_options options = { .max_message = 1000, .max_queue = 2000 };
    pinion_transport_limits limits;
    pinion_connect_info info = { 0 };
    pinion_socket *socket = NULL;
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, &options));
    ok(CALL(pinion_transport_limits_of)(endpoint, "/socket", &limits));
    assert_int_equal(limits.max_message, 1000);
    assert_int_equal(pinion_transport_limits_of(endpoint, "/other", &limits), PINION_ENOENT);
    ok(CALL(pinion_transport_connect)(endpoint, "/socket", &no_transport, &limits, "vsn=2.0.0", &info,
                                      &socket, NULL));
    const pinion_transport_limits *handed = CALL(pinion_socket_limits)(socket);
    assert_int_equal(handed->max_message, 1000);
    assert_int_equal(handed->max_queue, 2000);
    assert_string_equal(handed->path, "/socket");
    assert_int_equal(handed->close_timeout_ms, limits.close_timeout_ms);
    assert_true(limits.close_timeout_ms > 0);
    for (const char *path = "/more\0/and\0/others\0"; *path; path += strlen(path) + 1)
        ok(pinion_endpoint_socket(endpoint, path, &user_socket, NULL)); /* where the first one is, it stays */
    assert_ptr_equal(pinion_socket_limits(socket), handed);
    assert_int_equal(handed->max_message, 1000);
    assert_int_equal(
        pinion_transport_connect(endpoint, "/other", &no_transport, &limits, "", &info, &socket, NULL),
        PINION_ENOENT);
    pinion_transport_ended(socket);
}

/* ---- pubsub, presence, tokens ---- */

static int heard;

static void hear(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    heard++;
}

static void broadcasts_reach_subscribers(void **state)
{
    pinion_subscription *subscription = NULL;
    pinion_stats stats;
    heard = 0;
    ok(CALL(pinion_endpoint_subscribe)(endpoint, "news", hear, NULL, &subscription));
    assert_int_equal(CALL(pinion_endpoint_subscribers)(endpoint, "news"), 1);
    ok(CALL(pinion_endpoint_broadcast)(endpoint, "news", "flash", NULL));
    ok(CALL(pinion_endpoint_broadcast_local)(endpoint, "news", "flash", NULL));
    ok(CALL(pinion_endpoint_broadcast_from)(endpoint, NULL, "news", "flash", NULL));
    pinion_test_run(test);
    assert_int_equal(heard, 3);
    CALL(pinion_endpoint_stats)(endpoint, &stats);
    assert_int_equal(stats.broadcasts, 3);
    pinion_subscription_free(subscription, NULL);
}

static void presences_are_kept(void **state)
{
    pinion_presence *presence = NULL;
    ok(CALL(pinion_presence_new)(&presence, endpoint, NULL));
    assert_non_null(presence);
}

static void tokens_are_signed_and_encrypted(void **state)
{
    char *token = NULL;
    pinion_payload *data = NULL;
    ok(CALL(pinion_token_sign)(endpoint, "user", pinion_json("i", 7), NULL, &token));
    ok(CALL(pinion_token_verify)(endpoint, "user", token, NULL, &data));
    assert_int_equal(json_integer_value(pinion_payload_tree(data)), 7);
    pinion_payload_unref(data);
    free(token);
    int rc = CALL(pinion_token_encrypt)(endpoint, "user", pinion_json("i", 7), NULL, &token);
    if (rc == PINION_ENOTSUP) { /* in a build without libsodium */
        assert_int_equal(CALL(pinion_token_decrypt)(endpoint, "user", "x", NULL, &data), PINION_ENOTSUP);
        return;
    }
    ok(rc);
    ok(CALL(pinion_token_decrypt)(endpoint, "user", token, NULL, &data));
    pinion_payload_unref(data);
    free(token);
}

/* ---- all of them ---- */

static bool was_called(const char *name, size_t len)
{
    for (size_t i = 0; i < call_count; i++)
        if (strlen(called[i]) == len && strncmp(called[i], name, len) == 0)
            return true;
    return false;
}

/* A declaration: from PINION_API to the next semicolon. */
static void check_declaration(const char *text, size_t len)
{
    char copy[2000];
    assert_true(len < sizeof copy);
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *open = strchr(copy, '('), *name = open;
    if (!open || !(strstr(open, "pinion_endpoint *endpoint")))
        return;
    while (name > copy && name[-1] != ' ' && name[-1] != '*')
        name--;
    size_t name_len = (size_t)(open - name);
    if (name_len > 6 && strncmp(open - 6, "_sized", 6) == 0)
        name_len -= 6; /* called by an inline function of the name without it */
    if (!was_called(name, name_len))
        fail_msg("%.*s was not called on the test kit's endpoint", (int)name_len, name);
}

static void check_header(const char *name)
{
    static char text[200000];
    char path[500];
    snprintf(path, sizeof path, "%s/../../include/pinion/%s.h", VECTORS_DIRECTORY, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (const char *at = strstr(text, "PINION_API "); at; at = strstr(at + 1, "PINION_API "))
        check_declaration(at, strcspn(at, ";"));
}

static void every_function_was_called(void **state)
{
    static const char *const headers[] = { "endpoint", "socket",     "channel", "presence", "token",
                                           "stream",   "raw_socket", "pubsub",  "transport" };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        check_header(headers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_has_no_listeners, begin, end),
        cmocka_unit_test_setup_teardown(it_does_not_run_by_itself, begin, end),
        cmocka_unit_test_setup_teardown(it_ends_with_the_test_alone, begin, end),
        cmocka_unit_test_setup_teardown(work_and_timers_need_no_channel, begin, end),
        cmocka_unit_test_setup_teardown(sockets_pages_and_files_can_be_mounted, begin, end),
        cmocka_unit_test_setup_teardown(a_transport_connects_to_what_is_mounted, begin, end),
        cmocka_unit_test_setup_teardown(broadcasts_reach_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(presences_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(tokens_are_signed_and_encrypted, begin, end),
        cmocka_unit_test(every_function_was_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
