/* Loops: what each has, and how long its turns and the callbacks on all of them take. */
#include "endpoint/endpoint.h"
#include "endpoint/metrics.h"
#include <stdio.h>

/* A number of a loop. */
typedef uint64_t loop_fn(const struct pinion_endpoint_loop *loop);

static uint64_t connections(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->shard->counters.connections, memory_order_relaxed);
}

static uint64_t received(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->shard->counters.bytes_received, memory_order_relaxed);
}

static uint64_t sent(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->shard->counters.bytes_sent, memory_order_relaxed);
}

static uint64_t queue_peak(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->shard->counters.queue_peak, memory_order_relaxed);
}

static uint64_t mailbox_peak(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->scheduler->mailbox.peak, memory_order_relaxed);
}

static uint64_t mailbox_full(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->scheduler->mailbox.dropped, memory_order_relaxed);
}

static const struct {
    const char *name, *type, *help;
    loop_fn *read;
} families[] = {
    { "pinion_connections", "gauge", "Open connections, those of plain HTTP too.", connections },
    { "pinion_received_bytes_total", "counter", "Bytes that came over all connections.", received },
    { "pinion_sent_bytes_total", "counter", "Bytes that the kernel took for all connections.", sent },
    { "pinion_queue_peak_bytes", "gauge",
      "The most memory that messages took which waited for one connection, since the start.", queue_peak },
    { "pinion_mailbox_peak_bytes", "gauge",
      "The most memory of messages from other threads that waited for the loop, since the start.",
      mailbox_peak },
    { "pinion_mailbox_full_total", "counter",
      "Broadcasts and messages that the mailbox of the loop had no room for.", mailbox_full },
};

static void loop_name(char text[12], unsigned number)
{
    snprintf(text, 12, "%u", number);
}

static void show_numbers(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        pinion__exposition_family(out, families[i].name, families[i].type, families[i].help);
        for (unsigned loop = 0; loop < endpoint->loop_count; loop++) {
            char name[12];
            loop_name(name, loop);
            pinion__exposition_count(out,
                                     (struct pinion_exposition_label[]){ { "loop", name }, { NULL, NULL } },
                                     families[i].read(&endpoint->loops[loop]));
        }
    }
}

static void show_turns(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    pinion__exposition_family(out, "pinion_loop_turn_seconds", "histogram",
                              "How long turns of the loop take: so long an event may wait.");
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        char name[12];
        struct pinion_histogram_sum sum = { .sum_ns = 0 };
        loop_name(name, i);
        pinion__histogram_add(&sum, &endpoint->loops[i].shard->meter->turns);
        pinion__exposition_histogram(
            out, (struct pinion_exposition_label[]){ { "loop", name }, { NULL, NULL } }, &sum);
    }
}

static void show_callbacks(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    pinion__exposition_family(out, "pinion_callback_seconds", "histogram",
                              "How long callbacks of the application take, on all loops.");
    for (unsigned kind = 0; kind < PINION_CALLBACK_KINDS; kind++) {
        struct pinion_histogram_sum sum = { .sum_ns = 0 };
        for (unsigned i = 0; i < endpoint->loop_count; i++)
            pinion__histogram_add(&sum, &endpoint->loops[i].shard->meter->callbacks[kind]);
        pinion__exposition_histogram(out,
                                     (struct pinion_exposition_label[]){
                                         { "callback", pinion__callback_kind_name(kind) }, { NULL, NULL } },
                                     &sum);
    }
}

void pinion__expose_loops(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    pinion__exposition_gauge(out, "pinion_loops", "Event loops.", endpoint->loop_count);
    show_numbers(out, endpoint);
    show_turns(out, endpoint);
    show_callbacks(out, endpoint);
}
