#include "helpers/guard.h"
#include "proto/path.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct guard guard;

/* The path ends at a guard page. */
static struct pinion_slice path_of(const char *text)
{
    return pinion__slice(guard_place(&guard, text, strlen(text)), strlen(text));
}

static bool is(const char *path, const char *other)
{
    return pinion__path_is(path_of(path), other);
}

static void other_segments_are_another_path(void **state)
{
    assert_false(is("/socket", "/socket/websocket"));
    assert_false(is("/socket/websocket/x", "/socket/websocket"));
    assert_false(is("/socket/websockets", "/socket/websocket"));
    assert_false(is("/socket/websocke", "/socket/websocket"));
    assert_false(is("/Socket/websocket", "/socket/websocket"));
    assert_false(is("/socketwebsocket", "/socket/websocket"));
    assert_false(is("/x", "/"));
    assert_false(is("*", "/"));
    assert_false(is("/", "/x"));
    assert_false(is("", "/x"));
}

static void nothing_is_decoded_or_resolved(void **state)
{
    assert_false(is("/%73ocket", "/socket"));
    assert_false(is("/socket%2Fwebsocket", "/socket/websocket"));
    assert_false(is("/x/../socket", "/socket"));
    assert_false(is("/./socket", "/socket"));
}

static void empty_segments_are_none(void **state)
{
    assert_true(is("/socket/websocket", "/socket/websocket"));
    assert_true(is("/socket/websocket/", "/socket/websocket"));
    assert_true(is("//socket///websocket//", "/socket/websocket"));
    assert_true(is("/socket/websocket", "//socket//websocket/"));
    assert_true(is("/", "/"));
    assert_true(is("//", "/"));
    assert_true(is("", "/"));
}

static void check_skip(const char *path, const char *prefix, bool expected, const char *rest)
{
    struct pinion_slice text = path_of(path);
    assert_int_equal(pinion__path_skip(&text, prefix), expected);
    assert_int_equal(text.len, strlen(rest));
    assert_memory_equal(text.ptr, rest, text.len);
}

static void a_prefix_is_whole_segments(void **state)
{
    check_skip("/socket/websocket", "/sock", false, "/socket/websocket");
    check_skip("/socket", "/socket/websocket", false, "/socket");
    check_skip("/socket/websocket", "/socket", true, "/websocket");
    check_skip("//socket//websocket/", "/socket/", true, "//websocket/");
    check_skip("/websocket", "/", true, "/websocket");
    check_skip("/socket", "/socket", true, "");
}

static int set_up(void **state)
{
    guard = guard_new(64);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_segments_are_another_path),
        cmocka_unit_test(nothing_is_decoded_or_resolved),
        cmocka_unit_test(empty_segments_are_none),
        cmocka_unit_test(a_prefix_is_whole_segments),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
