/* What the kit's clients send when they connect: connect sees it, and the mount's options decide. */
#include "helpers/engine.h"
#include <pinion/raw_socket.h>

static struct {
    char peer[50], token[50], scheme[10], host[30], agent[50], query[50], names[100];
    unsigned port, host_port;
    bool has_token;
} seen;

static void note_name(pinion_slice name, pinion_slice value, void *data)
{
    size_t len = strlen(seen.names);
    snprintf(seen.names + len, sizeof seen.names - len, "%.*s=%.*s ", (int)name.len, name.ptr, (int)value.len,
             value.ptr);
}

#define COPY(to, slice) snprintf(to, sizeof to, "%.*s", (int)(slice).len, (slice).ptr ? (slice).ptr : "")

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    pinion_slice token = pinion_connect_auth_token(info), agent = pinion_connect_header(info, "user-agent");
    const pinion_uri *uri = pinion_connect_uri(info);
    memset(&seen, 0, sizeof seen);
    snprintf(seen.peer, sizeof seen.peer, "%s", pinion_connect_peer(info));
    seen.port = pinion_connect_peer_port(info);
    seen.has_token = token.ptr != NULL;
    COPY(seen.token, token);
    COPY(seen.agent, agent);
    COPY(seen.scheme, uri->scheme);
    COPY(seen.host, uri->host);
    COPY(seen.query, uri->query);
    seen.host_port = uri->port;
    pinion_connect_headers(info, "x-", note_name, NULL);
    return pinion_ok(NULL);
}

static const pinion_socket_def user_socket = { .connect = connect };

static int try_with(const pinion_test_request *request, const pinion_socket_options *options)
{
    pinion_test_client *client;
    ok(pinion_test_set_request(test, request));
    return pinion_test_connect(test, &user_socket, options, "a=1", &client);
}

static void all_of_it_reaches_connect(void **state)
{
    ok(try_with(&(pinion_test_request){ .peer = "203.0.113.7",
                                        .peer_port = 5000,
                                        .auth_token = "t0ken",
                                        .scheme = "https",
                                        .host = "example.com:444",
                                        .headers = PINION_LIST("User-Agent: test", "x-one:1", "X-Two:  2") },
                &(pinion_socket_options){ .auth_token = true }));
    assert_string_equal(seen.peer, "203.0.113.7");
    assert_int_equal(seen.port, 5000);
    assert_string_equal(seen.token, "t0ken");
    assert_string_equal(seen.scheme, "https");
    assert_string_equal(seen.host, "example.com");
    assert_int_equal(seen.host_port, 444);
    assert_string_equal(seen.agent, "test");
    assert_string_equal(seen.names, "x-one=1 X-Two=2 ");
    assert_string_equal(seen.query, "a=1");
}

static void nothing_is_known_otherwise(void **state)
{
    ok(try_with(&(pinion_test_request){ .peer = "203.0.113.7", .headers = PINION_LIST("x-one: 1") }, NULL));
    assert_string_equal(seen.host, "localhost");
    assert_int_equal(seen.host_port, 80);
    ok(try_with(NULL, NULL));
    assert_string_equal(seen.peer, "");
    assert_string_equal(seen.host, "");
    assert_string_equal(seen.names, "");
}

static void a_token_is_for_mounts_that_take_one(void **state)
{
    const pinion_test_request request = { .auth_token = "t0ken" };
    ok(try_with(&request, NULL));
    assert_false(seen.has_token);
    ok(try_with(&request, &(pinion_socket_options){ .auth_token = true }));
    assert_true(seen.has_token);
    assert_int_equal(try_with(&(pinion_test_request){ .auth_token = "\xff" },
                              &(pinion_socket_options){ .auth_token = true }),
                     PINION_EACCES);
}

static void the_origin_is_checked(void **state)
{
    const pinion_socket_options listed = { .origins = PINION_LIST("https://example.com") };
    ok(try_with(&(pinion_test_request){ .origin = "http://localhost" }, NULL));
    assert_int_equal(try_with(&(pinion_test_request){ .origin = "https://localhost" }, NULL), PINION_EACCES);
    ok(try_with(&(pinion_test_request){ .origin = "https://example.com" }, &listed));
    assert_int_equal(try_with(&(pinion_test_request){ .origin = "https://example.org" }, &listed),
                     PINION_EACCES);
    ok(try_with(&(pinion_test_request){ .origin = "https://example.org" },
                &(pinion_socket_options){ .any_origin = true }));
}

static bool only_a_proxy(pinion_slice origin, const pinion_connect_info *info, void *context)
{
    return pinion_connect_header(info, "via").ptr != NULL;
}

static void a_function_may_check_it(void **state)
{
    const pinion_socket_options asks = { .check_origin = only_a_proxy };
    assert_int_equal(try_with(&(pinion_test_request){ .origin = "https://a" }, &asks), PINION_EACCES);
    ok(try_with(&(pinion_test_request){ .origin = "https://a", .headers = PINION_LIST("via: 1.1 x") },
                &asks));
}

static void a_raw_client_sends_it_too(void **state)
{
    static const pinion_raw_socket_def raw = { .connect = connect };
    pinion_test_client *client;
    ok(pinion_test_set_request(test, &(pinion_test_request){ .peer = "203.0.113.9" }));
    ok(pinion_test_connect_raw(test, &raw, NULL, "", &client));
    assert_string_equal(seen.peer, "203.0.113.9");
}

static void headers_that_cannot_be_are_refused(void **state)
{
    static const char *many[64];
    const pinion_test_request broken = { .headers = PINION_LIST("x-secret") };
    const pinion_test_request nameless = { .headers = PINION_LIST(": 1") };
    const pinion_test_request full = { .headers = many };
    assert_int_equal(pinion_test_set_request(test, &broken), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "name: value"));
    assert_int_equal(pinion_test_set_request(test, &nameless), PINION_EINVAL);
    for (int i = 0; i < 63; i++)
        many[i] = "x-many: 1";
    assert_int_equal(pinion_test_set_request(test, &full), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "63 headers, at most 62"));
    many[62] = NULL;
    ok(try_with(&full, NULL));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_of_it_reaches_connect),
        T(nothing_is_known_otherwise),
        T(a_token_is_for_mounts_that_take_one),
        T(the_origin_is_checked),
        T(a_function_may_check_it),
        T(a_raw_client_sends_it_too),
        T(headers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
