/* Checks that io_uring does what the engine relies on. The kernel's list of features says much, but kernels
 * are patched and emulated, and a send that is lost unnoticed would be too bad. So it is tried: a complete
 * send reports nothing, a send of which the kernel takes a part is reported before the submitting call
 * returns, and a multishot receive fills buffers that it selects itself. */
#include "base/lock.h"
#include "io/uring_int.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEEDED_FEATURES                                                                                      \
    (IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG |          \
     IORING_FEAT_CQE_SKIP)

#define BUFFER_SIZE 64
#define TOO_MUCH    ((size_t)64 << 20) /* more bytes than a socket takes */

struct probe {
    struct io_uring ring;
    int sockets[2];
    int error;       /* with which the kernel did not take an operation; 0: it took all */
    uint8_t *memory; /* the buffer ring, and TOO_MUCH bytes that are never touched */
    uint8_t buffer[BUFFER_SIZE];
};

static char refusal[160]; /* empty: io_uring works */
static bool passing;      /* a resource was lacking, and may be available the next time */

static void refuse(const char *what, int error)
{
    const char *remedy = error == EMFILE ? " (raise the limit with ulimit -n)" : "";

    passing = error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
    snprintf(refusal, sizeof refusal, "%s: %s%s", what, strerror(error), remedy);
}

static void refuse_setup(int error)
{
    switch (error) {
    case EPERM:
        snprintf(refusal, sizeof refusal,
                 "io_uring is forbidden here, by kernel.io_uring_disabled or by a container's rules");
        break;
    case ENOSYS:
        snprintf(refusal, sizeof refusal, "this kernel has no io_uring, or a container's rules hide it");
        break;
    case EINVAL:
        snprintf(refusal, sizeof refusal, "the io_uring of this kernel is too old: 6.1 is needed");
        break;
    default:
        refuse("io_uring_setup", error);
        break;
    }
}

static bool set_up(struct probe *probe)
{
    struct io_uring_params params = { .flags = PINION_URING_SETUP_FLAGS };
    int rc = io_uring_queue_init_params(4, &probe->ring, &params);

    if (rc) {
        probe->ring.ring_fd = -1;
        refuse_setup(-rc);
        return false;
    }
    if ((params.features & NEEDED_FEATURES) != NEEDED_FEATURES) {
        refuse_setup(EINVAL);
        return false;
    }
    rc = io_uring_register((unsigned)probe->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    if (rc)
        refuse("io_uring_register", -rc);
    return rc == 0;
}

static bool give_buffer(struct probe *probe)
{
    struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)probe->memory, .ring_entries = 1 };
    struct io_uring_buf_ring *buffers = (struct io_uring_buf_ring *)probe->memory;
    int rc = io_uring_register_buf_ring(&probe->ring, &reg, 0);

    if (rc) {
        refuse("io_uring has no rings of buffers", -rc);
        return false;
    }
    io_uring_buf_ring_add(buffers, probe->buffer, BUFFER_SIZE, 0, io_uring_buf_ring_mask(1), 0);
    io_uring_buf_ring_advance(buffers, 1);
    return true;
}

/* The completion of an operation that completes at once; `none` when it does not. */
static struct uring_event completion(struct probe *probe)
{
    struct uring_event event = { .result = INT32_MIN };
    struct io_uring_cqe *cqe;
    int rc;

    do
        rc = io_uring_submit_and_get_events(&probe->ring);
    while (rc == -EINTR);
    if (rc < 0)
        probe->error = -rc;
    if (io_uring_peek_cqe(&probe->ring, &cqe) == 0) {
        event = (struct uring_event){ cqe->user_data, cqe->res, cqe->flags };
        io_uring_cqe_seen(&probe->ring, cqe);
    }
    return event;
}

static struct uring_event send_some(struct probe *probe, size_t len)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->ring);

    io_uring_prep_send(sqe, probe->sockets[0], probe->memory, len, PINION_URING_SEND_FLAGS);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    return completion(probe);
}

static struct uring_event receive(struct probe *probe)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&probe->ring);

    io_uring_prep_recv_multishot(sqe, probe->sockets[1], NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    return completion(probe);
}

static bool try_sends(struct probe *probe)
{
    bool whole = send_some(probe, 1).result == INT32_MIN;
    int32_t part = send_some(probe, TOO_MUCH).result;
    int32_t nothing = send_some(probe, 1).result;

    if (whole && part > 0 && (size_t)part < TOO_MUCH && nothing == -EAGAIN)
        return true;
    if (probe->error)
        refuse("cannot try io_uring", probe->error);
    else
        snprintf(refusal, sizeof refusal,
                 "the io_uring of this kernel does not report short sends (%d, %d, %d)", whole, part,
                 nothing);
    return false;
}

static bool try_receive(struct probe *probe)
{
    struct uring_event event = receive(probe);

    if (event.result == BUFFER_SIZE && (event.flags & IORING_CQE_F_MORE) &&
        (event.flags & IORING_CQE_F_BUFFER))
        return true;
    if (probe->error)
        refuse("cannot try io_uring", probe->error);
    else
        snprintf(refusal, sizeof refusal, "the io_uring of this kernel has no multishot receive (%d, %x)",
                 event.result, event.flags);
    return false;
}

static bool prepare(struct probe *probe)
{
    void *memory =
        mmap(NULL, TOO_MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, probe->sockets) != 0) {
        refuse("cannot try io_uring", errno);
        return false;
    }
    probe->memory = memory;
    return true;
}

static void clean_up(struct probe *probe)
{
    if (probe->ring.ring_fd >= 0)
        io_uring_queue_exit(&probe->ring);
    if (probe->memory)
        munmap(probe->memory, TOO_MUCH);
    for (int i = 0; i < 2; i++)
        if (probe->sockets[i] >= 0)
            close(probe->sockets[i]);
}

static void *try_everything(void *unused)
{
    struct probe probe = { .ring.ring_fd = -1, .sockets = { -1, -1 } };

    if (set_up(&probe) && prepare(&probe) && give_buffer(&probe) && try_sends(&probe))
        (void)try_receive(&probe);
    clean_up(&probe);
    return NULL;
}

/* The kernel destroys a ring some time after it was closed, and then interrupts the thread that made it:
 * calls of an application's thread would fail with an unexpected EINTR. So a thread of our own makes it. */
static void find_out(void)
{
    pthread_t thread;
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    int error = pthread_create(&thread, NULL, try_everything, NULL);
    if (error)
        refuse("cannot try io_uring", error);
    else
        pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

const char *pinion__uring_refusal(void)
{
    static struct pinion_lock lock = PINION_LOCK(PROBE);
    static bool known;

    pinion__lock(&lock);
    if (!known) {
        passing = false;
        refusal[0] = '\0';
        find_out();
        known = !passing;
    }
    pinion__unlock(&lock);
    return refusal[0] ? refusal : NULL;
}
