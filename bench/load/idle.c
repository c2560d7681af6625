/* How much of the server's memory clients take that have joined and send nothing, and how much is left when
 * they are gone. A server may keep some memory after a crowd, but it must not keep more after each cycle. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include "server_process.h"
#include <stdlib.h>

#define CYCLES_MAX 1000 /* the most that --cycles takes */
#define PATIENCE   (30 * NS_PER_SECOND)
#define LOOK       (20 * 1000000ull) /* how often to look whether they are gone, and what memory there is */
#define CALM       10                /* looks without a change, and it will not change any more */

struct idle {
    size_t gone;
};

static void on_joined(struct client *client)
{
}

static void on_received(struct client *client, uint64_t number)
{
    die("message %llu came to an idle client", (unsigned long long)number);
}

static void on_gone(struct client *client, const char *why)
{
    struct idle *idle = client->load->state;
    if (why)
        die("an idle client is gone: %s", why);
    idle->gone++;
}

/* The server's memory, once it stays the same. Some servers never rest, so this waits only for a limited
 * time. */
static uint64_t settled_memory(struct load *load)
{
    uint64_t memory = process_memory(load->options.pid);
    uint64_t patience = load->now + PATIENCE / 10;
    for (int calm = 0; calm < CALM && load->now < patience; calm++) {
        load_run_until(load, load->now + LOOK);
        uint64_t now = process_memory(load->options.pid);
        if (now != memory)
            calm = 0;
        memory = now;
    }
    return memory;
}

/* End all connections, and wait until the server has closed its ends as well. */
static void leave(struct load *load, struct idle *idle, unsigned descriptors)
{
    uint64_t patience = load->now + PATIENCE;
    idle->gone = 0;
    for (size_t i = 0; i < load->client_count; i++)
        client_hang_up(&load->clients[i]);
    while (idle->gone < load->client_count)
        load_turn(load, load->now + LOOK);
    while (process_descriptors(load->options.pid) > descriptors) {
        load_run_until(load, load->now + LOOK);
        if (load->now > patience)
            die("the server still has %u descriptors open for clients that are gone",
                process_descriptors(load->options.pid) - descriptors);
    }
}

struct cycle {
    double joined;
    double left;
};

static struct cycle run_cycle(struct load *load, struct idle *idle, unsigned descriptors)
{
    struct cycle cycle;
    load_join(load, 0, load->client_count, 0, load->options.topics);
    cycle.joined = (double)settled_memory(load);
    leave(load, idle, descriptors);
    cycle.left = (double)settled_memory(load);
    load->heard = load->now;
    return cycle;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* The median of how much more memory was left after each cycle than after the one before. A leak shows in all
 * cycles, and a heap that is laid out anew in only one. */
static double creep(const double *left, unsigned cycles)
{
    double more[CYCLES_MAX];
    if (cycles < 2)
        return 0;
    for (unsigned i = 1; i < cycles; i++)
        more[i - 1] = left[i] - left[i - 1];
    qsort(more, cycles - 1, sizeof more[0], compare);
    return more[(cycles - 1) / 2];
}

static void run_cycles(struct load *load, struct idle *idle)
{
    static double left[CYCLES_MAX];
    struct cycle first = { 0 }, last = { 0 };
    double before = (double)settled_memory(load);
    unsigned descriptors = process_descriptors(load->options.pid);
    for (unsigned i = 0; i < load->options.cycles; i++) {
        last = run_cycle(load, idle, descriptors);
        left[i] = last.left;
        if (i == 0)
            first = last;
    }
    report_number("memory_before", before);
    report_number("memory_joined", first.joined);
    report_number("memory_left", first.left);
    report_number("bytes_per_connection", (first.joined - before) / (double)load->client_count);
    report_number("memory_joined_last", last.joined);
    report_number("memory_left_last", last.left);
    report_number("creep_per_cycle", creep(left, load->options.cycles));
}

static void run(struct load *load)
{
    static const struct client_events events = { .joined = on_joined,
                                                 .received = on_received,
                                                 .gone = on_gone };
    const struct options *options = &load->options;
    struct idle *idle = must_calloc(1, sizeof *idle);
    if (!options->pid)
        die("idle looks at the server's memory: give its --pid");
    load_make(load, options->connections, options->topics);
    load->events = &events;
    load->state = idle;
    run_cycles(load, idle);
    free(idle);
}

const struct scenario scenario_idle = {
    .name = "idle",
    .help = "what clients that have joined and say nothing cost in memory",
    .defaults = { .connections = 10000, .topics = 1, .cycles = 3 },
    .run = run,
};
