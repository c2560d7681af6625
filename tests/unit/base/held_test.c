/* What users do not give back is told of when an endpoint is freed: in builds with checks, once, by the place
 * where it was made. Others tell nothing. */
#include "base/held.h"
#include <pinion/frame.h>
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

static char lines[20][600];
static size_t line_count;

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    assert_int_equal(level, PINION_LOG_WARNING);
    assert_true(line_count < 20);
    snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

static pinion_channel *channel;

static pinion_result join(pinion_channel *joined, const char *topic, const pinion_payload *params)
{
    channel = joined;
    return pinion_ok(NULL);
}

static const pinion_channel_def channel_def = { .join = join };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "*", &channel_def }) };

static pinion_test *new_test(void)
{
    pinion_test *test = NULL;
    pinion_test_client *client;
    assert_int_equal(pinion_test_new(&test, NULL), 0);
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "", &client), 0);
    assert_int_equal(pinion_test_join(client, "a", NULL), 0);
    return test;
}

static int set_up(void **state)
{
    pinion_log_set_level(PINION_LOG_WARNING);
    pinion_log_set_function(keep_line, NULL);
    line_count = 0;
    return 0;
}

static bool told(const char *how_many, const char *by)
{
    for (size_t i = 0; i < line_count; i++) {
        if (strstr(lines[i], how_many) && strstr(lines[i], by) && strstr(lines[i], "base_held+0x"))
            return true;
    }
    return false;
}

static void expect_told(const char *how_many, const char *by)
{
    if (told(how_many, by) != ASSERTIONS_ARE_ON)
        fail_msg("%s, made by %s: told: %d; %zu lines, the first is %s", how_many, by, !ASSERTIONS_ARE_ON,
                 line_count, lines[0]);
}

static void what_is_given_back_is_not_told_of(void **state)
{
    pinion_test *test = new_test();
    pinion_subscription *subscription;
    pinion_ref *ref = pinion_ref_new(channel);
    assert_int_equal(pinion_endpoint_subscribe(pinion_test_endpoint(test), "b",
                                               (pinion_subscription_fn *)abort, NULL, &subscription),
                     0);
    assert_int_equal(pinion_push(channel, "event", pinion_json("{s:i}", "a", 1)), 0);
    assert_int_equal(pinion_broadcast(channel, "event", pinion_json("{s:i}", "a", 1)), 0);
    assert_int_equal(pinion_assign(channel, "key", pinion_json("{s:i}", "a", 1)), 0);
    pinion_payload_unref(pinion_assigns(channel));
    pinion_ref_free(ref);
    pinion_subscription_free(subscription, NULL);
    pinion_test_free(test);
    assert_int_equal(line_count, 0);
}

static void refs_are_told_of_by_the_place_where_they_were_made(void **state)
{
    pinion_ref *refs[4];
    pinion_test *test = new_test();
    for (int i = 0; i < 3; i++)
        refs[i] = pinion_ref_new(channel);
    refs[3] = pinion_ref_new_socket(pinion_channel_socket(channel));
    pinion_test_free(test);
    expect_told("3 refs are", "pinion_ref_new");
    expect_told("1 ref is", "pinion_ref_new_socket");
    assert_int_equal(line_count, ASSERTIONS_ARE_ON ? 2 : 0);
    for (int i = 0; i < 4; i++)
        pinion_ref_free(refs[i]);
}

static void subscriptions_are_told_of(void **state)
{
    pinion_test *test = new_test();
    pinion_subscription *subscription;
    assert_int_equal(pinion_endpoint_subscribe(pinion_test_endpoint(test), "b",
                                               (pinion_subscription_fn *)abort, NULL, &subscription),
                     0);
    pinion_test_free(test);
    expect_told("1 subscription is", "pinion_endpoint_subscribe");
    pinion_subscription_free(subscription, NULL);
}

static void actors_are_told_of_by_what_was_called(void **state)
{
    static const pinion_actor_def def = { .idle_ms = 1 };
    pinion_test *test = new_test();
    pinion_actor_ref *ref;
    assert_int_equal(pinion_actor_open(pinion_test_endpoint(test), "a", &def, NULL, NULL, &ref), 0);
    pinion_test_free(test);
    expect_told("1 ref of an actor is", "made by pinion_actor_open, called");
    pinion_actor_ref_free(ref);
}

static void payloads_and_frames_are_told_of_after_the_last_endpoint(void **state)
{
    pinion_endpoint *endpoint = NULL;
    assert_int_equal(pinion_endpoint_new(&endpoint, NULL), 0);
    pinion_test *test = new_test();
    pinion_payload *made = pinion_json("{s:i}", "a", 1), *kept;
    pinion_frame *frame = pinion_frame_new(false, "a", 1);
    assert_int_equal(pinion_assign(channel, "key", pinion_payload_text("1", 1)), 0);
    kept = pinion_payload_ref(pinion_assigned(channel, "key"));
    pinion_test_free(test);
    assert_int_equal(line_count, 0);
    pinion_endpoint_free(endpoint);
    expect_told("1 payload is", "pinion_json");
    expect_told("1 payload is", "pinion_payload_ref");
    expect_told("1 frame is", "pinion_frame_new");
    line_count = 0;
    pinion_test_free(new_test()); /* once is enough */
    assert_int_equal(line_count, 0);
    pinion_payload_unref(made);
    pinion_payload_unref(kept);
    pinion_frame_unref(frame);
}

static void many_places_are_told_of_by_their_number(void **state)
{
    pinion_ref *refs[10];
    pinion_test *test = new_test();
#define MAKE(i) refs[i] = pinion_ref_new(channel)
    MAKE(0);
    MAKE(1);
    MAKE(2);
    MAKE(3);
    MAKE(4);
    MAKE(5);
    MAKE(6);
    MAKE(7);
    MAKE(8);
    MAKE(9);
    pinion_test_free(test);
    assert_int_equal(line_count, ASSERTIONS_ARE_ON ? 9 : 0);
    if (ASSERTIONS_ARE_ON)
        assert_non_null(strstr(lines[8], "2 more refs are"));
    for (int i = 0; i < 10; i++)
        pinion_ref_free(refs[i]);
}

static void free_twice(const void *nothing)
{
    pinion_test *test = new_test();
    pinion_ref *ref = pinion_ref_new(channel);
    pinion_ref_free(ref);
    pinion_ref_free(ref); // NOLINT(clang-analyzer-*): it is what is tried
    pinion_test_free(test);
}

static void what_is_freed_twice_ends_the_program(void **state)
{
    char said[200];
    if (!ASSERTIONS_ARE_ON)
        skip();
    assert_true(aborts_saying(free_twice, NULL, said, sizeof said));
    assert_string_equal(said, "pinion: pinion_ref_free: ref was freed already, or never was one\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_given_back_is_not_told_of, set_up),
        cmocka_unit_test_setup(refs_are_told_of_by_the_place_where_they_were_made, set_up),
        cmocka_unit_test_setup(subscriptions_are_told_of, set_up),
        cmocka_unit_test_setup(actors_are_told_of_by_what_was_called, set_up),
        cmocka_unit_test_setup(payloads_and_frames_are_told_of_after_the_last_endpoint, set_up),
        cmocka_unit_test_setup(many_places_are_told_of_by_their_number, set_up),
        cmocka_unit_test_setup(what_is_freed_twice_ends_the_program, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
