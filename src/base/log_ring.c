#include "base/log_ring.h"
#include <string.h>

static size_t place(uint64_t position)
{
    return (size_t)(position & (PINION_LOG_RING - 1));
}

static size_t until_the_end(uint64_t position, size_t len)
{
    size_t left = PINION_LOG_RING - place(position);
    return len < left ? len : left;
}

/* The place is stored before the count: a reader that sees the count also sees the place. */
static void miss(struct pinion_log_ring *ring)
{
    if (atomic_load(&ring->missed) == 0)
        atomic_store(&ring->missed_at, atomic_load(&ring->head));
    atomic_fetch_add(&ring->missed, 1);
}

bool pinion__log_ring_put(struct pinion_log_ring *ring, const char *line, size_t len)
{
    uint64_t head = atomic_load(&ring->head), tail = atomic_load(&ring->tail);
    if (len > PINION_LOG_RING - (size_t)(head - tail)) {
        miss(ring);
        return false;
    }
    size_t first = until_the_end(head, len);
    memcpy(ring->bytes + place(head), line, first);
    memcpy(ring->bytes, line + first, len - first);
    atomic_store(&ring->head, head + len);
    return true;
}

/* The head is read first: lines that are lost later are missing behind it. */
size_t pinion__log_ring_peek(const struct pinion_log_ring *ring, char *out, size_t size)
{
    uint64_t tail = atomic_load(&ring->tail), end = atomic_load(&ring->head);
    uint64_t missed = atomic_load(&ring->missed), missed_at = atomic_load(&ring->missed_at);
    if (missed && missed_at < end)
        end = missed_at > tail ? missed_at : tail;
    size_t len = end - tail < size ? (size_t)(end - tail) : size, first = until_the_end(tail, len);
    memcpy(out, ring->bytes + place(tail), first);
    memcpy(out + first, ring->bytes, len - first);
    const char *newline = memrchr(out, '\n', len);
    return newline ? (size_t)(newline - out) + 1 : 0;
}

void pinion__log_ring_drop(struct pinion_log_ring *ring, size_t len)
{
    atomic_fetch_add(&ring->tail, len);
}

uint64_t pinion__log_ring_missed(struct pinion_log_ring *ring)
{
    if (atomic_load(&ring->missed) == 0 || atomic_load(&ring->missed_at) > atomic_load(&ring->tail))
        return 0;
    return atomic_exchange(&ring->missed, 0);
}

bool pinion__log_ring_idle(const struct pinion_log_ring *ring)
{
    return atomic_load(&ring->head) == atomic_load(&ring->tail) && atomic_load(&ring->missed) == 0;
}
