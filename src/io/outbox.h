/* The frames that wait to be sent on a connection: references, in order, and how much of the first one was
 * sent. It is pure bookkeeping without I/O: an engine gathers bytes, sends them, and says how many were sent.
 *
 * Broadcasts that wait on several connections can be queued as parts of a run (run.h). They count as the
 * frames that they are, and are sent as one piece.
 *
 * The nodes come from a pool of the loop, so that queueing allocates nothing in the steady state. An empty
 * outbox holds no memory. Not thread-safe. */
#ifndef PINION_IO_OUTBOX_H
#define PINION_IO_OUTBOX_H

#include "base/frame.h"
#include "io/run.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* A frame, or a part of a run: of its frames those from `first` up to `end`. */
struct pinion_outbox_node {
    struct pinion_outbox_node *next;
    union {
        struct pinion_frame *frame; /* a reference */
        struct pinion_run *run;     /* a reference */
    };
    union {
        uint32_t part; /* 0: it is a frame */
        struct {
            uint16_t first;
            uint16_t end;
        };
    };
};

/* Nodes to be used again, and the runs. All zero is an empty pool that keeps nothing. */
struct pinion_outbox_pool {
    struct pinion_outbox_node *free;
    size_t count;
    size_t max; /* the most nodes that are kept */
    struct pinion_runs runs;
};

/* All zero is an empty outbox. */
struct pinion_outbox {
    struct pinion_outbox_node *head;
    struct pinion_outbox_node *tail;
    uint32_t offset; /* bytes of the first frame that were sent; it may be one of a run */
    uint32_t frames; /* frames that wait */
    size_t bytes;    /* bytes that wait */
};

/* The memory that waiting frames take. For small frames it is much more than their bytes. A frame that waits
 * in several outboxes counts in full in each. */
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

static inline bool pinion__outbox_is_frame(const struct pinion_outbox_node *node)
{
    return __builtin_expect(node->part == 0, 1);
}

/* The bytes of a node. */
static inline struct pinion_slice pinion__outbox_wire(const struct pinion_outbox_node *node)
{
    if (pinion__outbox_is_frame(node))
        return pinion__frame_wire(node->frame);
    return pinion__run_part(node->run, node->first, node->end);
}

/* Put a frame last. It takes the caller's reference, also on failure. A frame without bytes is dropped at
 * once. PINION_ENOMEM; PINION_ETOOBIG: a frame of 4 GiB or more. */
int pinion__outbox_push(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                        struct pinion_frame *frame);

/* The same, where all that waits is sent soon. A broadcast behind another one becomes a part of a run if
 * several connections have that one too. */
int pinion__outbox_push_joined(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                               struct pinion_frame *frame);

/* What waits will wait for long: queue each frame of a run for itself, so that the rest of the run is not
 * kept. Without memory some stay as they are. */
void pinion__outbox_unjoin(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool);

/* Point up to `max` entries at the bytes to send next. Returns how many were filled; *bytes is what they hold
 * together. Lifetime: until the outbox changes. */
size_t pinion__outbox_gather(const struct pinion_outbox *outbox, struct iovec *iov, size_t max,
                             size_t *bytes);

/* The first `sent` bytes were sent: drop the references to frames that were sent completely. `sent` is at
 * most the bytes that wait. */
void pinion__outbox_consume(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t sent);

/* Drop all frames. If a part of the first frame was sent, its rest stays, because the peer would take what
 * follows for that rest. */
void pinion__outbox_drop(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool);

/* Drop the oldest droppable frames of which nothing has gone, until what waits takes `most` of memory or
 * there are no more of them. Returns how many were dropped. */
size_t pinion__outbox_drop_oldest(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t most);

/* Drop everything. It is also the fastest way to consume all. */
void pinion__outbox_clear(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool);

#endif
