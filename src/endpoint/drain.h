/* Stopping without a shock: readiness goes off, accepting stops, and the clients are sent away in batches, so
 * that they do not all come to the next server at once.
 *
 *   running --begin--> unready --drain_delay_ms--> closing, batch by batch --no socket left--> drained
 *
 * Each loop drains by itself; a batch is an equal part of the endpoint's. */
#ifndef PINION_ENDPOINT_DRAIN_H
#define PINION_ENDPOINT_DRAIN_H

#include "base/wheel.h"
#include <stdbool.h>

struct pinion_endpoint;
struct pinion_endpoint_loop;

struct pinion_drain {
    struct pinion_timer timer; /* for the next step */
    uint64_t ends_at;          /* ms: then what is left is closed at once */
    uint64_t fresh_until;      /* ms: until then new connections may come to ask */
    uint64_t waits_until;      /* ms, once drained: sooner, when nobody reads */
    uint64_t acked;            /* by all peers, when somebody did so last */
    bool drained;              /* they are: what is left are connections on their way out */
    bool overdue;              /* those had their time */
};

void pinion__drain_init(struct pinion_drain *drain);

/* Thread: the loop's, not from within a callback. */
void pinion__drain_begin(struct pinion_endpoint_loop *loop);

/* Say, once, that this main loop of the program stops. Thread: that of run(). */
void pinion__drain_tell(struct pinion_endpoint *endpoint);

/* The loop ends: no more steps. */
void pinion__drain_cancel(struct pinion_endpoint_loop *loop);

/* True when nothing on this loop has to be waited for any more. */
bool pinion__drain_over(const struct pinion_endpoint_loop *loop);

#endif
