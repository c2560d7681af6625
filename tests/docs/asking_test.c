/* docs/testing.md: what clients send when they connect. */
#include "docs/snippet.h"

static const pinion_socket_def user_socket = { .connect = NULL };

/* ---- the snippet ---- */

static void only_our_pages_may_connect(void **state)
{
    pinion_test_client *client;
    const pinion_socket_options options = { .origins = PINION_LIST("https://chat.example.com") };
    ok(pinion_test_set_request(test, &(pinion_test_request){ .origin = "https://evil.example" }));
    assert_int_equal(pinion_test_connect(test, &user_socket, &options, "", &client), PINION_EACCES);
    ok(pinion_test_set_request(test, &(pinion_test_request){ .origin = "https://chat.example.com",
                                                             .peer = "203.0.113.7",
                                                             .headers = PINION_LIST("dnt: 1") }));
    ok(pinion_test_connect(test, &user_socket, &options, "", &client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_our_pages_may_connect, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
