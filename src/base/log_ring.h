/* Lines that wait to be written: bytes in a ring of fixed size. One thread at a time puts lines in, one takes
 * them out; the two share nothing but atomics, so that neither waits for the other. A line for which there is
 * no room is not put, but counted, and the count belongs at the place where it is missing; where lines are
 * missing at several places, at the first. */
#ifndef PINION_BASE_LOG_RING_H
#define PINION_BASE_LOG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PINION_LOG_RING (256u << 10) /* a power of two */

/* All zero is an empty one. Positions count the bytes that ever were put. */
struct pinion_log_ring {
    _Atomic uint64_t head;      /* where the next line is put */
    _Atomic uint64_t tail;      /* where the next one is taken */
    _Atomic uint64_t missed;    /* lines that found no room, and were not told of yet */
    _Atomic uint64_t missed_at; /* where the first of them would be */
    char bytes[PINION_LOG_RING];
};

/* Put a line with its end. False when there was no room for it. */
bool pinion__log_ring_put(struct pinion_log_ring *ring, const char *line, size_t len);

/* Copy whole lines out, the oldest, as many as fit into `size`, which any line does, but none beyond a place
 * where some are missing. Returns their length; they stay until they are dropped. */
size_t pinion__log_ring_peek(const struct pinion_log_ring *ring, char *out, size_t size);
void pinion__log_ring_drop(struct pinion_log_ring *ring, size_t len);

/* How many lines are missing here, before the next one that peek gives. Each is told of once. */
uint64_t pinion__log_ring_missed(struct pinion_log_ring *ring);

/* Whether there is anything to take or to tell. */
bool pinion__log_ring_idle(const struct pinion_log_ring *ring);

#endif
