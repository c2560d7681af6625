/* The examples in the comments of the public headers, as they stand there. */
#include <pinion/pinion.h>
#include <pinion/presence.h>
#include <pinion/testing.h>
#include <pinion/token.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- testing.h ---- */

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "new_msg", new_msg }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "rooms:*", &room }) };

static void check(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "%s: %s\n", pinion_strerror(rc), pinion_error_detail());
        exit(1);
    }
}

static void testing(void **state)
{
    pinion_test *test;
    pinion_test_client *alice;
    check(pinion_test_new(&test, NULL));
    check(pinion_test_connect(test, &user_socket, NULL, "", &alice));
    check(pinion_test_join(alice, "rooms:lobby", NULL));
    check(pinion_test_push(alice, "rooms:lobby", "new_msg", pinion_json("{s:s}", "body", "hi")));
    check(pinion_test_expect_push(alice, "rooms:lobby", "new_msg", "{\"body\":\"hi\"}"));
    pinion_test_free(test);
}

/* ---- presence.h ---- */

struct app {
    pinion_presence *presence; // pinion_presence_new, before the endpoint runs
};

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    const struct app *app = pinion_channel_context(channel);
    pinion_presence_track(app->presence, channel, "user:7", pinion_json("{s:s}", "device", "phone"));
    pinion_presence_push_state(app->presence, channel);
    return pinion_noreply();
}

static const pinion_channel_def present = { .after_join = after_join };
static const pinion_socket_def presence_socket = { .channels = PINION_ROUTES({ "rooms:*", &present }) };

static void presences(void **state)
{
    pinion_test *test;
    pinion_test_client *client;
    struct app app = { NULL };
    check(pinion_test_new(&test, &(pinion_test_options){ .context = &app }));
    check(pinion_presence_new(&app.presence, pinion_test_endpoint(test), NULL));
    check(pinion_test_connect(test, &presence_socket, NULL, "", &client));
    check(pinion_test_join(client, "rooms:lobby", NULL));
    check(pinion_test_expect_push(client, "rooms:lobby", "presence_state", "{\"user:7\":{}}"));
    pinion_test_free(test);
}

/* ---- token.h ---- */

static void tokens(void **state)
{
    pinion_test *test;
    check(pinion_test_new(&test, NULL));
    pinion_endpoint *endpoint = pinion_test_endpoint(test);

    char *token = NULL;
    int rc = pinion_token_sign(endpoint, "user auth", pinion_json("i", 7), NULL, &token);

    pinion_payload *user_id = NULL;
    if (!rc)
        rc = pinion_token_verify(endpoint, "user auth", token, NULL, &user_id);
    free(token);

    check(rc);
    assert_int_equal(json_integer_value(pinion_payload_tree(user_id)), 7);
    pinion_payload_unref(user_id);
    pinion_test_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(testing),
        cmocka_unit_test(presences),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
