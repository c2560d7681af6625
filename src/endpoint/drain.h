/* Draining: how an endpoint stops. First /readyz says 503, then accepting stops, and then the sockets are
 * closed in batches, so that their clients do not all come to the next server at once.
 *
 *   running --begin--> unready --drain_delay_ms--> closing, batch by batch --no socket left--> drained
 *
 * Each loop drains by itself, with an equal part of each batch. */
#ifndef PINION_ENDPOINT_DRAIN_H
#define PINION_ENDPOINT_DRAIN_H

#include "base/wheel.h"
#include <stdbool.h>

struct pinion_endpoint;
struct pinion_endpoint_loop;

struct pinion_drain {
    struct pinion_timer timer; /* for the next step */
    uint64_t ends_at;          /* when all that is left is closed at once; ms */
    uint64_t fresh_until;      /* until when new connections may send their first request; ms */
    uint64_t asked_until;      /* until when those that have sent one may send another; 0: not at all; ms */
    uint64_t waits_until;      /* once drained: until when clients may read what is left; ms */
    uint64_t acked;            /* bytes that all peers had acknowledged when there was last progress */
    bool drained;              /* the sockets are closed; some connections still send what is left */
    bool overdue;              /* the time for those connections is over */
};

void pinion__drain_init(struct pinion_drain *drain);

/* Begin to drain this loop. Thread: the loop's, and not from a callback. */
void pinion__drain_begin(struct pinion_endpoint_loop *loop);

/* Send STOPPING=1 for an endpoint that pinion_endpoint_run runs (notify.h). Only the first call does. Thread:
 * the one of run(). */
void pinion__drain_tell(struct pinion_endpoint *endpoint);

/* The loop ends: take no more steps. */
void pinion__drain_cancel(struct pinion_endpoint_loop *loop);

/* True when nothing on this loop has to be waited for any more. */
bool pinion__drain_over(const struct pinion_endpoint_loop *loop);

#endif
