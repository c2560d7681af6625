/* A message and its reply. Without a rate each connection sends the next message when it has the reply. At a
 * rate the connections send messages in turn. Message k of client c has the number c + k * connections, and
 * each client must get its replies in order. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include <stdlib.h>

struct echo {
    uint64_t outstanding;
    bool stopped;
    struct pacer *pacer; /* NULL: there is no rate */
    struct histogram latency;
};

static void say(struct load *load, struct client *client, uint64_t number)
{
    struct echo *echo = load->state;
    echo->outstanding++;
    client_send(client, &client->conversation->echo, number);
}

static void on_received(struct client *client, uint64_t number)
{
    struct load *load = client->load;
    struct echo *echo = load->state;
    if (number != client->next)
        die("reply %llu came instead of %llu", (unsigned long long)number, (unsigned long long)client->next);
    client->next += load->options.connections;
    echo->outstanding--;
    measure_count(load, 1);
    if (echo->pacer) {
        if (number >= echo->pacer->measured_from)
            histogram_record(&echo->latency, load->now - pacer_due(echo->pacer, number));
    } else if (!echo->stopped) {
        if (load->measurement.running)
            histogram_record(&echo->latency, load->now - client->since);
        client->since = clock_ns();
        say(load, client, client->next);
    }
}

static void on_gone(struct client *client, const char *why)
{
    die("a client is gone: %s", why);
}

static void say_paced(struct load *load, uint64_t number)
{
    say(load, &load->clients[number % load->options.connections], number);
}

static void run_as_answers_come(struct load *load, struct echo *echo)
{
    for (size_t i = 0; i < load->client_count; i++) {
        load->clients[i].since = clock_ns();
        say(load, &load->clients[i], load->clients[i].next);
    }
    load_run_until(load, load->now + seconds_ns(load->options.warmup));
    measure_begin(load);
    load_run_until(load, load->now + seconds_ns(load->options.seconds));
    while (load->measurement.messages == 0)
        load_turn(load, load->now + NS_PER_SECOND);
    measure_end(load);
    echo->stopped = true;
    while (echo->outstanding > 0)
        load_turn(load, load->now + NS_PER_SECOND);
    report_latency("latency_ns", &echo->latency);
}

static void run(struct load *load)
{
    static const struct client_events events = { .received = on_received, .gone = on_gone };
    const struct options *options = &load->options;
    struct echo *echo = must_calloc(1, sizeof *echo);
    load_make(load, options->connections, options->topics);
    load_join(load, 0, options->connections, 0, options->topics);
    load->events = &events;
    load->state = echo;
    for (size_t i = 0; i < load->client_count; i++) {
        load->clients[i].next = i;
        load->clients[i].expected = &load->clients[i].conversation->reply;
    }
    if (options->rate > 0) {
        echo->pacer = pacer_new(load, options->rate, options->warmup, options->seconds, say_paced);
        pacer_run(load, echo->pacer, &echo->outstanding, &echo->latency);
    } else {
        run_as_answers_come(load, echo);
    }
    free(echo->pacer);
    free(echo);
}

const struct scenario scenario_echo = {
    .name = "echo",
    .help = "a message and its reply, on every connection",
    .defaults = { .connections = 200 },
    .run = run,
};
