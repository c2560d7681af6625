#include "dashboard.hpp"
#include <map>
#include <new>
#include <string>

namespace
{

class Dashboard
{
  public:
    // It wants the keys that begin with this.
    explicit Dashboard(const char *wanted) : prefix(wanted)
    {
    }

    // Push a reading, or hold it while much waits for the client. Once one is held, all that follow are: so
    // no key goes back to an older value.
    void show(pinion_channel *channel, const pinion_payload *payload)
    {
        const char *text = json_string_value(pinion_payload_get(payload, "key"));
        const std::string key(text ? text : "");
        if (key.compare(0, prefix.size(), prefix) != 0)
            return;
        if (!held.empty() || is_behind(channel) ||
            pinion_push(channel, "reading", pinion_payload_ref(payload)) == PINION_EBUSY)
            hold(channel, key, payload);
    }

    // Nothing waited any more: push all that was held, as one message. If other channels of the socket have
    // pushed much since, this is called again.
    void catch_up(pinion_channel *channel)
    {
        if (held.empty() || is_behind(channel))
            return;
        json_t *readings = json_object();
        for (const auto &[key, payload] : held)
            json_object_set(readings, key.c_str(), pinion_payload_tree(payload.get()));
        if (pinion_push_droppable(channel, "newest", pinion_payload_json(readings)) == 0)
            held.clear();
    }

  private:
    // The library tells when the client has caught up.
    static bool is_behind(pinion_channel *channel)
    {
        return pinion_socket_is_behind(pinion_channel_socket(channel));
    }

    void hold(const pinion_channel *channel, const std::string &key, const pinion_payload *payload)
    {
        auto *gateway = static_cast<Gateway *>(pinion_channel_context(channel));
        const bool is_new = held.insert_or_assign(key, PayloadPtr(pinion_payload_ref(payload))).second;
        if (!is_new)
            gateway->conflated++;
    }

    const std::string prefix;
    std::map<std::string, PayloadPtr> held; // the newest of each key: no more than there are sensors
};

Dashboard &of(pinion_channel *channel)
{
    return *static_cast<Dashboard *>(pinion_channel_state(channel));
}

// No exception may leave a callback (docs/cpp.md).
pinion_result join(pinion_channel *channel, const char *, const pinion_payload *params) noexcept
{
    try {
        const char *wanted = json_string_value(pinion_payload_get(params, "prefix"));
        auto dashboard = std::make_unique<Dashboard>(wanted ? wanted : "");
        pinion_channel_set_state(channel, dashboard.release(),
                                 [](void *state) { delete static_cast<Dashboard *>(state); });
        return pinion_ok(nullptr);
    } catch (...) {
        return pinion_crash();
    }
}

pinion_result reading(pinion_channel *channel, const char *, const pinion_payload *payload) noexcept
{
    try {
        of(channel).show(channel, payload);
        return pinion_noreply();
    } catch (...) {
        return pinion_crash();
    }
}

pinion_result drained(pinion_channel *channel) noexcept
{
    of(channel).catch_up(channel);
    return pinion_noreply();
}

} // namespace

const pinion_channel_def dashboard_channel = []() noexcept {
    pinion_channel_def def{};
    def.join = join;
    def.handle_out = PINION_CLAUSES({ "reading", reading });
    def.drained = drained;
    return def;
}();
