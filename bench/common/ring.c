#include "ring.h"
#include "die.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define GROUP 0 /* the only group of provided buffers */

static uint8_t *map_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (pages == MAP_FAILED)
        die("no memory for %zu bytes of receive buffers", size);
    return pages;
}

static size_t provided_size(const struct ring *ring)
{
    return ring->buffer_count * sizeof(struct io_uring_buf);
}

static void provide(struct ring *ring, unsigned short id, int offset)
{
    io_uring_buf_ring_add(ring->provided, ring->memory + id * ring->buffer_size, (unsigned)ring->buffer_size,
                          id, io_uring_buf_ring_mask(ring->buffer_count), offset);
}

static int provide_all(struct ring *ring)
{
    ring->memory = map_pages(ring->buffer_size * ring->buffer_count);
    ring->provided = (struct io_uring_buf_ring *)map_pages(provided_size(ring));
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)ring->provided,
        .ring_entries = ring->buffer_count,
        .bgid = GROUP,
    };
    int rc = io_uring_register_buf_ring(&ring->uring, &registration, 0);
    if (rc)
        return rc;
    io_uring_buf_ring_init(ring->provided);
    for (unsigned i = 0; i < ring->buffer_count; i++)
        provide(ring, (unsigned short)i, (int)i);
    io_uring_buf_ring_advance(ring->provided, (int)ring->buffer_count);
    return 0;
}

int ring_open(struct ring *ring, const struct ring_options *options)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_SUBMIT_ALL,
        .cq_entries = options->cqes,
    };
    int rc = io_uring_queue_init_params(options->sqes, &ring->uring, &params);
    if (rc)
        return rc;
    io_uring_register_ring_fd(&ring->uring); /* saves a lookup; it may fail */
    ring->buffer_size = options->buffer_size;
    ring->buffer_count = options->buffer_count;
    rc = provide_all(ring);
    if (rc)
        ring_close(ring);
    return rc;
}

void ring_close(struct ring *ring)
{
    io_uring_queue_exit(&ring->uring);
    munmap(ring->memory, ring->buffer_size * ring->buffer_count);
    munmap(ring->provided, provided_size(ring));
}

struct io_uring_sqe *ring_sqe(struct ring *ring)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&ring->uring)))
        io_uring_submit(&ring->uring);
    return sqe;
}

void ring_recv(struct ring *ring, int fd, uint64_t user_data)
{
    struct io_uring_sqe *sqe = ring_sqe(ring);
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    sqe->user_data = user_data;
}

static unsigned short buffer_id(const struct io_uring_cqe *cqe)
{
    return (unsigned short)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

uint8_t *ring_buffer(struct ring *ring, const struct io_uring_cqe *cqe)
{
    return ring->memory + buffer_id(cqe) * ring->buffer_size;
}

void ring_recycle(struct ring *ring, const struct io_uring_cqe *cqe)
{
    provide(ring, buffer_id(cqe), 0);
    io_uring_buf_ring_advance(ring->provided, 1);
}

void ring_wait(struct ring *ring, uint64_t timeout)
{
    struct __kernel_timespec time = { .tv_sec = (int64_t)(timeout / 1000000000u),
                                      .tv_nsec = (int64_t)(timeout % 1000000000u) };
    struct io_uring_cqe *cqe;
    int rc = io_uring_submit_and_wait_timeout(&ring->uring, &cqe, 1, &time, NULL);
    if (rc < 0 && rc != -ETIME && rc != -EINTR && rc != -EBUSY)
        die("io_uring: %s", strerror(-rc));
}
