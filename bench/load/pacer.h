/* Messages at a fixed rate. Each has a moment at which it is meant to leave, whatever happened to those
 * before it, and delays are counted from that moment: a server (or a generator) that stalls is charged for
 * what waited meanwhile. */
#ifndef LOAD_PACER_H
#define LOAD_PACER_H

#include "histogram.h"
#include <stdint.h>

struct load;

struct pacer {
    double rate; /* per second */
    uint64_t start;
    uint64_t next;          /* the first message that has not left */
    uint64_t end;           /* the first that will not */
    uint64_t measured_from; /* the first that counts */
    void (*send)(struct load *load, uint64_t number);
    struct histogram late; /* how long after its moment each one left */
};

/* One for `rate` a second; `warmup` seconds that do not count, then `seconds` that do. It starts now. */
struct pacer *pacer_new(struct load *load, double rate, double warmup, double seconds,
                        void (*send)(struct load *load, uint64_t number));

/* When that message is meant to leave. */
uint64_t pacer_due(const struct pacer *pacer, uint64_t number);

/* Send what is due. */
void pacer_send_due(struct load *load, struct pacer *pacer);

/* Run all of it, measuring from its first message that counts to its last; then wait until nothing of what
 * was sent is *outstanding, for a few seconds at most. Reports what did not come, how late messages left, and
 * how long they took: of those from measured_from on, as the scenario has recorded it. */
void pacer_run(struct load *load, struct pacer *pacer, const uint64_t *outstanding,
               const struct histogram *latency);

#endif
