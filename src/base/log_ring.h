/* Lines that wait to be written: bytes in a ring of fixed size. One thread at a time puts lines in, and one
 * takes them out. They share only atomics, so neither waits for the other. A line that does not fit is
 * counted instead, and the count belongs to the place where the line is missing. If lines are missing at
 * several places, the count belongs to the first one. */
#ifndef PINION_BASE_LOG_RING_H
#define PINION_BASE_LOG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PINION_LOG_RING (256u << 10) /* a power of two */

/* All zero is an empty ring. Positions count all bytes that were ever put. */
struct pinion_log_ring {
    _Atomic uint64_t head;      /* where the next line is put */
    _Atomic uint64_t tail;      /* where the next one is taken */
    _Atomic uint64_t missed;    /* lines that did not fit, and were not reported yet */
    _Atomic uint64_t missed_at; /* where the first of them would be */
    char bytes[PINION_LOG_RING];
};

/* Put a line with its line end. Returns false when there was no room. */
bool pinion__log_ring_put(struct pinion_log_ring *ring, const char *line, size_t len);

/* Copy out the oldest lines, as many whole ones as fit into `size`; any line must fit. It stops at a place
 * where lines are missing. Returns the length. The lines stay in the ring until they are dropped. */
size_t pinion__log_ring_peek(const struct pinion_log_ring *ring, char *out, size_t size);
void pinion__log_ring_drop(struct pinion_log_ring *ring, size_t len);

/* How many lines are missing before the next line that peek returns. Each is reported once. */
uint64_t pinion__log_ring_missed(struct pinion_log_ring *ring);

/* True when there is nothing to take and nothing to report. */
bool pinion__log_ring_idle(const struct pinion_log_ring *ring);

#endif
