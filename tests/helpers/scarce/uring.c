/* An operation that fails is replaced by one that does nothing, whose completion is changed before anybody
 * reads it: as if the kernel had done nothing. All completions come while one of the calls here runs. */
#include "scarce.h"
#include <liburing.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define PENDING_MAX 4096u
#define MARK        (UINT64_C(0x5ca4ce) << 40) /* in the user_data of one that is to fail; the rest is its place */

static struct {
    uint64_t user_data;
    int32_t result;
} pending[PENDING_MAX];
static atomic_uint pending_next;

int __real_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __real_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count);
int __real_io_uring_register_ring_fd(struct io_uring *ring);
int __real_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *reg, unsigned flags);
int __real_io_uring_register_sync_cancel(struct io_uring *ring, struct io_uring_sync_cancel_reg *reg);
struct io_uring_sqe *__real_io_uring_get_sqe(struct io_uring *ring);
int __real_io_uring_submit(struct io_uring *ring);
int __real_io_uring_submit_and_get_events(struct io_uring *ring);
int __real_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                                            struct __kernel_timespec *timeout, sigset_t *mask);
int __real_io_uring_get_events(struct io_uring *ring);

int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count);
int __wrap_io_uring_register_ring_fd(struct io_uring *ring);
int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *reg, unsigned flags);
int __wrap_io_uring_register_sync_cancel(struct io_uring *ring, struct io_uring_sync_cancel_reg *reg);
struct io_uring_sqe *__wrap_io_uring_get_sqe(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit_and_get_events(struct io_uring *ring);
int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                                            struct __kernel_timespec *timeout, sigset_t *mask);
int __wrap_io_uring_get_events(struct io_uring *ring);

/* ---- operations ---- */

static enum scarce_kind kind_of(const struct io_uring_sqe *sqe)
{
    switch (sqe->opcode) {
    case IORING_OP_RECV:
        return SCARCE_receiving;
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
        return SCARCE_sending;
    case IORING_OP_POLL_ADD:
        return SCARCE_watching;
    case IORING_OP_ASYNC_CANCEL:
        return SCARCE_cancelling;
    default:
        return SCARCE_KINDS;
    }
}

static void fail(struct io_uring_sqe *sqe, int error)
{
    unsigned place = atomic_fetch_add(&pending_next, 1) % PENDING_MAX;
    pending[place].user_data = sqe->user_data;
    pending[place].result = -error;
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = IORING_OP_NOP;
    sqe->fd = -1;
    sqe->user_data = MARK | place;
}

/* The kernel tells of a send that it took a part of. */
static void shorten(struct io_uring_sqe *sqe)
{
    sqe->flags &= (uint8_t)~IOSQE_CQE_SKIP_SUCCESS;
    if (sqe->opcode == IORING_OP_SENDMSG) {
        const struct msghdr *message = (const struct msghdr *)(uintptr_t)sqe->addr;
        sqe->opcode = IORING_OP_SEND;
        sqe->addr = (uintptr_t)message->msg_iov[0].iov_base;
    }
    sqe->len = 1;
}

/* Those that no call has handed on yet. */
static void choose_operations(struct io_uring *ring)
{
    for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
        struct io_uring_sqe *sqe = &ring->sq.sqes[i & *ring->sq.kring_mask];
        enum scarce_kind kind = kind_of(sqe);
        int error = kind < SCARCE_KINDS ? scarce(kind) : 0;
        if (error == SHORT)
            shorten(sqe);
        else if (error)
            fail(sqe, error);
    }
}

static void change_completions(struct io_uring *ring)
{
    unsigned head;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(ring, head, cqe)
    {
        if (cqe->user_data >> 40 != MARK >> 40)
            continue;
        unsigned place = (unsigned)(cqe->user_data & (PENDING_MAX - 1));
        cqe->res = pending[place].result;
        cqe->user_data = pending[place].user_data;
    }
}

/* ---- the ring ---- */

int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring, struct io_uring_params *params)
{
    int error = scarce(SCARCE_io_uring_queue_init_params);
    return error ? -error : __real_io_uring_queue_init_params(entries, ring, params);
}

int __wrap_io_uring_register(unsigned fd, unsigned code, const void *what, unsigned count)
{
    int error = scarce(SCARCE_io_uring_register);
    return error ? -error : __real_io_uring_register(fd, code, what, count);
}

int __wrap_io_uring_register_ring_fd(struct io_uring *ring)
{
    int error = scarce(SCARCE_io_uring_register_ring_fd);
    return error ? -error : __real_io_uring_register_ring_fd(ring);
}

int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *reg, unsigned flags)
{
    int error = scarce(SCARCE_io_uring_register_buf_ring);
    return error ? -error : __real_io_uring_register_buf_ring(ring, reg, flags);
}

int __wrap_io_uring_register_sync_cancel(struct io_uring *ring, struct io_uring_sync_cancel_reg *reg)
{
    int error = scarce(SCARCE_io_uring_register_sync_cancel);
    return error ? -error : __real_io_uring_register_sync_cancel(ring, reg);
}

/* A ring that is full; one that was submitted whole never is. */
struct io_uring_sqe *__wrap_io_uring_get_sqe(struct io_uring *ring)
{
    if (io_uring_sq_ready(ring) > 0 && scarce(SCARCE_io_uring_get_sqe))
        return NULL;
    return __real_io_uring_get_sqe(ring);
}

/* ---- submitting and waiting ---- */

int __wrap_io_uring_submit(struct io_uring *ring)
{
    int rc = -scarce(SCARCE_io_uring_submit);
    if (rc)
        return rc;
    choose_operations(ring);
    rc = __real_io_uring_submit(ring);
    change_completions(ring);
    return rc;
}

int __wrap_io_uring_submit_and_get_events(struct io_uring *ring)
{
    int rc = -scarce(SCARCE_io_uring_submit_and_get_events);
    if (rc)
        return rc;
    choose_operations(ring);
    rc = __real_io_uring_submit_and_get_events(ring);
    change_completions(ring);
    return rc;
}

int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                                            struct __kernel_timespec *timeout, sigset_t *mask)
{
    int rc = -scarce(SCARCE_io_uring_submit_and_wait_timeout);
    if (rc)
        return rc;
    choose_operations(ring);
    rc = __real_io_uring_submit_and_wait_timeout(ring, cqe, count, timeout, mask);
    change_completions(ring);
    return rc;
}

int __wrap_io_uring_get_events(struct io_uring *ring)
{
    int rc = -scarce(SCARCE_io_uring_get_events);
    if (rc)
        return rc;
    rc = __real_io_uring_get_events(ring);
    change_completions(ring);
    return rc;
}
