/* What waits to be sent on one connection: frames by reference, in order, and how much of the first has
 * gone. Pure bookkeeping, no I/O: an engine gathers bytes, sends them, and says how many went.
 *
 * The nodes come from a pool of the loop, so that queueing allocates nothing in the steady state; an empty
 * outbox holds nothing. Not thread-safe.
 */
#ifndef PINION_IO_OUTBOX_H
#define PINION_IO_OUTBOX_H

#include "base/frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct pinion_outbox_node {
    struct pinion_outbox_node *next;
    struct pinion_frame *frame; /* a reference */
};

/* Nodes to be used again. All zero is an empty pool that keeps nothing. */
struct pinion_outbox_pool {
    struct pinion_outbox_node *free;
    size_t count;
    size_t max; /* how many are kept at most */
};

/* All zero is an empty outbox. */
struct pinion_outbox {
    struct pinion_outbox_node *head;
    struct pinion_outbox_node *tail;
    uint32_t offset; /* bytes of the first frame that have gone */
    uint32_t frames; /* that wait */
    size_t bytes;    /* of theirs that wait */
};

/* What waits, in bytes of memory: of small frames that is far more than their own bytes. A frame that waits
 * in several outboxes counts whole in each. */
static inline size_t pinion__outbox_memory(const struct pinion_outbox *outbox)
{
    return outbox->bytes + outbox->frames * PINION_FRAME_QUEUED;
}

/* Free the nodes that are kept. */
void pinion__outbox_pool_release(struct pinion_outbox_pool *pool);

static inline bool pinion__outbox_empty(const struct pinion_outbox *outbox)
{
    return outbox->head == NULL;
}

/* Put a frame last; takes the caller's reference, on failure too. A frame without bytes is dropped at once.
 * PINION_ENOMEM; PINION_ETOOBIG: a frame of 4 GiB. */
int pinion__outbox_push(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                        struct pinion_frame *frame);

/* Point up to `max` entries at the bytes to send next. Returns how many were filled, and what they hold
 * together through *bytes. Lifetime: until the outbox changes. */
size_t pinion__outbox_gather(const struct pinion_outbox *outbox, struct iovec *iov, size_t max,
                             size_t *bytes);

/* The first `sent` bytes (at most those that wait) have gone: drop the references of the frames that went
 * whole. */
void pinion__outbox_consume(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t sent);

/* Drop all but the rest of a frame of which a part has gone: the peer would take what follows for it. */
void pinion__outbox_drop(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool);

/* Drop the oldest droppable frames of which nothing has gone, until what waits takes `most` of memory or
 * there are no more of them. Returns how many were dropped. */
size_t pinion__outbox_drop_oldest(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t most);

/* Drop everything. Also the quickest way to consume all. */
void pinion__outbox_clear(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool);

#endif
