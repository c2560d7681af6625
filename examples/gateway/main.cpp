// A gateway for telemetry: 10,000 readings a second from a thread of its own, to dashboards that want some of
// them. A dashboard that is behind gets the newest value of each key; a loop that is behind tells the
// producer to wait. There is no lock and no global: the loops and the producer share a few atomics, by the
// context.
#include "dashboard.hpp"
#include "producer.hpp"
#include "program.h"
#include <cinttypes>
#include <cstdio>

namespace
{

const pinion_socket_def user_socket = []() noexcept {
    pinion_socket_def def{};
    def.channels = PINION_ROUTES({ TOPIC, &dashboard_channel });
    return def;
}();

void show_stats(const pinion_request *, pinion_response *response, void *data) noexcept
{
    const auto *gateway = static_cast<const Gateway *>(data);
    char text[200];
    const int length = std::snprintf(text, sizeof text,
                                     "{\"dashboards\":%zu,\"sent\":%" PRIu64 ",\"busy\":%" PRIu64
                                     ",\"conflated\":%" PRIu64 "}",
                                     pinion_endpoint_subscribers(gateway->endpoint, TOPIC),
                                     gateway->sent.load(), gateway->busy.load(), gateway->conflated.load());
    pinion_response_send(response, 200, "application/json", text, static_cast<std::size_t>(length));
}

int serve(Gateway &gateway, const Plan &plan)
{
    pinion_socket_options options{};
    options.max_queue = MAX_QUEUE;
    options.max_unsent = MAX_UNSENT;
    options.drop_broadcasts = true; // what a filter pushes is a broadcast: it never closes a dashboard
    int rc = pinion_endpoint_socket(gateway.endpoint, "/socket", &user_socket, &options);
    if (!rc)
        rc = pinion_endpoint_get(gateway.endpoint, "/stats", show_stats, &gateway);
    if (rc)
        return rc;
    const Producer producer(gateway, plan);
    return pinion_endpoint_run(gateway.endpoint);
}

} // namespace

int main(int argc, char **argv)
{
    Gateway gateway;
    Plan plan;
    const program_flag flags[] = {
        { "rate", "readings a second (default: 10000)", nullptr, &plan.rate, 10000000 },
        { "readings", "readings in all (default: 0, without end)", nullptr, &plan.total, UINT32_MAX },
        { "size", "bytes of the trace in each reading (default: 20)", nullptr, &plan.size, 65536 },
        { nullptr, nullptr, nullptr, nullptr, 0 },
    };
    pinion_endpoint_options options{};
    options.port = 4000;
    options.context = &gateway;
    options.max_mailbox = MAX_MAILBOX;
    int stop = program_options(argc, argv, flags, &options);
    if (stop)
        return stop - 1;
    int rc = pinion_endpoint_new(&gateway.endpoint, &options);
    if (!rc)
        rc = serve(gateway, plan);
    pinion_endpoint_free(gateway.endpoint);
    return pinion_exit(rc);
}
