// A channel in C++17 (docs/cpp.md). It keeps an object for each client, which counts the words that the
// client has said. No exception leaves it. Its client is 06_cpp.mjs.
#include "program.h"
#include <map>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

namespace
{

class Words
{
  public:
    // How many words there are in the text.
    int add(const std::string &text)
    {
        std::istringstream in(text);
        int count = 0;
        for (std::string word; in >> word; count++)
            counts[word]++;
        return count;
    }

    // How often the word was said.
    int of(const std::string &word) const
    {
        auto found = counts.find(word);
        return found == counts.end() ? 0 : found->second;
    }

  private:
    std::map<std::string, int> counts;
};

// A member that is a string.
std::string text_of(const pinion_payload *payload, const char *key)
{
    const json_t *value = pinion_payload_get(payload, key);
    if (!json_is_string(value))
        throw std::invalid_argument(std::string(key) + " is a string");
    return std::string(json_string_value(value), json_string_length(value));
}

pinion_result say(Words &words, const pinion_payload *payload)
{
    return pinion_ok(pinion_json("{s:i}", "words", words.add(text_of(payload, "text"))));
}

pinion_result count(Words &words, const pinion_payload *payload)
{
    return pinion_ok(pinion_json("{s:i}", "count", words.of(text_of(payload, "word"))));
}

// A callback is called from C, so no exception may leave it. An invalid_argument says what is wrong with the
// message, and becomes the answer. Any other exception, such as std::bad_alloc, ends only this channel: its
// client joins again.
template <pinion_result (*handler)(Words &, const pinion_payload *)>
pinion_result guarded(pinion_channel *channel, const char *, const pinion_payload *payload) noexcept
{
    try {
        return handler(*static_cast<Words *>(pinion_channel_state(channel)), payload);
    } catch (const std::invalid_argument &mistake) {
        return pinion_error(pinion_json("{s:s}", "reason", mistake.what()));
    } catch (...) {
        return pinion_crash();
    }
}

// The channel owns the object, and deletes it however it ends.
pinion_result join(pinion_channel *channel, const char *, const pinion_payload *) noexcept
{
    auto *words = new (std::nothrow) Words;
    if (!words)
        return pinion_crash();
    pinion_channel_set_state(channel, words, [](void *state) { delete static_cast<Words *>(state); });
    return pinion_ok(nullptr);
}

// C++17 has no designated initializers. A function that sets some members does the same.
const pinion_channel_def words_channel = []() noexcept {
    pinion_channel_def def{};
    def.join = join;
    def.handle_in = PINION_CLAUSES({ "say", guarded<say> }, { "count", guarded<count> });
    return def;
}();

const pinion_socket_def user_socket = []() noexcept {
    pinion_socket_def def{};
    def.channels = PINION_ROUTES({ "words", &words_channel });
    return def;
}();

} // namespace

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = nullptr;
    pinion_endpoint_options options{};
    options.port = 4000;
    int stop = program_options(argc, argv, nullptr, &options);
    if (stop)
        return stop - 1;
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket, nullptr);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
