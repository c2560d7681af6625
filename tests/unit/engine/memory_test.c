/* What a client hears when memory runs out. What is for it alone it gets, or its socket is closed; it never
 * stays there and misses something. A broadcast may be dropped, and is counted then. */
#include "engine/hub.h"
#include "helpers/engine.h"
#include "helpers/shortage.h"

#include "helpers/capture.h"

#define MANY 1000 /* allocations */

static int pushed;

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_reply("ok", NULL);
}

static pinion_result push(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pushed = pinion_push(channel, "pushed", NULL);
    return pinion_noreply();
}

static pinion_ref *ref;

static pinion_result keep_ref(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ref = pinion_ref_new(channel);
    assert_non_null(ref);
    return pinion_noreply();
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "echo", echo }, { "push", push },
                                                                     { "keep", keep_ref }) };
static const pinion_socket_def rooms = { .channels = PINION_ROUTES({ "room:*", &room }) };

static pinion_result raw_push(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    pushed = pinion_raw_push(socket, binary, bytes, length);
    return pinion_noreply();
}

static const pinion_raw_socket_def raw = { .handle_in = raw_push };

static int begun, ended;

static pinion_result init(pinion_socket *socket)
{
    begun++;
    return pinion_noreply();
}

static void terminate(pinion_socket *socket, pinion_reason reason)
{
    ended++;
}

static const pinion_raw_socket_def counted = { .init = init, .terminate = terminate };

static pinion_test_client *joined(void)
{
    pinion_test_client *client = connected(&rooms);
    ok(pinion_test_join(client, "room:1", NULL));
    return client;
}

static void send_without_memory(pinion_test_client *client, const char *text)
{
    shortage_begin(0, MANY);
    send_text(client, text);
    assert_true(shortage_end() > 0);
}

static void closed(pinion_test_client *client)
{
    ok(pinion_test_expect_close(client, 1011));
    assert_int_equal(stats().sockets, 0);
}

static void a_reply(void **state)
{
    pinion_test_client *client = joined();
    send_without_memory(client, "[\"1\",\"2\",\"room:1\",\"echo\",{}]");
    closed(client);
}

static void a_heartbeat(void **state)
{
    pinion_test_client *client = joined();
    send_without_memory(client, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    closed(client);
}

static void a_join(void **state)
{
    pinion_test_client *client = joined();
    send_without_memory(client, "[\"2\",\"2\",\"room:2\",\"phx_join\",{}]");
    closed(client);
}

static void a_leave(void **state)
{
    pinion_test_client *client = joined();
    send_without_memory(client, "[\"1\",\"2\",\"room:1\",\"phx_leave\",{}]");
    closed(client);
}

static void a_push(void **state)
{
    pinion_test_client *client = joined();
    send_without_memory(client, "[\"1\",\"2\",\"room:1\",\"push\",{}]");
    assert_int_equal(pushed, PINION_ENOMEM);
    closed(client);
}

static void a_push_of_a_raw_socket(void **state)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect_raw(test, &raw, NULL, "", &client));
    pinion_test_run(test);
    send_without_memory(client, "hello");
    assert_int_equal(pushed, PINION_ENOMEM);
    closed(client);
}

/* A raw socket whose init is not called could do nothing until its client says something. */
static void a_raw_socket_begins_or_is_refused(void **state)
{
    size_t failed = 1;
    for (size_t n = 0; failed > 0; n++) {
        pinion_test_client *client = NULL;
        begun = ended = 0;
        shortage_begin(n, 1);
        int rc = pinion_test_connect_raw(test, &counted, NULL, "", &client);
        failed = shortage_end();
        pinion_test_run(test);
        assert_int_equal(begun, rc == 0);
        if (client)
            pinion_test_disconnect(client);
        pinion_test_run(test);
        assert_int_equal(ended, begun);
        assert_int_equal(stats().sockets, 0);
    }
}

static int destroyed;

static void destroy(void *data)
{
    destroyed++;
}

/* Its sender was told that it was taken: so the log tells that it is lost. */
static void a_message_to_a_ref(void **state)
{
    char text[1000];
    struct capture capture = { -1, -1 };
    send_text(joined(), "[\"1\",\"2\",\"room:1\",\"keep\",{}]");
    destroyed = 0;
    ok(pinion_ref_send_data(ref, "data", NULL, destroy));
    pinion_ref_free(ref);
    pinion_log_set_level(PINION_LOG_ERROR);
    assert_int_equal(capture_begin(&capture), 0);
    shortage_begin(0, 1);
    pinion_test_run(test);
    size_t failed = shortage_end();
    capture_end(&capture, text, sizeof text);
    assert_int_equal(failed, 1);
    assert_non_null(strstr(text, "channel room:1: a message to its ref finds no memory"));
    assert_int_equal(destroyed, 1);
}

/* Its phx_close comes after the reply to the join that replaced it, whatever that is. */
static void the_end_of_a_channel_that_no_other_replaces(void **state)
{
    pinion_test_client *client = joined();
    shortage_begin(0, 1);
    send_text(client, "[\"7\",\"7\",\"room:1\",\"phx_join\",{}]");
    assert_int_equal(shortage_end(), 1);
    expect_frame(client, "[\"7\",\"7\",\"room:1\",\"phx_reply\",{\"response\":{\"reason\":\"join "
                         "crashed\"},\"status\":\"error\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:1\",\"phx_close\",{}]");
    expect_no_frame(client);
    assert_int_equal(stats().channels, 0);
}

/* It reaches nobody, and the next one all. */
static void a_broadcast(void **state)
{
    pinion_test_client *client = joined(), *other = joined();
    int rc = PINION_ENOMEM;
    for (size_t n = 0; rc; n++) { /* until it can be made, but no frame */
        shortage_begin(n, MANY);
        rc = pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "first", NULL);
        assert_true(shortage_end() > 0);
        assert_true(!rc || rc == PINION_ENOMEM || rc == PINION_EPAYLOAD);
    }
    assert_int_equal(stats().dropped, 2);
    assert_int_equal(stats().unencodable, 0);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "second", NULL));
    expect_frame(client, "[null,null,\"room:1\",\"second\",{}]");
    expect_frame(other, "[null,null,\"room:1\",\"second\",{}]");
    assert_int_equal(stats().deliveries, 2);
}

/* The frame can be made, and the second client's queue has no room for it. */
static void a_broadcast_to_one_of_them(void **state)
{
    pinion_test_client *client = joined(), *other = joined();
    size_t dropped = 0;
    for (size_t n = 0; dropped == 0 && n < 10; n++) {
        shortage_begin(n, 1);
        (void)pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "first", NULL);
        (void)shortage_end();
        dropped = stats().dropped % 2; /* not both */
    }
    assert_int_equal(dropped, 1);
    assert_true(pinion_test_frames(client) != pinion_test_frames(other));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply),
        TEST(a_heartbeat),
        TEST(a_join),
        TEST(a_leave),
        TEST(a_push),
        TEST(a_push_of_a_raw_socket),
        TEST(a_raw_socket_begins_or_is_refused),
        TEST(a_message_to_a_ref),
        TEST(the_end_of_a_channel_that_no_other_replaces),
        TEST(a_broadcast),
        TEST(a_broadcast_to_one_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
