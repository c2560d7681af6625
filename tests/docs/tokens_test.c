/* docs/tokens.md. */
#include "docs/snippet.h"
#include <time.h>

#define PREVIOUS_SECRET "the secret of last year, which some tokens are still signed with"

static pinion_result user_connect(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    const char *token = json_string_value(pinion_payload_get(params, "token"));
    pinion_payload *user_id = NULL;
    if (pinion_token_verify(pinion_socket_endpoint(socket), "user auth", token, NULL, &user_id) != 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user_id", user_id) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

/* For a user who has logged in. To be freed. */
static char *token_for(pinion_endpoint *endpoint, int user_id)
{
    char *token = NULL;
    if (pinion_token_sign(endpoint, "user auth", pinion_json("i", user_id), NULL, &token) != 0)
        fprintf(stderr, "no token for user %d: %s\n", user_id, pinion_error_detail());
    return token;
}

/* Until the last token signed with the previous secret has expired. */
static int verify_either(pinion_endpoint *endpoint, const char *token, pinion_payload **data)
{
    int rc = pinion_token_verify(endpoint, "user auth", token, NULL, data);
    if (rc == PINION_ETOKENINVALID)
        rc = pinion_token_verify(NULL, "user auth", token,
                                 &(pinion_token_options){ .secret_key_base = PREVIOUS_SECRET }, data);
    return rc;
}

/* A link in a mail, good for a quarter of an hour, which says nothing to who sees it. */
static int reset_token(pinion_endpoint *endpoint, const char *email, char **token)
{
    return pinion_token_encrypt(endpoint, "password reset", pinion_json("{s:s}", "email", email),
                                &(pinion_token_options){ .max_age_s = 15 * 60 }, token);
}

static const pinion_channel_def room_channel = { 0 };

static const pinion_socket_def user_socket = {
    .connect = user_connect,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

/* Consumes the token. */
static int connect_with(char *token)
{
    pinion_test_client *client;
    char query[600];
    snprintf(query, sizeof query, "token=%s", token);
    free(token);
    return pinion_test_connect(test, &user_socket, NULL, query, &client);
}

static char *signed_at(int64_t when, const char *salt)
{
    char *token = NULL;
    ok(pinion_token_sign(pinion_test_endpoint(test), salt, pinion_json("i", 7),
                         &(pinion_token_options){ .signed_at = when }, &token));
    return token;
}

static void a_token_opens_the_socket(void **state)
{
    ok(connect_with(token_for(pinion_test_endpoint(test), 7)));
}

static void without_a_good_one_it_stays_shut(void **state)
{
    pinion_test_client *client;
    assert_int_equal(pinion_test_connect(test, &user_socket, NULL, "", &client), PINION_EACCES);
    assert_int_equal(pinion_test_connect(test, &user_socket, NULL, "token=x", &client), PINION_EACCES);
    assert_int_equal(connect_with(signed_at(time(NULL) - 86400 - 60, "user auth")), PINION_EACCES);
    assert_int_equal(connect_with(signed_at(time(NULL), "another salt")), PINION_EACCES);
    ok(connect_with(signed_at(time(NULL), "user auth")));
}

static void a_secret_can_be_changed(void **state)
{
    pinion_payload *data = NULL;
    char *token = NULL;
    ok(pinion_token_sign(NULL, "user auth", pinion_json("i", 7),
                         &(pinion_token_options){ .secret_key_base = PREVIOUS_SECRET }, &token));
    ok(verify_either(pinion_test_endpoint(test), token, &data));
    assert_int_equal(json_integer_value(pinion_payload_tree(data)), 7);
    pinion_payload_unref(data);
    free(token);

    token = token_for(pinion_test_endpoint(test), 8);
    ok(verify_either(pinion_test_endpoint(test), token, &data));
    assert_int_equal(json_integer_value(pinion_payload_tree(data)), 8);
    pinion_payload_unref(data);
    free(token);
    assert_int_equal(verify_either(pinion_test_endpoint(test), "x", &data), PINION_ETOKENINVALID);
}

static void a_token_can_be_encrypted(void **state)
{
    pinion_payload *data = NULL;
    char *token = NULL;
    int rc = reset_token(pinion_test_endpoint(test), "ada@example.com", &token);
#ifdef PINION_HAVE_SODIUM
    ok(rc);
    ok(pinion_token_decrypt(pinion_test_endpoint(test), "password reset", token, NULL, &data));
    assert_string_equal(json_string_value(pinion_payload_get(data, "email")), "ada@example.com");
#else
    assert_int_equal(rc, PINION_ENOTSUP);
#endif
    pinion_payload_unref(data);
    free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_opens_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_good_one_it_stays_shut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_can_be_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_can_be_encrypted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
