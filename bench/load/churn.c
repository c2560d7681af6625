/* Clients connect, join, leave and close, at a fixed rate. The whole visit is timed, from the moment at which
 * the client was meant to connect until its connection has ended with the server's close frame. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include <stdlib.h>

#define AT_THE_SAME 4096 /* clients; more than that and the server does not keep up */

struct churn {
    uint64_t outstanding;
    uint64_t failed;
    const char *why; /* why the last one failed */
    struct pacer *pacer;
    struct client *idle[AT_THE_SAME];
    unsigned idle_count;
    struct histogram latency;
};

static void come(struct load *load, uint64_t number)
{
    struct churn *churn = load->state;
    if (churn->idle_count == 0)
        die("the server does not keep up: %d clients are coming and going", AT_THE_SAME);
    struct client *client = churn->idle[--churn->idle_count];
    unsigned topic = (unsigned)(number % load->options.topics);
    client_start(client, &load->conversations[topic], topic);
    client->since = number;
    churn->outstanding++;
}

static void on_joined(struct client *client)
{
    client_leave(client);
}

static void on_left(struct client *client)
{
    client_close(client);
}

static void on_received(struct client *client, uint64_t number)
{
    die("message %llu came to a client that expects none", (unsigned long long)number);
}

static void on_gone(struct client *client, const char *why)
{
    struct load *load = client->load;
    struct churn *churn = load->state;
    churn->outstanding--;
    churn->idle[churn->idle_count++] = client;
    if (why) {
        churn->why = why;
        churn->failed++;
        return;
    }
    measure_count(load, 1);
    if (client->since >= churn->pacer->measured_from)
        histogram_record(&churn->latency, load->now - pacer_due(churn->pacer, client->since));
}

static void run(struct load *load)
{
    static const struct client_events events = {
        .joined = on_joined, .left = on_left, .received = on_received, .gone = on_gone
    };
    const struct options *options = &load->options;
    struct churn *churn = must_calloc(1, sizeof *churn);
    load_make(load, AT_THE_SAME, options->topics);
    load->events = &events;
    load->state = churn;
    for (size_t i = 0; i < AT_THE_SAME; i++)
        churn->idle[churn->idle_count++] = &load->clients[i];
    churn->pacer = pacer_new(load, options->rate, options->warmup, options->seconds, come);
    pacer_run(load, churn->pacer, &churn->outstanding, &churn->latency);
    report_number("failed", (double)churn->failed);
    if (churn->failed > 0)
        report_warning("%llu failed: %s", (unsigned long long)churn->failed, churn->why);
    free(churn->pacer);
    free(churn);
}

const struct scenario scenario_churn = {
    .name = "churn",
    .help = "clients that connect, join, leave and close, at a fixed rate",
    .defaults = { .connections = 1, .topics = 100, .rate = 500 },
    .run = run,
};
