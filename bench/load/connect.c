/* A storm: everybody connects and joins at once, as after a restart. Meanwhile a group that joined before
 * echoes at a fixed rate. The point is what the storm does to its latency, so this is measured before the
 * storm too. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include <stdlib.h>

#define PATIENCE  (30 * NS_PER_SECOND)
#define EACH_TURN 64 /* connects in a turn of our loop, so that echoes are not kept waiting by ourselves */

struct storm {
    size_t started;
    size_t joined;
    size_t refused;
    const char *why; /* why the last one failed */
    uint64_t began;  /* 0: not yet */
    uint64_t outstanding;
    uint64_t storm_from; /* the number of the first echo in the storm */
    struct pacer *pacer;
    struct histogram before;
    struct histogram during;
    struct histogram join;
};

static bool in_group(const struct load *load, const struct client *client)
{
    return client < load->clients + load->options.group;
}

static void on_joined(struct client *client)
{
    struct load *load = client->load;
    struct storm *storm = load->state;
    histogram_record(&storm->join, load->now - client->since);
    measure_count(load, 1);
    storm->joined++;
}

static void on_received(struct client *client, uint64_t number)
{
    struct load *load = client->load;
    struct storm *storm = load->state;
    if (number != client->next)
        die("reply %llu came instead of %llu", (unsigned long long)number, (unsigned long long)client->next);
    client->next += load->options.group;
    storm->outstanding--;
    uint64_t latency = load->now - pacer_due(storm->pacer, number);
    if (number >= storm->storm_from)
        histogram_record(&storm->during, latency);
    else if (number >= storm->pacer->measured_from)
        histogram_record(&storm->before, latency);
}

static void on_gone(struct client *client, const char *why)
{
    struct storm *storm = client->load->state;
    if (in_group(client->load, client))
        die("a client of the echo group is gone: %s", why);
    storm->why = why;
    storm->refused++;
}

static void say(struct load *load, uint64_t number)
{
    struct storm *storm = load->state;
    struct client *client = &load->clients[number % load->options.group];
    storm->outstanding++;
    client_send(client, &client->conversation->echo, number);
}

static void connect_some(struct load *load, struct storm *storm)
{
    for (unsigned i = 0; i < EACH_TURN && storm->started < load->options.connections; i++) {
        struct client *client = &load->clients[load->options.group + storm->started++];
        client_start(client, &load->conversations[1], 1);
        client->since = clock_ns();
    }
}

static bool over(const struct load *load, const struct storm *storm)
{
    return storm->joined + storm->refused == load->options.connections || load->now > storm->began + PATIENCE;
}

/* Echoes that are under way when the last client has joined belong to the storm: it may have held them up
 * most. */
static void await_echoes(struct load *load, const struct storm *storm)
{
    uint64_t patience = load->now + PATIENCE;
    while (storm->outstanding > 0 && load->now < patience)
        load_turn(load, patience);
    if (storm->outstanding > 0)
        report_warning("%llu echoes are missing", (unsigned long long)storm->outstanding);
}

/* Meanwhile the echoes go on. */
static void blow(struct load *load, struct storm *storm)
{
    struct pacer *pacer = storm->pacer;
    measure_begin(load);
    storm->began = load->now;
    storm->storm_from = pacer->next;
    while (!over(load, storm)) {
        bool all_started = storm->started == load->options.connections;
        load_turn(load, all_started ? pacer_due(pacer, pacer->next) : load->now);
        pacer_send_due(load, pacer);
        connect_some(load, storm);
    }
    measure_end(load);
    await_echoes(load, storm);
}

static void calm(struct load *load, struct pacer *pacer)
{
    uint64_t until = pacer_due(pacer, pacer->measured_from) + seconds_ns(load->options.seconds);
    while (load->now < until) {
        load_turn(load, pacer_due(pacer, pacer->next));
        pacer_send_due(load, pacer);
    }
}

static void report(const struct load *load, const struct storm *storm)
{
    size_t late = load->options.connections - storm->joined - storm->refused;
    report_number("joined", (double)storm->joined);
    report_number("refused", (double)storm->refused);
    report_number("timed_out", (double)late);
    report_latency("join_ns", &storm->join);
    report_latency("echo_before_ns", &storm->before);
    report_latency("echo_during_ns", &storm->during);
    if (storm->refused > 0)
        report_warning("%zu were refused: %s", storm->refused, storm->why ? storm->why : "hung up");
    if (late > 0)
        report_warning("%zu had not joined after %llu seconds", late, PATIENCE / NS_PER_SECOND);
}

static void run(struct load *load)
{
    static const struct client_events events = { .joined = on_joined,
                                                 .received = on_received,
                                                 .gone = on_gone };
    const struct options *options = &load->options;
    struct storm *storm = must_calloc(1, sizeof *storm);
    load_make(load, options->group + options->connections, 2);
    load_join(load, 0, options->group, 0, 1);
    load->events = &events;
    load->state = storm;
    for (unsigned i = 0; i < options->group; i++) {
        load->clients[i].next = i;
        load->clients[i].expected = &load->clients[i].conversation->reply;
    }
    storm->storm_from = UINT64_MAX;
    storm->pacer = pacer_new(load, options->rate, options->warmup, 1e6, say);
    calm(load, storm->pacer);
    blow(load, storm);
    report(load, storm);
    free(storm->pacer);
    free(storm);
}

const struct scenario scenario_connect = {
    .name = "connect",
    .help = "a storm of clients that connect and join at once, while others echo",
    .defaults = { .connections = 15000, .rate = 1000, .seconds = 2 },
    .run = run,
};
