// docs/cpp.md.
#include <pinion/pinion.h>
#include <pinion/testing.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <setjmp.h>
#include <stdexcept>
#include <string>
#include <utility>

extern "C" {
#include <cmocka.h>
}

namespace
{

/* ---- the snippets ---- */

template <pinion_result (*handler)(pinion_channel *, const pinion_payload *)>
pinion_result guarded(pinion_channel *channel, const char *, const pinion_payload *payload) noexcept
{
    try {
        return handler(channel, payload);
    } catch (const std::exception &exception) {
        std::fprintf(stderr, "an exception: %s\n", exception.what());
    } catch (...) {
    }
    return pinion_crash();
}

class Player
{
  public:
    explicit Player(std::string called) : name(std::move(called))
    {
    }

    std::string name;
    int score = 0;
};

pinion_result join(pinion_channel *channel, const char *, const pinion_payload *params)
{
    const char *name = json_string_value(pinion_payload_get(params, "name"));
    auto player = std::make_unique<Player>(name ? name : "somebody");
    pinion_channel_set_state(channel, player.release(),
                             [](void *state) { delete static_cast<Player *>(state); });
    return pinion_ok(nullptr);
}

template <auto free> struct freed_by {
    template <typename T> void operator()(T *object) const
    {
        free(object);
    }
};

using endpoint_ptr = std::unique_ptr<pinion_endpoint, freed_by<pinion_endpoint_free>>;
using payload_ptr = std::unique_ptr<pinion_payload, freed_by<pinion_payload_unref>>;
using ref_ptr = std::unique_ptr<pinion_ref, freed_by<pinion_ref_free>>;

pinion_result new_msg(pinion_channel *channel, const char *, const pinion_payload *payload) noexcept
{
    auto *player = static_cast<Player *>(pinion_channel_state(channel));
    json_t *body = pinion_payload_get(payload, "body");
    pinion_broadcast(channel, "new_msg",
                     pinion_json("{s:s, s:O?}", "from", player->name.c_str(), "body", body));
    return pinion_noreply();
}

const pinion_channel_def room_channel = [] {
    pinion_channel_def def{};
    def.join = join;
    def.handle_in = PINION_CLAUSES({ "new_msg", new_msg });
    return def;
}();

const pinion_socket_def user_socket = [] {
    pinion_socket_def def{};
    def.channels = PINION_ROUTES({ "rooms:*", &room_channel });
    return def;
}();

int mount(pinion_endpoint *endpoint)
{
    pinion_socket_options options{};
    options.longpoll = true;
    options.origins = PINION_LIST("https://example.com", "https://*.example.org");
    options.joins = { 10, 20 };
    int rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket, &options);
    return rc;
}

void greet(pinion_endpoint *endpoint)
{
    payload_ptr greeting(pinion_json("{s:s}", "hello", "world"));
    // Ours stays.
    pinion_endpoint_broadcast(endpoint, "rooms:1", "greeting", pinion_payload_ref(greeting.get()));
    // This one takes it.
    pinion_endpoint_broadcast(endpoint, "rooms:2", "greeting", greeting.release());
}

/* ---- their tests ---- */

#define assert_ok(call) assert_int_equal(call, 0)

// What is thrown in it, by kind; it keeps a ref, too.
pinion_result thrower(pinion_channel *channel, const pinion_payload *payload)
{
    ref_ptr ref(pinion_ref_new(channel));
    std::string kind = json_string_value(pinion_payload_get(payload, "kind"));
    if (kind == "exception")
        throw std::runtime_error("out of luck");
    if (kind == "number")
        throw 42;
    return pinion_ok(nullptr);
}

const pinion_socket_def throwing_socket = [] {
    static const pinion_channel_def channel = [] {
        pinion_channel_def def{};
        def.handle_in = PINION_CLAUSES({ "throw", guarded<thrower> });
        return def;
    }();
    pinion_socket_def def{};
    def.channels = PINION_ROUTES({ "*", &channel });
    return def;
}();

pinion_test *test;

int setup(void **)
{
    return pinion_test_new(&test, nullptr);
}

int teardown(void **)
{
    pinion_test_free(test);
    return 0;
}

void a_channel_has_an_object(void **)
{
    pinion_test_client *ann;
    assert_ok(pinion_test_connect(test, &user_socket, nullptr, "", &ann));
    assert_ok(pinion_test_join(ann, "rooms:1", pinion_json("{s:s}", "name", "Ann")));
    assert_true(pinion_test_push(ann, "rooms:1", "new_msg", pinion_json("{s:s}", "body", "hi")) > 0);
    assert_ok(pinion_test_expect_push(ann, "rooms:1", "new_msg", R"({"from":"Ann","body":"hi"})"));
}

void a_payload_is_kept_or_given_away(void **)
{
    pinion_test_client *ann;
    assert_ok(pinion_test_connect(test, &user_socket, nullptr, "", &ann));
    assert_ok(pinion_test_join(ann, "rooms:1", nullptr));
    assert_ok(pinion_test_join(ann, "rooms:2", nullptr));
    greet(pinion_test_endpoint(test));
    assert_ok(pinion_test_expect_push(ann, "rooms:1", "greeting", R"({"hello":"world"})"));
    assert_ok(pinion_test_expect_push(ann, "rooms:2", "greeting", R"({"hello":"world"})"));
}

void an_exception_ends_its_channel_alone(void **)
{
    pinion_log_set_level(PINION_LOG_NONE);
    for (const char *kind : { "exception", "number" }) {
        pinion_test_client *ann;
        assert_ok(pinion_test_connect(test, &throwing_socket, nullptr, "", &ann));
        assert_ok(pinion_test_join(ann, "one", nullptr));
        assert_ok(pinion_test_join(ann, "other", nullptr));
        assert_true(pinion_test_push(ann, "one", "throw", pinion_json("{s:s}", "kind", kind)) > 0);
        assert_ok(pinion_test_expect_push(ann, "one", "phx_error", nullptr));
        int ref = pinion_test_push(ann, "other", "throw", pinion_json("{s:s}", "kind", "nothing"));
        assert_ok(pinion_test_expect_reply(ann, ref, "ok", "{}"));
    }
    pinion_log_set_level(PINION_LOG_WARNING);
}

void options_have_names(void **)
{
    pinion_endpoint *made = nullptr;
    assert_ok(pinion_endpoint_new(&made, nullptr));
    endpoint_ptr endpoint(made);
    assert_ok(mount(endpoint.get()));
    assert_int_equal(mount(endpoint.get()), PINION_EINVAL); // it is there
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_channel_has_an_object, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_is_kept_or_given_away, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exception_ends_its_channel_alone, setup, teardown),
        cmocka_unit_test(options_have_names),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
