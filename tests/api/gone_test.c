/* Public functions called with what has ended, or was freed or consumed: builds with checks end the program,
 * and name the function that was called. */
#include "base/sanitizer.h"
#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

/* AddressSanitizer finds these itself, and reports who freed the payload. */
#if PINION_ADDRESS_SANITIZER
#define SANITIZED_PAYLOADS true
#else
#define SANITIZED_PAYLOADS false
#endif

static pinion_test *test;
static pinion_channel *channel, *kept;
static pinion_socket *kept_socket;
static pinion_result (*handle)(pinion_payload *lent);

static pinion_result join(pinion_channel *joined, const char *topic, const pinion_payload *params)
{
    channel = joined;
    return pinion_ok(NULL);
}

static pinion_result handle_in(pinion_channel *of, const char *event, const pinion_payload *payload)
{
    return handle((pinion_payload *)payload);
}

static const pinion_channel_def channel_def = { .join = join,
                                                .handle_in = PINION_CLAUSES({ "*", handle_in }) };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "*", &channel_def }) };

static void need(bool met)
{
    if (!met)
        _exit(3);
}

/* A client joins, and goes; another comes, so that its memory could be used again. */
static pinion_test_client *begin(void)
{
    pinion_test_client *gone = NULL, *client = NULL;
    need(pinion_test_new(&test, NULL) == 0);
    need(pinion_test_connect(test, &socket_def, NULL, "", &gone) == 0);
    need(pinion_test_join(gone, "a", NULL) == 0);
    kept = channel;
    kept_socket = pinion_channel_socket(channel);
    pinion_test_disconnect(gone);
    pinion_test_run(test);
    need(pinion_test_connect(test, &socket_def, NULL, "", &client) == 0);
    need(pinion_test_join(client, "b", NULL) == 0);
    return client;
}

static pinion_payload *made(void)
{
    return pinion_json("{s:i}", "n", 1);
}

static pinion_payload *consumed(void)
{
    pinion_payload *payload = made();
    need(pinion_push(channel, "x", payload) == 0);
    return payload;
}

/* ---- channels and sockets ---- */

static void push(void)
{
    (void)pinion_push(kept, "x", NULL);
}

static void topic(void)
{
    (void)pinion_channel_topic(kept);
}

static void ref_new(void)
{
    (void)pinion_ref_new(kept);
}

static void presence_track(void)
{
    pinion_presence *presence = NULL;
    need(pinion_presence_new(&presence, pinion_test_endpoint(test), NULL) == 0);
    (void)pinion_presence_track_on(presence, kept, "a", "key", NULL);
}

static void socket_state(void)
{
    (void)pinion_socket_state(kept_socket);
}

/* ---- payloads ---- */

static void push_twice(void)
{
    (void)pinion_push(channel, "y", consumed());
}

static void broadcast_consumed(void)
{
    (void)pinion_broadcast(channel, "y", consumed());
}

static void endpoint_broadcast_consumed(void)
{
    (void)pinion_endpoint_broadcast(pinion_test_endpoint(test), "b", "y", consumed());
}

static void assign_consumed(void)
{
    (void)pinion_assign(channel, "key", consumed());
}

static void read_consumed(void)
{
    size_t length;
    (void)pinion_payload_bytes(consumed(), &length);
}

static void unref_twice(void)
{
    pinion_payload *payload = made();
    pinion_payload_unref(payload);
    pinion_payload_unref(payload);
}

/* Another payload was made since, and nobody may take its reference away. */
static void unref_twice_with_another_between(void)
{
    pinion_payload *payload = made();
    pinion_payload_unref(payload);
    (void)made();
    pinion_payload_unref(payload);
}

static pinion_result reply_consumed(pinion_payload *lent)
{
    return pinion_ok(consumed());
}

static pinion_result push_lent(pinion_payload *lent)
{
    (void)pinion_push(channel, "x", lent);
    return pinion_noreply();
}

static pinion_result unref_lent(pinion_payload *lent)
{
    pinion_payload_unref(lent);
    return pinion_noreply();
}

/* ---- refs, endpoints, tests ---- */

static void ref_freed(void)
{
    pinion_ref *ref = pinion_ref_new(channel);
    pinion_ref_free(ref);
    (void)pinion_ref_send(ref, "x", NULL); // NOLINT(clang-analyzer-*): it is what is tried
}

static pinion_endpoint *freed_endpoint(void)
{
    pinion_endpoint *endpoint = NULL;
    need(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .loops = 1 }) == 0);
    pinion_endpoint_free(endpoint);
    return endpoint;
}

static void endpoint_free_twice(void)
{
    pinion_endpoint_free(freed_endpoint());
}

static void endpoint_start_freed(void)
{
    need(pinion_endpoint_start(freed_endpoint()) == 0);
}

static void test_free_twice(void)
{
    pinion_test_free(test);
    pinion_test_free(test);
}

/* ---- */

#define CHANNEL  "the channel has ended: keep a ref (pinion_ref_new)"
#define SOCKET   "the socket has ended: keep a ref (pinion_ref_new_socket)"
#define CONSUMED "the payload was consumed or freed already"
#define LENT     "the payload is only lent to a callback: call pinion_payload_ref first"

static const struct attempt {
    void (*act)(void);
    pinion_result (*in_a_callback)(pinion_payload *lent);
    const char *function;
    const char *why;
} attempts[] = {
    { push, NULL, "pinion_push", CHANNEL },
    { topic, NULL, "pinion_channel_topic", CHANNEL },
    { ref_new, NULL, "pinion_ref_new", CHANNEL },
    { presence_track, NULL, "pinion_presence_track_on", CHANNEL },
    { socket_state, NULL, "pinion_socket_state", SOCKET },
    { push_twice, NULL, "pinion_push", CONSUMED },
    { broadcast_consumed, NULL, "pinion_broadcast", CONSUMED },
    { endpoint_broadcast_consumed, NULL, "pinion_endpoint_broadcast", CONSUMED },
    { assign_consumed, NULL, "pinion_assign", CONSUMED },
    { read_consumed, NULL, "pinion_payload_bytes", CONSUMED },
    { unref_twice, NULL, "pinion_payload_unref", CONSUMED },
    { unref_twice_with_another_between, NULL, "pinion_payload_unref", CONSUMED },
    { NULL, reply_consumed, "handle_in", CONSUMED },
    { NULL, push_lent, "pinion_push", LENT },
    { NULL, unref_lent, "pinion_payload_unref", LENT },
    { ref_freed, NULL, "pinion_ref_send", "ref was freed already, or never was one" },
    { endpoint_free_twice, NULL, "pinion_endpoint_free", "endpoint was freed already, or never was one" },
    { endpoint_start_freed, NULL, "pinion_endpoint_start", "endpoint was freed already, or never was one" },
    { test_free_twice, NULL, "pinion_test_free", "test was freed already, or never was one" },
};

static void try(const void *argument)
{
    const struct attempt *attempt = argument;
    pinion_test_client *client = begin();
    handle = attempt->in_a_callback;
    if (handle)
        need(pinion_test_push(client, "b", "event", made()) > 0);
    else
        attempt->act();
}

static void what_is_gone_ends_the_program(void **state)
{
    char said[400], expected[400];
    if (!ASSERTIONS_ARE_ON)
        skip();
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (SANITIZED_PAYLOADS && strcmp(attempts[i].why, CONSUMED) == 0)
            continue;
        bool aborted = aborts_saying(try, &attempts[i], said, sizeof said);
        snprintf(expected, sizeof expected, "pinion: %s: %s\n", attempts[i].function, attempts[i].why);
        assert_string_equal(said, expected);
        assert_true(aborted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_gone_ends_the_program) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
