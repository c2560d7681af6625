#include "measure.h"
#include "load.h"
#include "server_process.h"
#include <unistd.h>

static struct usage take_usage(const struct load *load)
{
    pid_t server = load->options.pid;
    struct usage usage = { .own_cpu = process_cpu(getpid()),
                           .own_processor = processor_busy(load->options.cpu) };
    if (server) {
        usage.server_processor = processor_busy(process_processor(server));
        usage.server_softirq = process_softirq(server);
        usage.server_cpu = process_cpu(server);
    }
    usage.at = clock_ns();
    return usage;
}

static struct usage difference(struct usage end, struct usage begin)
{
    return (struct usage){
        .at = end.at - begin.at,
        .server_cpu = end.server_cpu - begin.server_cpu,
        .server_softirq = end.server_softirq - begin.server_softirq,
        .server_processor = end.server_processor - begin.server_processor,
        .own_cpu = end.own_cpu - begin.own_cpu,
        .own_processor = end.own_processor - begin.own_processor,
    };
}

void measure_begin(struct load *load)
{
    load->measurement = (struct measurement){ .running = true, .used = take_usage(load) };
    load->longest_turn = 0;
    load->now = load->measurement.used.at; /* the time for reading all this is not part of a turn */
}

void measure_end(struct load *load)
{
    load->measurement.used = difference(take_usage(load), load->measurement.used);
    load->measurement.running = false;
}

void measure_count(struct load *load, uint64_t messages)
{
    if (load->measurement.running)
        load->measurement.messages += messages;
}
