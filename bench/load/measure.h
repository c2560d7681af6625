/* A measurement: what the server and the generator used between two moments, and for how many messages. */
#ifndef LOAD_MEASURE_H
#define LOAD_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct load;

struct usage {
    uint64_t at;
    uint64_t server_cpu;
    uint64_t server_softirq;   /* see process_softirq */
    uint64_t server_processor; /* see processor_busy */
    uint64_t own_cpu;
    uint64_t own_processor;
};

struct measurement {
    bool running;
    struct usage used; /* while it runs: as it was at the beginning; then: the difference */
    uint64_t messages; /* how many have come while it runs */
};

void measure_begin(struct load *load);
void measure_end(struct load *load);

/* So many messages have come. */
void measure_count(struct load *load, uint64_t messages);

#endif
