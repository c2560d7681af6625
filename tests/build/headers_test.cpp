// The public headers are C++17, all together and each on its own (in sources made by CMake), and what they
// declare links from C++.
#include <pinion/channel.h>
#include <pinion/endpoint.h>
#include <pinion/error.h>
#include <pinion/log.h>
#include <pinion/payload.h>
#include <pinion/pinion.h>
#include <pinion/presence.h>
#include <pinion/pubsub.h>
#include <pinion/result.h>
#include <pinion/socket.h>
#include <pinion/supervise.h>
#include <pinion/testing.h>
#include <pinion/token.h>
#include <pinion/version.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <setjmp.h>

extern "C" {
#include <cmocka.h>
}

namespace
{

pinion_result join(pinion_channel *, const char *, const pinion_payload *)
{
    return pinion_ok(pinion_json("{s:i}", "answer", 42));
}

pinion_result echo(pinion_channel *, const char *, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

pinion_result other(pinion_channel *, const char *, const pinion_payload *)
{
    return pinion_error(nullptr);
}

void a_channel_can_be_written_in_cpp(void **)
{
    static const pinion_channel_def channel = [] {
        pinion_channel_def def{};
        def.join = join;
        def.handle_in = PINION_CLAUSES({ "echo", echo }, { "*", other });
        return def;
    }();
    static const pinion_socket_def socket = [] {
        pinion_socket_def def{};
        def.channels = PINION_ROUTES({ "room:*", &channel });
        return def;
    }();
    pinion_test *test = nullptr;
    pinion_test_client *client = nullptr;

    assert_int_equal(pinion_test_new(&test, nullptr), 0);
    assert_int_equal(pinion_test_connect(test, &socket, nullptr, "", &client), 0);
    assert_int_equal(pinion_test_join(client, "room:1", nullptr), 0);
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "answer")), 42);
    int ref = pinion_test_push(client, "room:1", "echo", pinion_json("{s:i}", "n", 1));
    assert_int_equal(pinion_test_expect_reply(client, ref, "ok", R"({"n":1})"), 0);
    ref = pinion_test_push(client, "room:1", "anything", nullptr);
    assert_int_equal(pinion_test_expect_reply(client, ref, "error", "{}"), 0);
    pinion_test_free(test);
}

void say_hello(pinion_request *request, void *)
{
    pinion_request_answer_text(request, 200, "hello");
}

void a_route_can_be_written_in_cpp(void **)
{
    pinion_test *test = nullptr;
    pinion_test_answer *answer = nullptr;
    pinion_test_http_options options{};
    options.headers = PINION_LIST("x-request-id: 7");

    assert_int_equal(pinion_test_new(&test, nullptr), 0);
    assert_int_equal(pinion_endpoint_http(pinion_test_endpoint(test), "GET", "/hello", say_hello, nullptr),
                     0);
    assert_int_equal(pinion_test_http(test, "GET", "/hello", &options, &answer), 0);
    assert_int_equal(pinion_test_expect_status(answer, 200), 0);
    assert_int_equal(pinion_test_expect_body(answer, "hello"), 0);
    pinion_test_free(test);
}

// At file scope and within functions, of one element or more, and never the same array twice.
const char *const *const one = PINION_LIST("a");

void tables_end_with_an_empty_element(void **)
{
    const char *const *two = PINION_LIST("a", "b");
    const pinion_serializer_route *routes = PINION_SERIALIZERS({ "3.0", pinion_serializer_v2() });
    assert_string_equal(one[0], "a");
    assert_null(one[1]);
    assert_string_equal(two[1], "b");
    assert_null(two[2]);
    assert_ptr_equal(routes[0].serializer, pinion_serializer_v2());
    assert_null(routes[1].vsn);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_can_be_written_in_cpp),
        cmocka_unit_test(a_route_can_be_written_in_cpp),
        cmocka_unit_test(tables_end_with_an_empty_element),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
