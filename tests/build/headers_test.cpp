// The public headers are C++17, each on its own and all together, and what they declare links from C++.
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

void a_channel_can_be_written_in_cpp(void **)
{
    static const pinion_channel_def channel = [] {
        pinion_channel_def def{};
        def.join = join;
        return def;
    }();
    static const pinion_route routes[] = { { "room:*", &channel }, { nullptr, nullptr } };
    static const pinion_socket_def socket = [] {
        pinion_socket_def def{};
        def.channels = routes;
        return def;
    }();
    pinion_test *test = nullptr;
    pinion_test_client *client = nullptr;

    assert_int_equal(pinion_test_new(&test, nullptr), 0);
    assert_int_equal(pinion_test_connect(test, &socket, nullptr, "", &client), 0);
    assert_int_equal(pinion_test_join(client, "room:1", nullptr), 0);
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "answer")), 42);
    pinion_test_free(test);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = { cmocka_unit_test(a_channel_can_be_written_in_cpp) };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
