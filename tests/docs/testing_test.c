#include "room_channel.h"
#include <pinion/testing.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

/* An expectation that is not met fails the test, and says why. */
static void ok(int rc)
{
    if (rc < 0)
        fail_msg("%s: %s", pinion_strerror(rc), pinion_error_detail());
}

static int setup(void **state)
{
    return pinion_test_new((pinion_test **)state, NULL);
}

static int teardown(void **state)
{
    pinion_test_free(*state);
    return 0;
}

static pinion_test_client *joined(pinion_test *test, const char *user)
{
    pinion_test_client *client;
    ok(pinion_test_connect(test, &user_socket, NULL, "", &client));
    ok(pinion_test_join(client, "rooms:lobby", pinion_json("{s:s}", "user", user)));
    return client;
}

static void a_message_reaches_everybody(void **state)
{
    pinion_test_client *ann = joined(*state, "ann");
    pinion_test_client *bob = joined(*state, "bob");
    int ref = pinion_test_push(ann, "rooms:lobby", "new_msg", pinion_json("{s:s}", "body", "hi"));
    ok(pinion_test_expect_reply(ann, ref, "ok", NULL));
    ok(pinion_test_expect_push(ann, "rooms:lobby", "new_msg", "{\"body\":\"hi\"}"));
    ok(pinion_test_expect_push(bob, "rooms:lobby", "new_msg", "{\"body\":\"hi\"}"));
}

static void an_empty_message_reaches_nobody(void **state)
{
    pinion_test_client *ann = joined(*state, "ann");
    int ref = pinion_test_push(ann, "rooms:lobby", "new_msg", pinion_json("{s:s}", "body", ""));
    ok(pinion_test_expect_reply(ann, ref, "error", "{\"reason\":\"empty\"}"));
    ok(pinion_test_refute_push(ann, "rooms:lobby", "new_msg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_reaches_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_message_reaches_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
