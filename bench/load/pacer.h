/* Sends messages at a fixed rate. Each has a moment at which it is meant to leave, whatever happened to those
 * before it. Delays count from this moment: so a server (or a generator) that stalls is charged for all
 * messages that waited meanwhile. */
#ifndef LOAD_PACER_H
#define LOAD_PACER_H

#include "histogram.h"
#include <stdint.h>

struct load;

struct pacer {
    double rate; /* messages a second */
    uint64_t start;
    uint64_t next;          /* the number of the next message to leave */
    uint64_t end;           /* the number after the last message */
    uint64_t measured_from; /* the number of the first message that counts */
    void (*send)(struct load *load, uint64_t number);
    struct histogram late; /* how long after its moment each message left */
};

/* Make a pacer for `rate` messages a second. It starts now: `warmup` seconds do not count, then `seconds` do.
 */
struct pacer *pacer_new(struct load *load, double rate, double warmup, double seconds,
                        void (*send)(struct load *load, uint64_t number));

/* When a message is meant to leave. */
uint64_t pacer_due(const struct pacer *pacer, uint64_t number);

/* Send the messages that are due. */
void pacer_send_due(struct load *load, struct pacer *pacer);

/* Send all messages, and measure from the first that counts to the last. Then wait until *outstanding is 0,
 * but only a few seconds. Report how many did not come, how late messages left, and how long those from
 * measured_from on took, which the scenario has recorded in `latency`. */
void pacer_run(struct load *load, struct pacer *pacer, const uint64_t *outstanding,
               const struct histogram *latency);

#endif
