/* Definitions, checked once and then looked up in: routes, options. */
#include "engine/mount.h"
#include <pinion/error.h>
#include <pinion/log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/slices.h"

static pinion_result one(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static pinion_result rest(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static const pinion_channel_def lobby, room, any;
static struct pinion_mount mount;

static int release(void **state)
{
    pinion__mount_release(&mount);
    return 0;
}

/* ---- definitions that cannot work ---- */

static void check_refused(const pinion_socket_def *def, const char *sentence)
{
    struct pinion_mount untouched, before;
    memset(&untouched, 0xA5, sizeof untouched);
    before = untouched;
    assert_int_equal(pinion__mount_init(&untouched, "/socket", def, NULL), PINION_EINVAL);
    assert_memory_equal(&untouched, &before, sizeof before);
    if (!strstr(pinion_error_detail(), sentence))
        fail_msg("\"%s\" does not say \"%s\"", pinion_error_detail(), sentence);
}

static void check_route_refused(const char *topic, const pinion_channel_def *channel, const char *sentence)
{
    const pinion_route routes[] = { { "fine:*", &room }, { topic, channel }, { NULL, NULL } };
    check_refused(&(pinion_socket_def){ .channels = routes }, sentence);
}

static void what_cannot_work_is_refused_by_name(void **state)
{
    const pinion_clause greedy_out[] = { { "named", one }, { "*", rest }, { NULL, NULL } };
    const pinion_channel_def greedy = { .handle_out = greedy_out };
    check_refused(NULL, "/socket");
    check_route_refused("", &room, "empty topic");
    check_route_refused("a*b", &room, "\"a*b\"");
    check_route_refused("a**", &room, "\"a**\"");
    check_route_refused("bare", NULL, "\"bare\"");
    check_route_refused("greedy", &greedy, "handle_out");
    check_route_refused("broken", &(pinion_channel_def){ .assigns = "{" }, "\"broken\"");
    check_route_refused("list", &(pinion_channel_def){ .assigns = "[1]" }, "no JSON object: [1]");
}

/* ---- routes ---- */

static const pinion_channel_def *route(const char *topic)
{
    return pinion__routes_find(&mount.routes, pinion__slice_str(topic));
}

static void the_first_declared_match_wins(void **state)
{
    static const pinion_route routes[] = {
        { "room:lobby", &lobby }, { "room:*", &room }, { "room:x", &any }, { NULL, NULL }
    };
    static const pinion_socket_def def = { .channels = routes };
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, NULL), 0);
    assert_ptr_equal(route("room:lobby"), &lobby);
    assert_ptr_equal(route("room:lobby2"), &room);
    assert_ptr_equal(route("room:x"), &room);
    assert_ptr_equal(route("room:"), &room);
    assert_null(route("room"));
    assert_null(route("Room:x"));
    assert_null(route(""));
    assert_null(pinion__routes_find(&mount.routes, LITERAL("room:lobby\0")));
}

/* The index must find what a walk would. */
static const pinion_channel_def *walk(const pinion_route *table, const char *topic)
{
    for (; table->topic; table++) {
        size_t len = strlen(table->topic);
        if (table->topic[len - 1] == '*' ? strncmp(table->topic, topic, len - 1) == 0
                                         : strcmp(table->topic, topic) == 0)
            return table->channel;
    }
    return NULL;
}

static void many_routes_are_found_as_if_walked(void **state)
{
    static const char *const texts[] = { "a:*", "a:b:*", "a:b", "b*",  "ab", "a",
                                         "*",   "a:b:c", "b:x", "c:*", "c:*" };
    enum { COUNT = sizeof texts / sizeof *texts };
    static const char *const topics[] = { "a", "a:", "a:b", "a:b:", "a:b:c", "a:b:cd", "ab", "abc",
                                          "b", "bx", "b:x", "c",    "c:",    "c:1",    "d",  "aa" };
    static pinion_channel_def channels[COUNT];
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        pinion_route table[COUNT + 1] = { { NULL, NULL } };
        size_t count = 1 + (seed = seed * 1103515245 + 12345) / 65536 % COUNT;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            table[i] = (pinion_route){ texts[seed / 65536 % COUNT], &channels[i] };
        }
        const pinion_socket_def def = { .channels = table };
        assert_int_equal(pinion__mount_init(&mount, "/socket", &def, NULL), 0);
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
            assert_ptr_equal(route(topics[i]), walk(table, topics[i]));
        pinion__mount_release(&mount);
    }
}

static void a_lone_star_takes_every_topic_there_can_be(void **state)
{
    static const pinion_route routes[] = { { "*", &any }, { NULL, NULL } };
    static const pinion_socket_def def = { .channels = routes };
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, NULL), 0);
    assert_ptr_equal(route("x"), &any);
    assert_ptr_equal(route("*"), &any);
    assert_null(route(""));
    assert_null(pinion__routes_find(&mount.routes, LITERAL("a\0b")));
}

static void a_socket_without_routes_has_no_topics(void **state)
{
    static const pinion_socket_def def = { 0 };
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, NULL), 0);
    assert_null(route("x"));
}

/* ---- options ---- */

static void what_is_zero_gets_its_default(void **state)
{
    static const pinion_socket_def def = { 0 };
    const pinion_socket_options own = { .timeout_ms = PINION_NEVER, .max_channels = 7 };
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, NULL), 0);
    assert_int_equal(mount.options.timeout_ms, 60000);
    assert_int_equal(mount.options.max_message, 1 << 20);
    assert_int_equal(mount.options.max_queue, 1 << 20);
    assert_int_equal(mount.options.max_channels, 100);
    pinion__mount_release(&mount);
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, &own), 0);
    assert_int_equal(mount.options.timeout_ms, PINION_NEVER);
    assert_int_equal(mount.options.max_message, 1 << 20);
    assert_int_equal(mount.options.max_channels, 7);
    assert_string_equal(mount.path, "/socket");
}

/* What transports go by says the same as the options do, member by member. */
static void limits_are_the_options_for_transports(void **state)
{
    static const pinion_socket_def def = { 0 };
    const pinion_socket_options own = { .max_message = 1,
                                        .max_queue = 2,
                                        .drop_broadcasts = true,
                                        .timeout_ms = 3,
                                        .ping_interval_ms = 4,
                                        .ping_timeout_ms = 5,
                                        .longpoll_window_ms = 6,
                                        .longpoll_max_batch = 7,
                                        .longpoll_max_body = 8,
                                        .max_unsent = 11 };
    assert_int_equal(pinion__mount_init(&mount, "/socket", &def, &own), 0);
    pinion__mount_patience(&mount, 9, 10);
    const pinion_transport_limits *limits = &mount.limits;
    assert_true(limits->max_message == 1 && limits->max_queue == 2 && limits->drop_broadcasts);
    assert_string_equal(limits->path, "/socket");
    assert_true(limits->timeout_ms == 3 && limits->ping_interval_ms == 4 && limits->ping_timeout_ms == 5);
    assert_true(limits->longpoll_window_ms == 6 && limits->longpoll_max_batch == 7);
    assert_int_equal(limits->longpoll_max_body, 8);
    assert_true(limits->close_timeout_ms == 9 && limits->stall_ms == 10);
    assert_int_equal(limits->max_unsent, 11);
}

int main(void)
{
    pinion_log_set_level(PINION_LOG_NONE); /* of routes that are never taken, which are here on purpose */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_work_is_refused_by_name),
        cmocka_unit_test_teardown(the_first_declared_match_wins, release),
        cmocka_unit_test(many_routes_are_found_as_if_walked),
        cmocka_unit_test_teardown(a_lone_star_takes_every_topic_there_can_be, release),
        cmocka_unit_test_teardown(a_socket_without_routes_has_no_topics, release),
        cmocka_unit_test_teardown(what_is_zero_gets_its_default, release),
        cmocka_unit_test_teardown(limits_are_the_options_for_transports, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
