/* Frames of a bridge: whole, in any pieces, too long. */
#include "pubsub/bridge_frames.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX 1000

static struct pinion_bridge_reader reader;
static char read_so_far[256]; /* "1:hello 3:text " */
static int result;

static int begin(void **state)
{
    read_so_far[0] = '\0';
    result = 0;
    pinion__bridge_reader_init(&reader, MAX);
    return 0;
}

static int end(void **state)
{
    pinion__bridge_reader_release(&reader);
    return 0;
}

static int on_frame(void *context, unsigned kind, struct pinion_slice body)
{
    size_t len = strlen(read_so_far);
    snprintf(read_so_far + len, sizeof read_so_far - len, "%u:%.*s ", kind, (int)body.len, body.ptr);
    return result;
}

/* Returns the length of what is there now. */
static size_t put(char *out, size_t len, enum pinion_bridge_frame kind, const char *body)
{
    pinion__bridge_head(out + len, kind, strlen(body));
    memcpy(out + len + PINION_BRIDGE_HEAD, body, strlen(body));
    return len + PINION_BRIDGE_HEAD + strlen(body);
}

static void frames_are_read_in_any_pieces(void **state)
{
    char bytes[256];
    size_t len = put(bytes, 0, PINION_BRIDGE_HELLO, "here");
    len = put(bytes, len, PINION_BRIDGE_HEARD, "");
    len = put(bytes, len, PINION_BRIDGE_MESSAGE, "a message");
    for (size_t piece = 1; piece <= len; piece++) {
        begin(state);
        for (size_t at = 0; at < len; at += piece) {
            size_t part = len - at < piece ? len - at : piece;
            assert_int_equal(pinion__bridge_read(&reader, pinion__slice(bytes + at, part), on_frame, NULL),
                             0);
        }
        assert_string_equal(read_so_far, "1:here 2: 3:a message ");
    }
}

static void a_body_may_be_as_long_as_allowed_and_no_longer(void **state)
{
    static char bytes[PINION_BRIDGE_HEAD + MAX];
    pinion__bridge_head(bytes, PINION_BRIDGE_MESSAGE, MAX);
    assert_int_equal(pinion__bridge_read(&reader, pinion__slice(bytes, sizeof bytes), on_frame, NULL), 0);
    pinion__bridge_head(bytes, PINION_BRIDGE_MESSAGE, MAX + 1);
    assert_int_equal(
        pinion__bridge_read(&reader, pinion__slice(bytes, PINION_BRIDGE_HEAD + 1), on_frame, NULL),
        PINION_EPROTO);
}

static void what_takes_a_frame_may_end_the_reading(void **state)
{
    char bytes[256];
    size_t len = put(bytes, 0, PINION_BRIDGE_HELLO, "one");
    len = put(bytes, len, PINION_BRIDGE_HELLO, "two");
    result = PINION_ENOTSUP;
    assert_int_equal(pinion__bridge_read(&reader, pinion__slice(bytes, len), on_frame, NULL), PINION_ENOTSUP);
    assert_string_equal(read_so_far, "1:one ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_are_read_in_any_pieces),
        TEST(a_body_may_be_as_long_as_allowed_and_no_longer),
        TEST(what_takes_a_frame_may_end_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
