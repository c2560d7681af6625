// What the parts of the gateway share.
#ifndef GATEWAY_HPP
#define GATEWAY_HPP

#include <pinion/pinion.h>

#include <atomic>
#include <cstdint>
#include <memory>

constexpr const char *TOPIC = "telemetry";

// What waits for one dashboard, at most. Of a quarter of it on, readings are held back and conflated.
constexpr std::size_t MAX_QUEUE = 128 * 1024;

// What the kernel takes for a dashboard before it can send it. It is older than what is held back.
constexpr std::uint32_t MAX_UNSENT = 16 * 1024;

// What waits for one loop, at most: some seconds of readings. Older ones would be worth nothing.
constexpr std::size_t MAX_MAILBOX = 8 * 1024 * 1024;

// The endpoint's context. All loops and the producer share it.
struct Gateway {
    pinion_endpoint *endpoint = nullptr;
    std::atomic<std::uint64_t> sent{ 0 };      // readings that were broadcast
    std::atomic<std::uint64_t> busy{ 0 };      // times the producer was told that a loop is behind
    std::atomic<std::uint64_t> conflated{ 0 }; // readings that a dashboard had a newer one in place of
};

struct PayloadFreed {
    void operator()(pinion_payload *payload) const
    {
        pinion_payload_unref(payload);
    }
};
using PayloadPtr = std::unique_ptr<pinion_payload, PayloadFreed>;

#endif
