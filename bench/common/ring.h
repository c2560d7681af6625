/* An io_uring with a ring of provided buffers to receive into. The load generator and the io_uring yardstick
 * use it. Only one thread may use it.
 *
 * It has COOP_TASKRUN and not DEFER_TASKRUN. With the latter Linux 6.18 completes at most twenty operations
 * in a call, unless one waits for more. In a storm of connects everything then queued up in our own ring, and
 * replies that took two milliseconds seemed to take fifty. For the yardstick it makes no difference. */
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
    size_t buffer_size;    /* of one buffer to receive into, in bytes */
    unsigned buffer_count; /* a power of two */
};

/* Returns 0, or a negative errno. It is -EPERM or -ENOSYS if io_uring is switched off. */
int ring_open(struct ring *ring, const struct ring_options *options);
void ring_close(struct ring *ring);

/* An entry to fill in, never NULL. If the queue is full, it is submitted first. */
struct io_uring_sqe *ring_sqe(struct ring *ring);

/* Receive on fd into provided buffers until it ends. Each buffer that is filled is one completion. */
void ring_recv(struct ring *ring, int fd, uint64_t user_data);

/* The buffer that a completion of ring_recv has filled. Give it back with ring_recycle. */
uint8_t *ring_buffer(struct ring *ring, const struct io_uring_cqe *cqe);
void ring_recycle(struct ring *ring, const struct io_uring_cqe *cqe);

/* Submit, and wait for a completion, for `timeout` nanoseconds, or for a signal. */
void ring_wait(struct ring *ring, uint64_t timeout);

/* ring_ready: how many completions there are. ring_take: take the first. Handle as many as there were at
 * first, since handling them may bring more, without end. */
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
