/* Raw sockets: their life, messages, and what they have of a channel. */
#include "helpers/engine.h"
#include <pthread.h>
#include <semaphore.h>

static pinion_result next_connect, next_init, next_in, next_info;
static pinion_ref *ref;
static pthread_t thread;
static pinion_socket *opened;
static int inits, terminations, infos, destroyed, done_status;
static pinion_reason terminated;
static char last_in[64], last_info[64];
static bool last_binary, push_in_init, work_in;

static void destroy(void *state)
{
    destroyed++;
}

static pinion_result let_in(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    assert_null(pinion_raw_channel(socket));
    assert_int_equal(pinion_raw_push(socket, false, "x", 1), PINION_ECLOSED);
    pinion_socket_set_state(socket, &destroyed, destroy);
    return next_connect;
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "raw:1");
}

static pinion_result init(pinion_socket *socket)
{
    inits++;
    opened = socket;
    assert_non_null(pinion_raw_channel(socket));
    if (push_in_init)
        ok(pinion_raw_push(socket, false, "hello", 5));
    return next_init;
}

static sem_t may_work; /* posted once for each piece of work */

static void work(void *data)
{
    sem_wait(&may_work);
    *(int *)data += 1;
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    done_status = status;
    if (status == 0)
        ok(pinion_raw_push(pinion_channel_socket(channel), false, "done", 4));
    return pinion_noreply();
}

static pinion_result handle_in(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    static int worked;
    assert_int_equal(inits, 1);
    assert_true(length < sizeof last_in);
    memcpy(last_in, bytes, length);
    last_in[length] = '\0';
    last_binary = binary;
    if (work_in) {
        work_in = false;
        ok(pinion_channel_work(pinion_raw_channel(socket), work, done, &worked));
    }
    ok(pinion_raw_push(socket, binary, bytes, length));
    return next_in;
}

static pinion_result handle_info(pinion_socket *socket, const pinion_info *info)
{
    infos++;
    snprintf(last_info, sizeof last_info, "%s %s", info->topic ? info->topic : "-", info->name);
    return next_info;
}

static void terminate(pinion_socket *socket, pinion_reason reason)
{
    terminations++;
    terminated = reason;
    assert_string_equal(pinion_socket_id(socket), "raw:1");
    assert_ptr_equal(pinion_socket_state(socket), &destroyed);
    assert_int_equal(pinion_raw_push(socket, false, "x", 1), PINION_ECLOSED);
    assert_null(pinion_raw_channel(socket));
}

static const pinion_raw_socket_def raw_socket = {
    .connect = let_in,
    .id = id,
    .init = init,
    .handle_in = handle_in,
    .handle_info = handle_info,
    .terminate = terminate,
};

static const pinion_raw_socket_def nothing = { 0 };

static pinion_test_client *raw_connected(const pinion_raw_socket_def *def)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect_raw(test, def, NULL, "", &client));
    return client;
}

static void expect_binary(pinion_test_client *client, const char *expected, size_t expected_len)
{
    bool binary;
    const char *bytes;
    size_t len;
    ok(pinion_test_next_frame(client, &binary, &bytes, &len));
    assert_true(binary);
    assert_int_equal(len, expected_len);
    assert_memory_equal(bytes, expected, len);
}

/* ---- messages ---- */

static void messages_come_and_go_as_they_are(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    send_text(client, "no json at all");
    assert_string_equal(last_in, "no json at all");
    assert_false(last_binary);
    expect_frame(client, "no json at all");
    pinion_test_send_frame(client, true, "\x00\xff", 2);
    assert_true(last_binary);
    expect_binary(client, "\x00\xff", 2);
    send_text(client, "");
    expect_frame(client, "");
}

static void init_comes_first_and_may_push(void **state)
{
    push_in_init = true;
    pinion_test_client *client = raw_connected(&raw_socket);
    assert_int_equal(inits, 1);
    expect_frame(client, "hello");
    send_text(client, "x");
    expect_frame(client, "x");
    assert_int_equal(inits, 1);
}

static void text_must_be_utf8_both_ways(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    assert_int_equal(pinion_raw_push(opened, false, "\xff", 1), PINION_EUTF8);
    expect_no_frame(client);
    pinion_test_send_frame(client, false, "\xff", 1);
    ok(pinion_test_expect_close(client, 1007));
    assert_int_equal(terminated, PINION_REASON_CLOSED);
}

static void nothing_is_done_where_nothing_is_defined(void **state)
{
    pinion_test_client *client = raw_connected(&nothing);
    send_text(client, "x");
    expect_no_frame(client);
    assert_int_equal(pinion_test_close_code(client), 0);
    pinion_test_disconnect(client);
    assert_int_equal(stats().sockets, 0);
}

/* A client of channels has no special standing here. */
static void a_version_is_not_asked_for(void **state)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect_raw(test, &raw_socket, NULL, "vsn=77", &client));
    send_text(client, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    expect_frame(client, "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
}

/* ---- ends ---- */

static void check_end(pinion_reason reason)
{
    assert_int_equal(terminations, 1);
    assert_int_equal(terminated, reason);
    assert_int_equal(destroyed, 1);
    assert_int_equal(stats().sockets, 0);
    assert_int_equal(stats().channels, 0);
}

static void stop_closes(void **state)
{
    static const struct {
        pinion_reason given, told;
        int code;
    } cases[] = {
        { PINION_REASON_NORMAL, PINION_REASON_NORMAL, 1000 },
        { PINION_REASON_SHUTDOWN, PINION_REASON_SHUTDOWN, 1012 },
        { PINION_REASON_ERROR, PINION_REASON_ERROR, 1011 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        inits = terminations = destroyed = 0;
        pinion_test_client *client = raw_connected(&raw_socket);
        next_in = pinion_stop(cases[i].given);
        send_text(client, "last");
        expect_frame(client, "last");
        ok(pinion_test_expect_close(client, cases[i].code));
        check_end(cases[i].told);
    }
}

static void a_crash_closes_this_socket_only(void **state)
{
    pinion_test_client *bystander = raw_connected(&nothing);
    pinion_test_client *client = raw_connected(&raw_socket);
    next_in = pinion_crash();
    send_text(client, "x");
    expect_frame(client, "x");
    ok(pinion_test_expect_close(client, 1011));
    assert_int_equal(terminated, PINION_REASON_CRASH);
    assert_int_equal(pinion_test_close_code(bystander), 0);
    pinion_test_disconnect(bystander);
}

static void a_reply_has_nobody_to_go_to(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    next_in = pinion_ok(NULL);
    send_text(client, "x");
    expect_frame(client, "x");
    ok(pinion_test_expect_close(client, 1011));
    assert_int_equal(terminated, PINION_REASON_CRASH);
}

static void init_may_stop_it(void **state)
{
    next_init = pinion_stop(PINION_REASON_NORMAL);
    pinion_test_client *client = raw_connected(&raw_socket);
    ok(pinion_test_expect_close(client, 1000));
    check_end(PINION_REASON_NORMAL);
}

static void the_client_may_go(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    pinion_test_disconnect(client);
    check_end(PINION_REASON_CLOSED);
}

static void disconnect_works_by_name(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "raw:1", "disconnect", NULL));
    pinion_test_run(test);
    ok(pinion_test_expect_close(client, 1001));
    check_end(PINION_REASON_CLOSED);
}

static void silence_closes(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    pinion_test_advance(test, 63750);
    ok(pinion_test_expect_close(client, 1002));
}

/* ---- connecting ---- */

static void connect_may_refuse(void **state)
{
    pinion_test_client *client = NULL;
    next_connect = pinion_error(NULL);
    assert_int_equal(pinion_test_connect_raw(test, &raw_socket, NULL, "", &client), PINION_EACCES);
    assert_int_equal(inits + terminations, 0);
    assert_int_equal(destroyed, 1);
}

/* The kit's connect waits for the answer, so it comes from another thread. */
static void *answer(void *data)
{
    ok(pinion_ref_answer(data, pinion_ok(NULL)));
    return NULL;
}

static pinion_result answer_from_a_thread(pinion_socket *socket, const pinion_payload *params,
                                          const pinion_connect_info *info)
{
    ref = pinion_ref_new_socket(socket);
    assert_int_equal(pthread_create(&thread, NULL, answer, ref), 0);
    return pinion_later();
}

static void connect_may_answer_later(void **state)
{
    static const pinion_raw_socket_def late = { .connect = answer_from_a_thread, .init = init };
    push_in_init = true;
    pinion_test_client *client = raw_connected(&late);
    pthread_join(thread, NULL);
    expect_frame(client, "hello");
}

/* ---- what it has of a channel ---- */

static void timers_refs_and_topics_reach_handle_info(void **state)
{
    raw_connected(&raw_socket);
    pinion_channel *channel = pinion_raw_channel(opened);
    ok(pinion_send_after(channel, 100, "tick", NULL, NULL));
    pinion_test_advance(test, 100);
    assert_string_equal(last_info, "- tick");
    ok(pinion_subscribe(channel, "news"));
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "flash", NULL));
    pinion_test_run(test);
    assert_string_equal(last_info, "news flash");
    ref = pinion_ref_new(channel);
    ok(pinion_ref_send(ref, "from elsewhere", NULL));
    pinion_test_run(test);
    assert_string_equal(last_info, "- from elsewhere");
    assert_int_equal(infos, 3);
    assert_string_equal(pinion_channel_topic(channel), "/test");
}

static void handle_info_may_stop_it(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    next_info = pinion_stop(PINION_REASON_NORMAL);
    ok(pinion_send_after(pinion_raw_channel(opened), 0, "tick", NULL, NULL));
    pinion_test_run(test);
    ok(pinion_test_expect_close(client, 1000));
    check_end(PINION_REASON_NORMAL);
}

static void messages_wait_while_it_works(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    work_in = true;
    send_text(client, "a");
    expect_frame(client, "a");
    send_text(client, "b");
    send_text(client, "c");
    expect_no_frame(client);
    sem_post(&may_work);
    expect_frame(client, "done");
    expect_frame(client, "b");
    expect_frame(client, "c");
    assert_int_equal(done_status, 0);
}

static void work_is_told_of_the_end(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    work_in = true;
    done_status = 1;
    send_text(client, "a");
    pinion_test_disconnect(client);
    sem_post(&may_work);
    pinion_test_free(test); /* waits for it */
    test = NULL;
    assert_int_equal(done_status, PINION_ECLOSED);
    assert_int_equal(terminations, 1);
    ok(pinion_test_new(&test, NULL));
}

static void channel_calls_are_not_for_it(void **state)
{
    pinion_test_client *client = raw_connected(&raw_socket);
    pinion_channel *channel = pinion_raw_channel(opened);
    assert_int_equal(pinion_push(channel, "x", NULL), PINION_ENOTSUP);
    assert_int_equal(pinion_broadcast(channel, "x", NULL), PINION_ENOTSUP);
    assert_int_equal(pinion_broadcast_from(channel, "x", NULL), PINION_ENOTSUP);
    expect_no_frame(client);
}

static int begin_test(void **state)
{
    next_connect = pinion_ok(NULL);
    next_init = next_in = next_info = pinion_noreply();
    inits = terminations = infos = destroyed = 0;
    push_in_init = work_in = false;
    ref = NULL;
    opened = NULL;
    sem_init(&may_work, 0, 0);
    return setup(state);
}

static int end_test(void **state)
{
    pinion_ref_free(ref);
    return teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_come_and_go_as_they_are),
        TEST(init_comes_first_and_may_push),
        TEST(text_must_be_utf8_both_ways),
        TEST(nothing_is_done_where_nothing_is_defined),
        TEST(a_version_is_not_asked_for),
        TEST(stop_closes),
        TEST(a_crash_closes_this_socket_only),
        TEST(a_reply_has_nobody_to_go_to),
        TEST(init_may_stop_it),
        TEST(the_client_may_go),
        TEST(disconnect_works_by_name),
        TEST(silence_closes),
        TEST(connect_may_refuse),
        TEST(connect_may_answer_later),
        TEST(timers_refs_and_topics_reach_handle_info),
        TEST(handle_info_may_stop_it),
        TEST(messages_wait_while_it_works),
        TEST(work_is_told_of_the_end),
        TEST(channel_calls_are_not_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
