/* The application's own counters and gauges (pinion/metrics.h). They live as long as the endpoint. Adding
 * takes no lock: a counter has several cells, and a thread adds to one of them, so that loops share no cache
 * line. The list is under a lock, which is taken to register and to show. */
#ifndef PINION_ENDPOINT_INSTRUMENTS_H
#define PINION_ENDPOINT_INSTRUMENTS_H

#include "base/lock.h"
#include "endpoint/exposition.h"

#define PINION_INSTRUMENTS_MAX 2000

struct pinion_instrument;

struct pinion_instruments {
    struct pinion_lock lock;
    struct pinion_instrument *first; /* those of one name are neighbours */
    size_t count;
};

void pinion__instruments_init(struct pinion_instruments *instruments);
void pinion__instruments_release(struct pinion_instruments *instruments);

/* Write them all. Thread: any. */
void pinion__instruments_show(struct pinion_instruments *instruments, struct pinion_exposition *out);

#endif
