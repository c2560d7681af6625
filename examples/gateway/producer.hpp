// Where the readings come from: a thread that stands for a field bus, a queue, or a serial line.
#ifndef GATEWAY_PRODUCER_HPP
#define GATEWAY_PRODUCER_HPP

#include "gateway.hpp"
#include <string>
#include <thread>

struct Plan {
    std::uint32_t rate = 10000; // readings a second
    std::uint32_t total = 0;    // readings in all; 0: without end
    std::uint32_t size = 20;    // bytes of the trace that comes with each
};

class Producer
{
  public:
    // The thread starts here.
    Producer(Gateway &shared, const Plan &what);

    // Stops the thread.
    ~Producer();

    Producer(const Producer &) = delete;
    Producer &operator=(const Producer &) = delete;

  private:
    void run();
    bool send(std::uint64_t number);

    Gateway &gateway;
    const Plan plan;
    const std::string trace;
    std::atomic<bool> stopped{ false };
    std::thread thread; // last: it uses all of the above
};

#endif
