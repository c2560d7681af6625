/* Broadcasts that a loop makes in one turn, over WebSocket: clients of both serializers, one that is left
 * out, one that is answered in between, some whose channel ends in the middle. Each hears what it would hear
 * of broadcasts that are made one at a time. */
#include "helpers/endpoint.h"
#include "helpers/io.h"

#define EACH 8 /* clients of a kind */

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast(channel, "n", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result say_to_others(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast_from(channel, "n", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result answer(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result end(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_broadcast(channel, "end", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result quit(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop(PINION_REASON_NORMAL);
}

#define EVENTS PINION_CLAUSES({ "b", say }, { "f", say_to_others }, { "r", answer }, { "e", end })

static const pinion_channel_def staying = { .handle_in = EVENTS };
static const pinion_channel_def quitting = { .handle_in = EVENTS,
                                             .handle_out = PINION_CLAUSES({ "end", quit }) };
static const pinion_socket_def staying_socket = { .channels = PINION_ROUTES({ "r", &staying }) };
static const pinion_socket_def quitting_socket = { .channels = PINION_ROUTES({ "r", &quitting }) };

static void serve(void)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_socket(endpoint, "/stay", &staying_socket, NULL));
    ok(pinion_endpoint_socket(endpoint, "/quit", &quitting_socket, NULL));
    ok(pinion_endpoint_start(endpoint));
}

static void expect(int fd, const char *const *texts)
{
    char text[300];
    for (; *texts; texts++) {
        assert_int_equal(tcp_hear_frame(fd, text, sizeof text), 0x81);
        assert_string_equal(text, *texts);
    }
}

static int joined(const char *mount, int version)
{
    char request[500], text[300];
    int fd = connected_fd();
    snprintf(request, sizeof request,
             "GET %s/websocket?vsn=%d.0.0 HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE "\r\n", mount, version);
    assert_true(tcp_say(fd, request));
    assert_int_equal(tcp_head(fd, request, sizeof request), 101);
    assert_true(tcp_say_text(
        fd, version == 2 ? "[\"1\",\"1\",\"r\",\"phx_join\",{}]"
                         : "{\"topic\":\"r\",\"event\":\"phx_join\",\"ref\":\"1\",\"payload\":{}}"));
    assert_int_equal(tcp_hear_frame(fd, text, sizeof text), 0x81);
    return fd;
}

#define V2(event, payload) "[null,null,\"r\",\"" event "\"," payload "]"
#define V1(event, payload) "{\"event\":\"" event "\",\"payload\":" payload ",\"ref\":null,\"topic\":\"r\"}"
#define ALL(version)                                                                                         \
    version("n", "{\"n\":1}"), version("n", "{\"n\":2}"), version("n", "{\"n\":3}"), version("n", "{\"n\":4}")

static const char *const heard_v2[] = { ALL(V2), V2("end", "{}"), V2("n", "{\"n\":5}"), NULL };
static const char *const heard_v1[] = { ALL(V1), V1("end", "{}"), V1("n", "{\"n\":5}"), NULL };
static const char *const heard_by_who_quits[] = { ALL(V2), "[\"1\",\"1\",\"r\",\"phx_close\",{}]", NULL };
static const char *const heard_by_speaker[] = {
    V2("n", "{\"n\":1}"),
    V2("n", "{\"n\":2}"),
    V2("n", "{\"n\":4}"),
    "[\"1\",\"7\",\"r\",\"phx_reply\",{\"response\":{\"x\":1},\"status\":\"ok\"}]",
    V2("end", "{}"),
    V2("n", "{\"n\":5}"),
    NULL,
};

/* In one segment. */
static void speak(int fd)
{
    static const char *const texts[] = {
        "[\"1\",\"2\",\"r\",\"b\",{\"n\":1}]", "[\"1\",\"2\",\"r\",\"b\",{\"n\":2}]",
        "[\"1\",\"2\",\"r\",\"f\",{\"n\":3}]", "[\"1\",\"2\",\"r\",\"b\",{\"n\":4}]",
        "[\"1\",\"7\",\"r\",\"r\",{\"x\":1}]", "[\"1\",\"2\",\"r\",\"e\",{}]",
        "[\"1\",\"2\",\"r\",\"b\",{\"n\":5}]",
    };
    char bytes[500];
    size_t len = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        len += tcp_put_text(bytes + len, texts[i]);
    assert_true(tcp_send(fd, bytes, len));
}

static void each_hears_its_own_in_order(void **state)
{
    int two[EACH], one[EACH], quitters[EACH];
    serve();
    for (int i = 0; i < EACH; i++) {
        two[i] = joined("/stay", 2);
        one[i] = joined("/stay", 1);
        quitters[i] = joined("/quit", 2);
    }
    int speaker = joined("/stay", 2);
    for (int round = 0; round < 3; round++) {
        speak(speaker);
        expect(speaker, heard_by_speaker);
        for (int i = 0; i < EACH; i++) {
            expect(two[i], heard_v2);
            expect(one[i], heard_v1);
            if (round == 0)
                expect(quitters[i], heard_by_who_quits);
        }
    }
    /* The round that those who quit did not hear: they hear no more than what ended them. */
    for (int i = 0; i < EACH; i++) {
        assert_int_equal(recv(quitters[i], (char[1]){ 0 }, 1, MSG_DONTWAIT), -1);
        close(two[i]);
        close(one[i]);
        close(quitters[i]);
    }
    close(speaker);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_hears_its_own_in_order),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
