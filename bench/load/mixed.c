/* Rooms in which everybody types: `connections` clients on `topics` topics send `rate` messages a second
 * together, and each is broadcast to its room. Messages are numbered in the order of sending; consecutive
 * ones are in different rooms. Messages of different clients in a room have no order. So this checks at the
 * end that everybody got as many messages as were sent to their room, with the same sum of numbers. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include <stdlib.h>

struct room {
    uint64_t subscribers;
    uint64_t count;
    uint64_t sum;
};

struct mixed {
    struct room *rooms;
    uint64_t outstanding;
    struct pacer *pacer;
    struct histogram latency;
};

static void type(struct load *load, uint64_t number)
{
    struct mixed *mixed = load->state;
    unsigned topics = load->options.topics;
    struct room *room = &mixed->rooms[number % topics];
    uint64_t member = number / topics % room->subscribers;
    struct client *client = &load->clients[number % topics + member * topics];
    room->count++;
    room->sum += number;
    mixed->outstanding += room->subscribers;
    client_send(client, &client->conversation->bcast, number);
}

static void on_received(struct client *client, uint64_t number)
{
    struct load *load = client->load;
    struct mixed *mixed = load->state;
    if (number % load->options.topics != client->topic || number >= mixed->pacer->next)
        die("on topic %u message %llu came, which nobody sent there", client->topic,
            (unsigned long long)number);
    client->count++;
    client->sum += number;
    mixed->outstanding--;
    measure_count(load, 1);
    if (number >= mixed->pacer->measured_from)
        histogram_record(&mixed->latency, load->now - pacer_due(mixed->pacer, number));
}

static void on_gone(struct client *client, const char *why)
{
    die("a client is gone: %s", why);
}

static void check(const struct load *load, const struct mixed *mixed)
{
    for (size_t i = 0; i < load->client_count && mixed->outstanding == 0; i++) {
        const struct client *client = &load->clients[i];
        const struct room *room = &mixed->rooms[client->topic];
        if (client->count != room->count || client->sum != room->sum)
            die("a client of topic %u got %llu messages, which are not the %llu that were sent",
                client->topic, (unsigned long long)client->count, (unsigned long long)room->count);
    }
}

static void run(struct load *load)
{
    static const struct client_events events = { .received = on_received, .gone = on_gone };
    const struct options *options = &load->options;
    struct mixed *mixed = must_calloc(1, sizeof *mixed);
    if (options->connections < options->topics)
        die("each topic needs a client: %u topics are more than %u connections", options->topics,
            options->connections);
    load_make(load, options->connections, options->topics);
    load_join(load, 0, options->connections, 0, options->topics);
    load->events = &events;
    load->state = mixed;
    mixed->rooms = must_calloc(options->topics, sizeof *mixed->rooms);
    for (size_t i = 0; i < load->client_count; i++)
        mixed->rooms[load->clients[i].topic].subscribers++;
    mixed->pacer = pacer_new(load, options->rate, options->warmup, options->seconds, type);
    pacer_run(load, mixed->pacer, &mixed->outstanding, &mixed->latency);
    check(load, mixed);
    free(mixed->rooms);
    free(mixed->pacer);
    free(mixed);
}

const struct scenario scenario_mixed = {
    .name = "mixed",
    .help = "many rooms in which everyone types at a fixed rate",
    .defaults = { .connections = 1000, .topics = 50, .rate = 1000 },
    .run = run,
};
