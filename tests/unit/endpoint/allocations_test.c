/* What a message costs the heap: nothing, once the loop has served a few. Under AddressSanitizer no memory is
 * kept for the next message, so that it sees each block's end. */
#include "base/sanitizer.h"
#include "helpers/endpoint.h"
#include "helpers/heap.h"
#include "helpers/io.h"

#define MESSAGES 1000
#define AT_ONCE  16

/* So many messages fill what the loop keeps for the next ones. In builds with checks the quarantine of
 * payloads is filled too: from then on, each that goes in lets another out. */
#ifdef PINION_CHECKS
#define A_FEW (2 * PINION_QUARANTINE_BLOCKS)
#else
#define A_FEW (2 * AT_ONCE)
#endif

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_reply("ok", pinion_payload_ref(payload));
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    (void)pinion_broadcast(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }) };
static const pinion_socket_def rooms = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void expect(int fd, const char *text)
{
    uint8_t frame[2 + 125];
    assert_true(tcp_read(fd, frame, 2 + strlen(text)));
    assert_int_equal(frame[1], strlen(text));
    assert_memory_equal(frame + 2, text, strlen(text));
}

/* As many calls as were made while so many were sent, a number of them in one go. */
static size_t calls_for(int fd, size_t count, size_t at_once, const char *message, const char *answer)
{
    size_t before = heap.calls;
    for (size_t i = 0; i < count; i += at_once) {
        for (size_t k = 0; k < at_once; k++)
            assert_true(tcp_say_text(fd, message));
        for (size_t k = 0; k < at_once; k++)
            expect(fd, answer);
    }
    return heap.calls - before;
}

static void check(const char *message, const char *answer)
{
#if PINION_ADDRESS_SANITIZER
    skip();
#endif
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .io = io }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &rooms, NULL));
    ok(pinion_endpoint_start(endpoint));
    int fd = websocket();
    assert_true(tcp_say_text(fd, "[\"1\",\"1\",\"room:a\",\"phx_join\",{}]"));
    expect(fd, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    (void)calls_for(fd, A_FEW, AT_ONCE, message, answer);
    assert_int_equal(calls_for(fd, MESSAGES, 1, message, answer), 0);
    close(fd);
}

static void a_message_that_is_echoed(void **state)
{
    check("[\"1\",\"2\",\"room:a\",\"echo\",{\"text\":\"hello\"}]",
          "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"response\":{\"text\":\"hello\"},\"status\":\"ok\"}]");
}

static void a_message_that_is_broadcast_onward(void **state)
{
    check("[\"1\",\"2\",\"room:a\",\"shout\",{\"text\":\"hello\"}]",
          "[null,null,\"room:a\",\"shout\",{\"text\":\"hello\"}]");
}

static void a_message_with_space_in_it(void **state)
{
    check("[\"1\", \"2\", \"room:a\", \"echo\", {\"text\": \"hello\"}]",
          "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"response\":{\"text\":\"hello\"},\"status\":\"ok\"}]");
}

static void a_heartbeat(void **state)
{
    check("[null,\"2\",\"phoenix\",\"heartbeat\",{}]",
          "[null,\"2\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_that_is_echoed),
        TEST(a_message_that_is_broadcast_onward),
        TEST(a_message_with_space_in_it),
        TEST(a_heartbeat),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
