#include "pacer.h"
#include "die.h"
#include "load.h"
#include "report.h"
#include <math.h>

#define GRACE (10 * NS_PER_SECOND) /* for what is under way when the last message has left */

struct pacer *pacer_new(struct load *load, double rate, double warmup, double seconds,
                        void (*send)(struct load *load, uint64_t number))
{
    struct pacer *pacer = must_calloc(1, sizeof *pacer);
    if (rate <= 0)
        die("this scenario needs a rate above 0");
    pacer->rate = rate;
    pacer->send = send;
    pacer->measured_from = (uint64_t)ceil(rate * warmup);
    pacer->end = pacer->measured_from + (uint64_t)ceil(rate * seconds);
    pacer->start = load->now = clock_ns();
    return pacer;
}

uint64_t pacer_due(const struct pacer *pacer, uint64_t number)
{
    return pacer->start + (uint64_t)((double)number * (double)NS_PER_SECOND / pacer->rate);
}

void pacer_send_due(struct load *load, struct pacer *pacer)
{
    uint64_t now = clock_ns();
    while (pacer->next < pacer->end && pacer_due(pacer, pacer->next) <= now) {
        if (pacer->next >= pacer->measured_from)
            histogram_record(&pacer->late, now - pacer_due(pacer, pacer->next));
        pacer->send(load, pacer->next++);
    }
}

static void send_all(struct load *load, struct pacer *pacer)
{
    bool measuring = false;
    while (pacer->next < pacer->end) {
        load_turn(load, pacer_due(pacer, pacer->next));
        if (!measuring && clock_ns() >= pacer_due(pacer, pacer->measured_from)) {
            measure_begin(load);
            measuring = true;
        }
        pacer_send_due(load, pacer);
    }
    load_run_until(load, pacer_due(pacer, pacer->end));
    measure_end(load);
}

void pacer_run(struct load *load, struct pacer *pacer, const uint64_t *outstanding,
               const struct histogram *latency)
{
    send_all(load, pacer);
    uint64_t patience = load->now + GRACE;
    while (*outstanding > 0 && load->now < patience)
        load_turn(load, patience);
    if (*outstanding > 0)
        report_warning("the server could not keep up: %llu messages are missing",
                       (unsigned long long)*outstanding);
    report_number("missing", (double)*outstanding);
    report_latency("latency_ns", latency);
    report_latency("left_late_ns", &pacer->late);
}
