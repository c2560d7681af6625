/* A client that does not read what it is sent, over a real connection: what becomes of it, and of the others.
 */
#include "helpers/engine.h"
#include "helpers/tcp.h"
#include <stdatomic.h>
#include <stdlib.h>

#define PAD       8000
#define MESSAGES  2000 /* of PAD bytes: more than the kernel takes for a client */
#define MAX_QUEUE 100000

static pinion_endpoint *endpoint;
static atomic_int ended;

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    ended++;
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result pass(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result tell(pinion_channel *channel)
{
    pinion_push(channel, "drained", NULL);
    return pinion_noreply();
}

static const pinion_channel_def room = {
    .handle_in = PINION_CLAUSES({ "echo", echo }),
    .handle_out = PINION_CLAUSES({ "filtered", pass }),
    .terminate = terminate,
};
static const pinion_channel_def told = { .drained = tell };
static const pinion_socket_def user_socket = { .channels =
                                                   PINION_ROUTES({ "room:*", &room }, { "told:*", &told }) };

static void start_with(const char *io, bool drop_broadcasts, uint32_t max_unsent)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ended = 0;
    /* What the kernel holds for the one that stalls is read when all was broadcast: on a busy machine that
     * may be long after. */
    ok(pinion_endpoint_new(
        &endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .io = io, .close_timeout_ms = 120000 }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                              &(pinion_socket_options){ .max_queue = MAX_QUEUE,
                                                        .drop_broadcasts = drop_broadcasts,
                                                        .max_unsent = max_unsent,
                                                        .timeout_ms = 600000 }));
    ok(pinion_endpoint_start(endpoint));
}

static void start(const char *io, bool drop_broadcasts)
{
    start_with(io, drop_broadcasts, 0);
}

static void stop(void)
{
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
}

static pinion_stats now(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats;
}

/* ---- a client ---- */

/* The next frame's text, terminated. Its opcode. */
static int next_text(int fd, char *text, size_t size)
{
    int first = tcp_hear_frame(fd, text, size);
    assert_true(first >= 0);
    return first & 15;
}

static int joined(const char *topic)
{
    char text[1000];
    int fd = tcp_websocket(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",{}]", topic);
    assert_true(tcp_say_text(fd, text));
    next_text(fd, text, sizeof text);
    assert_non_null(strstr(text, "\"ok\""));
    return fd;
}

/* ---- what is broadcast ---- */

static const char *topic, *event; /* of what is broadcast */

static void broadcast(int n)
{
    static char pad[PAD + 1];
    memset(pad, 'x', PAD);
    ok(pinion_endpoint_broadcast(endpoint, topic, event, pinion_json("{s:i,s:s}", "n", n, "pad", pad)));
}

/* The number in a frame, -1: it is none. */
static int number(const char *text)
{
    const char *at = strstr(text, "{\"n\":");
    return at ? atoi(at + 5) : -1;
}

/* Each comes to one that reads. */
static void broadcast_to(int reader, int first, int end)
{
    char text[PAD + 200];
    for (int n = first; n < end; n++) {
        broadcast(n);
        next_text(reader, text, sizeof text);
        assert_int_equal(number(text), n);
    }
}

/* ---- */

/* Returns how many broadcasts came to the one that was closed. */
static int close_one(const char *io, uint32_t max_unsent)
{
    char text[PAD + 200];
    start_with(io, false, max_unsent);
    topic = "room:1";
    event = "n";
    int stalled = joined(topic), reader = joined(topic), expected = 0;
    broadcast_to(reader, 0, MESSAGES);
    assert_int_equal(ended, 1);
    assert_int_equal(now().slow_closed, 1);
    while (next_text(stalled, text, sizeof text) == 1)
        assert_int_equal(number(text), expected++);
    assert_memory_equal(text, "\x03\xf0", 2); /* 1008 */
    assert_true(expected < MESSAGES);
    close(stalled);
    close(reader);
    stop();
    return expected;
}

static void closes(const char *io)
{
    int many = close_one(io, 0), few = close_one(io, 16 << 10);
    assert_true(few < many / 4); /* 20 and 535 on Linux 6.18: the client's own buffer takes some */
}

/* It has a reply coming for what it sent while it did not read. */
static void drops(const char *io, const char *of)
{
    char text[PAD + 200];
    bool replied = false;
    int last = -1, got = 0;
    start(io, true);
    topic = "room:1";
    event = of;
    int stalled = joined(topic), reader = joined(topic);
    broadcast_to(reader, 0, MESSAGES / 2);
    assert_true(tcp_say_text(stalled, "[\"1\",\"2\",\"room:1\",\"echo\",{\"reply\":1}]"));
    broadcast_to(reader, MESSAGES / 2, MESSAGES);
    assert_int_equal(ended, 0);
    assert_int_equal(now().slow_closed, 0);
    while (last < MESSAGES - 1) {
        next_text(stalled, text, sizeof text);
        if (number(text) < 0) {
            assert_non_null(strstr(text, "{\"reply\":1}"));
            replied = true;
            continue;
        }
        assert_true(number(text) > last);
        last = number(text);
        got++;
    }
    assert_true(replied);
    assert_true(got < MESSAGES);
    assert_int_equal(got + now().skipped, MESSAGES);
    close(stalled);
    close(reader);
    stop();
}

static void drops_broadcasts(const char *io)
{
    drops(io, "n");
}

static void drops_what_handle_out_pushes(const char *io)
{
    drops(io, "filtered");
}

/* It is told of when it has all. It may be told of before, while the kernel makes more room for it. */
static void tells(const char *io)
{
    char text[PAD + 200];
    int last = -1;
    start(io, true);
    topic = "told:1";
    event = "n";
    int stalled = joined(topic), reader = joined(topic);
    broadcast_to(reader, 0, MESSAGES);
    assert_true(now().skipped > 0);
    for (bool was_told = false; last < MESSAGES - 1 || !was_told;) {
        next_text(stalled, text, sizeof text);
        was_told = number(text) < 0;
        if (was_told)
            assert_non_null(strstr(text, "\"drained\",{}]"));
        else
            last = number(text);
    }
    close(stalled);
    close(reader);
    stop();
}

static void on_each_engine(void (*run)(const char *io))
{
    static const char *const engines[] = { "uring", "uv" };
    for (size_t i = 0; i < 2; i++) {
        pinion_endpoint *probe = NULL;
        if (pinion_endpoint_new(&probe, &(pinion_endpoint_options){ .io = engines[i] }) != 0)
            continue; /* it cannot work here */
        pinion_endpoint_free(probe);
        run(engines[i]);
    }
}

static void it_is_closed(void **state)
{
    on_each_engine(closes);
}

static void or_does_without_the_oldest_broadcasts(void **state)
{
    on_each_engine(drops_broadcasts);
}

static void what_handle_out_pushes_is_a_broadcast_too(void **state)
{
    on_each_engine(drops_what_handle_out_pushes);
}

static void who_reads_again_is_told_of(void **state)
{
    on_each_engine(tells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_closed),
        cmocka_unit_test(or_does_without_the_oldest_broadcasts),
        cmocka_unit_test(what_handle_out_pushes_is_a_broadcast_too),
        cmocka_unit_test(who_reads_again_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
