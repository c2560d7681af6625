/* What the engine's tests share: a test endpoint for each test, and one channel definition whose callbacks
 * count. */
#ifndef TESTS_HELPERS_ENGINE_H
#define TESTS_HELPERS_ENGINE_H

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

/* An expectation of the kit, with its sentence when it fails. */
#define ok(call)                                                                                             \
    do {                                                                                                     \
        int rc_ = (call);                                                                                    \
        if (rc_ < 0)                                                                                         \
            fail_msg("%s: %s (%s)", #call, pinion_errname(rc_), pinion_error_detail());                      \
    } while (0)

static pinion_test *test;

static inline int setup(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return pinion_test_new(&test, NULL);
}

/* Nothing is left when the clients have gone. */
static inline int teardown(void **state)
{
    pinion_test_free(test);
    test = NULL;
    return 0;
}

static inline pinion_test_client *connected(const pinion_socket_def *socket)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, socket, NULL, "", &client));
    return client;
}

static inline pinion_stats stats(void)
{
    pinion_stats now;
    pinion_endpoint_stats(pinion_test_endpoint(test), &now);
    return now;
}

/* The text of the next frame, compared. */
static inline void expect_frame(pinion_test_client *client, const char *expected)
{
    bool binary;
    const char *bytes;
    size_t len;
    ok(pinion_test_next_frame(client, &binary, &bytes, &len));
    if (binary || len != strlen(expected) || memcmp(bytes, expected, len) != 0)
        fail_msg("expected %s, got %.*s", expected, (int)len, bytes);
}

static inline void expect_no_frame(pinion_test_client *client)
{
    pinion_test_run(test);
    if (pinion_test_frames(client) > 0) {
        bool binary;
        const char *bytes;
        size_t len;
        ok(pinion_test_next_frame(client, &binary, &bytes, &len));
        fail_msg("expected nothing, got %.*s", (int)len, bytes);
    }
}

static inline void send_text(pinion_test_client *client, const char *text)
{
    pinion_test_send_frame(client, false, text, strlen(text));
}

#endif
