/* The guide's first program is built as it is; here its socket is run, without its main. */
#include "docs/snippet.h"

int first_channel_main(void);
#define main first_channel_main
#include "docs/first_channel.c"
#undef main

static void echo_goes_back_and_a_shout_to_all(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "rooms:lobby", NULL);
    pinion_test_client *bob = joined(&user_socket, "rooms:lobby", NULL);
    expect_answer(ann, "rooms:lobby", "echo", pinion_json("{s:s}", "body", "hi"), "ok", "{\"body\":\"hi\"}");
    ok(pinion_test_push(ann, "rooms:lobby", "shout", pinion_json("{s:s}", "body", "hey")));
    ok(pinion_test_expect_push(ann, "rooms:lobby", "shout", "{\"body\":\"hey\"}"));
    ok(pinion_test_expect_push(bob, "rooms:lobby", "shout", "{\"body\":\"hey\"}"));
    ok(pinion_test_refute_push(bob, "rooms:lobby", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echo_goes_back_and_a_shout_to_all, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
