#include "producer.hpp"
#include <chrono>
#include <cstdio>

namespace
{

using namespace std::chrono_literals;

constexpr unsigned SENSORS = 100; // of each kind
constexpr auto TICK = 1ms;
constexpr auto RELIEF = 5ms;     // for a loop that is behind
constexpr auto REST = 10ms;      // while nobody looks
constexpr auto LATE = 100ms;     // then readings are left out
constexpr unsigned TICKS = 1000; // a second

// Its number is its value.
pinion_payload *reading(std::uint64_t number, const std::string &trace)
{
    static const char *const kinds[] = { "pump", "valve", "tank" };
    char key[40];
    const unsigned sensor = static_cast<unsigned>(number % (3 * SENSORS));
    std::snprintf(key, sizeof key, "%s:%u", kinds[sensor % 3], sensor / 3);
    return pinion_json("{s:s,s:I,s:s,s:s%}", "key", key, "value", static_cast<json_int_t>(number), "unit",
                       "bar", "trace", trace.c_str(), trace.size());
}

} // namespace

Producer::Producer(Gateway &shared, const Plan &what)
    : gateway(shared), plan(what), trace(what.size, '-'), thread([this] { run(); })
{
}

Producer::~Producer()
{
    stopped = true;
    thread.join();
}

// A loop that is behind must not cost memory without end: its mailbox is full, and the producer waits. False:
// this reading is to be sent again, though the dashboards of other loops have it: to them it says nothing
// new.
bool Producer::send(std::uint64_t number)
{
    if (pinion_endpoint_broadcast_local(gateway.endpoint, TOPIC, "reading", reading(number, trace)) ==
        PINION_EBUSY) {
        gateway.busy++;
        std::this_thread::sleep_for(RELIEF);
        return false;
    }
    gateway.sent++;
    return true;
}

void Producer::run()
{
    auto next = std::chrono::steady_clock::now();
    std::uint64_t number = 0;
    while (!stopped && (plan.total == 0 || number < plan.total)) {
        const bool watched = pinion_endpoint_subscribers(gateway.endpoint, TOPIC) > 0;
        next += watched ? TICK : REST;
        if (next + LATE < std::chrono::steady_clock::now())
            next = std::chrono::steady_clock::now();
        std::this_thread::sleep_until(next);
        const std::uint64_t end = number + (watched ? (plan.rate + TICKS - 1) / TICKS : 0);
        while (number < end && !stopped && (plan.total == 0 || number < plan.total) && send(number))
            number++;
    }
}
