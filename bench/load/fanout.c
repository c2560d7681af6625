/* One message to all subscribers of a topic. Without a rate the next broadcast of a topic leaves when
 * everybody has got the last one (or the last `burst` of them, which left in one segment). At a rate they
 * leave topic after topic. Message k of topic t has the number t + k * topics, and each client must get the
 * messages of its topic in order. */
#include "die.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include "server_process.h"
#include <arpa/inet.h>
#include <stdlib.h>

struct room {
    struct client *publisher;
    uint64_t subscribers;
    uint64_t next;        /* the next number to publish */
    uint64_t outstanding; /* deliveries under way */
    uint64_t since;       /* when the last one was published */
};

enum phase { WARMING_UP, MEASURING, DONE };

struct fanout {
    struct room *rooms;
    enum phase phase;
    uint64_t phase_ends;
    uint64_t outstanding; /* at a rate: deliveries under way, of all topics */
    struct pacer *pacer;  /* NULL: there is no rate */
    double memory;        /* of the server, once all have joined */
    struct histogram latency;
};

static void publish(struct load *load, struct room *room, unsigned times)
{
    struct client *publisher = room->publisher;
    room->since = clock_ns();
    for (unsigned i = 0; i < times; i++) {
        client_queue(publisher, &publisher->conversation->bcast, room->next);
        room->next += load->options.topics;
    }
    room->outstanding += room->subscribers * times;
    client_flush(publisher);
}

/* The measurement begins and ends between two rounds of the first topic. */
static void next_phase(struct load *load, struct fanout *fanout)
{
    if (load->now < fanout->phase_ends)
        return;
    if (fanout->phase == WARMING_UP) {
        measure_begin(load);
        fanout->phase = MEASURING;
        fanout->phase_ends = load->now + seconds_ns(load->options.seconds);
    } else {
        measure_end(load);
        fanout->phase = DONE;
    }
}

static void on_round(struct load *load, struct fanout *fanout, struct room *room)
{
    if (fanout->phase == MEASURING)
        histogram_record(&fanout->latency, load->now - room->since);
    if (room == fanout->rooms)
        next_phase(load, fanout);
    if (fanout->phase != DONE)
        publish(load, room, load->options.burst);
}

static void on_received(struct client *client, uint64_t number)
{
    struct load *load = client->load;
    struct fanout *fanout = load->state;
    struct room *room = &fanout->rooms[client->topic];
    if (number != client->next)
        die("on topic %u message %llu came instead of %llu", client->topic, (unsigned long long)number,
            (unsigned long long)client->next);
    client->next += load->options.topics;
    if (client->stalled || client->elsewhere) /* it was on its way when the client stalled */
        return;
    room->outstanding--;
    measure_count(load, 1);
    if (fanout->pacer) {
        fanout->outstanding--;
        if (number >= fanout->pacer->measured_from)
            histogram_record(&fanout->latency, load->now - pacer_due(fanout->pacer, number));
    } else if (room->outstanding == 0) {
        on_round(load, fanout, room);
    }
}

static void on_gone(struct client *client, const char *why)
{
    if (client->stalled)
        return;
    die("a subscriber is gone: %s", why);
}

static void publish_paced(struct load *load, uint64_t number)
{
    struct fanout *fanout = load->state;
    struct room *room = &fanout->rooms[number % load->options.topics];
    publish(load, room, 1);
    fanout->outstanding += room->subscribers;
}

static void make_rooms(struct load *load, struct fanout *fanout)
{
    unsigned topics = load->options.topics;
    fanout->rooms = must_calloc(topics, sizeof *fanout->rooms);
    for (size_t i = 0; i < load->client_count; i++) {
        struct room *room = &fanout->rooms[load->clients[i].topic];
        load->clients[i].next = room->next = load->clients[i].topic;
        if (load->clients[i].elsewhere)
            room->publisher = &load->clients[i];
        if (load->clients[i].stalled || load->clients[i].elsewhere)
            continue;
        if (room->subscribers++ == 0)
            room->publisher = &load->clients[i];
    }
}

/* Clients that read nothing. Nobody waits for them. */
static void join_stalled(struct load *load)
{
    unsigned first = load->options.connections;
    if (load->options.stalled == 0)
        return;
    load_join(load, first, load->options.stalled, 0, load->options.topics);
    for (size_t i = first; i < load->client_count; i++)
        client_stall(&load->clients[i]);
}

/* The publishers come last, one for each topic, on another node. */
static void join_elsewhere(struct load *load)
{
    unsigned first = load->options.connections + load->options.stalled;
    if (load->options.publish_port == 0)
        return;
    load->address.sin_port = htons((uint16_t)load->options.publish_port);
    load_join(load, first, load->options.topics, 0, load->options.topics);
    for (size_t i = first; i < load->client_count; i++)
        load->clients[i].elsewhere = true;
}

static double memory_of_server(const struct load *load)
{
    return load->options.pid ? (double)process_memory(load->options.pid) : 0;
}

static void run_as_answers_come(struct load *load, struct fanout *fanout)
{
    fanout->phase_ends = load->now + seconds_ns(load->options.warmup);
    for (unsigned i = 0; i < load->options.topics; i++)
        publish(load, &fanout->rooms[i], load->options.burst);
    while (fanout->phase != DONE)
        load_turn(load, load->now + NS_PER_SECOND);
    report_latency("round_ns", &fanout->latency);
}

static void run(struct load *load)
{
    static const struct client_events events = { .received = on_received, .gone = on_gone };
    const struct options *options = &load->options;
    struct fanout *fanout = must_calloc(1, sizeof *fanout);
    if (options->connections < options->topics)
        die("each topic needs a subscriber: %u topics are more than %u connections", options->topics,
            options->connections);
    if (options->rate > 0 && options->burst > 1)
        die("--burst and --rate cannot be combined");
    load_make(load, options->connections + options->stalled + (options->publish_port ? options->topics : 0),
              options->topics);
    load_join(load, 0, options->connections, 0, options->topics);
    load->events = &events;
    load->state = fanout;
    join_stalled(load);
    join_elsewhere(load);
    make_rooms(load, fanout);
    fanout->memory = memory_of_server(load);
    if (options->rate > 0) {
        fanout->pacer = pacer_new(load, options->rate, options->warmup, options->seconds, publish_paced);
        pacer_run(load, fanout->pacer, &fanout->outstanding, &fanout->latency);
    } else {
        run_as_answers_come(load, fanout);
    }
    if (options->stalled > 0 && options->pid)
        report_number("memory_grown", memory_of_server(load) - fanout->memory);
    free(fanout->rooms);
    free(fanout->pacer);
    free(fanout);
}

const struct scenario scenario_fanout = {
    .name = "fanout",
    .help = "a broadcast to every subscriber of a topic, again and again",
    .defaults = { .connections = 1000 },
    .run = run,
};
