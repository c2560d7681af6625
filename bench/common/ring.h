/* An io_uring with a ring of provided buffers to receive into: what the load generator and the io_uring
 * yardstick both stand on.
 *
 * COOP_TASKRUN and not DEFER_TASKRUN: with that Linux 6.18 completes no more than twenty operations a call,
 * unless more are waited for. In a storm of connects what had come queued up in our own ring, and replies
 * seemed to take fifty milliseconds that took two. For the yardstick it makes no difference. One thread, for
 * life.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <liburing.h>
#include <stdint.h>

struct ring {
    struct io_uring uring;
    struct io_uring_buf_ring *provided;
    uint8_t *memory;
    size_t buffer_size;
    unsigned buffer_count;
};

struct ring_options {
    unsigned sqes;         /* a power of two */
    unsigned cqes;         /* a power of two */
    size_t buffer_size;    /* of one buffer to receive into */
    unsigned buffer_count; /* a power of two */
};

/* 0, or a negative errno: where io_uring is switched off it is -EPERM or -ENOSYS. */
int ring_open(struct ring *ring, const struct ring_options *options);
void ring_close(struct ring *ring);

/* An entry to fill; submits what there is when the queue is full. Never NULL. */
struct io_uring_sqe *ring_sqe(struct ring *ring);

/* Receive on fd into provided buffers until it ends: one completion for each lot of bytes. */
void ring_recv(struct ring *ring, int fd, uint64_t user_data);

/* The buffer a completion of ring_recv has filled; goes back with ring_recycle. */
uint8_t *ring_buffer(struct ring *ring, const struct io_uring_cqe *cqe);
void ring_recycle(struct ring *ring, const struct io_uring_cqe *cqe);

/* Submit, and wait until there is a completion, or for `timeout` nanoseconds, or for a signal. */
void ring_wait(struct ring *ring, uint64_t timeout);

/* How many completions there are, and the first of them, whose place is free at once. Handle as many as there
 * were: handling them may bring more, without end. */
static inline unsigned ring_ready(const struct ring *ring)
{
    return io_uring_cq_ready(&ring->uring);
}

static inline void ring_take(struct ring *ring, struct io_uring_cqe *cqe)
{
    struct io_uring_cqe *first = NULL;
    io_uring_peek_cqe(&ring->uring, &first);
    *cqe = *first;
    io_uring_cq_advance(&ring->uring, 1);
}

#endif
