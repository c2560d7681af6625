/* The ring: operations go in, completions come out.
 *
 * Completions that do not fit into the queue wait in the kernel (overflow), in order. We ask for more until
 * none are left. If the kernel or this process has no memory, completions may be lost. Then we do not guess:
 * the sends that may be concerned count as failed. */
#include "base/clock.h"
#include "base/log.h"
#include "io/uring_int.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define CQ_FACTOR 4   /* more completions than entries, because a multishot operation completes many times */
#define BATCH     256 /* completions in a turn, if the kernel brings them in small portions */
#define MANY      16  /* operations, to submit before a wait that is measured */
#define WAIT_MAX  (UINT64_C(24) * 60 * 60 * 1000)

static int fail(const char *what, int error)
{
    return pinion__fail_system(error, "io_uring: cannot %s", what);
}

int pinion__uring_ring_init(struct uring_engine *engine, unsigned entries)
{
    struct io_uring_params params = { .flags = PINION_URING_SETUP_FLAGS | IORING_SETUP_CQSIZE,
                                      .cq_entries = CQ_FACTOR * entries };
    int rc = io_uring_queue_init_params(entries, &engine->ring, &params);

    if (rc) {
        engine->ring.ring_fd = -1;
        return fail("make a ring", -rc);
    }
    engine->events.max = params.cq_entries;
    engine->events.array = pinion__uring_touched(params.cq_entries * sizeof *engine->events.array);
    return engine->events.array ? 0 : PINION_ENOMEM;
}

void pinion__uring_ring_release(struct uring_engine *engine)
{
    if (engine->ring.ring_fd >= 0)
        io_uring_queue_exit(&engine->ring);
    free(engine->events.array);
}

int pinion__uring_ring_enable(struct uring_engine *engine)
{
    if (!engine->enabled) {
        int rc = io_uring_register((unsigned)engine->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
        if (rc)
            return fail("enable the ring", -rc);
        engine->enabled = true;
        engine->thread = pthread_self();
    }
    assert(pthread_equal(engine->thread, pthread_self()));
    return 0;
}

/* A registered descriptor saves the kernel a look-up in each call. If it cannot be registered, this does no
 * harm. */
int pinion__uring_ring_enter(struct uring_engine *engine)
{
    int rc = pinion__uring_ring_enable(engine);

    if (!rc)
        (void)io_uring_register_ring_fd(&engine->ring);
    return rc;
}

/* It is registered for a thread, so that thread must undo it. */
void pinion__uring_ring_leave(struct uring_engine *engine)
{
    (void)io_uring_unregister_ring_fd(&engine->ring);
}

struct io_uring_sqe *pinion__uring_sqe_after_submit(struct uring_engine *engine)
{
    pinion__uring_submit(engine);
    return io_uring_get_sqe(&engine->ring);
}

void pinion__uring_cancel(struct uring_engine *engine, uint64_t user_data_of_target, uint64_t user_data)
{
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);

    io_uring_prep_cancel64(sqe, user_data_of_target, 0);
    sqe->user_data = user_data;
}

/* Reading completions */

static bool grow(struct uring_events *events)
{
    struct uring_event *array = realloc(events->array, 2 * events->max * sizeof *array);

    if (!array)
        return false;
    events->array = array;
    events->max *= 2;
    return true;
}

/* Returns false when there is no memory to note it. */
static bool note(struct uring_engine *engine, const struct io_uring_cqe *cqe)
{
    struct uring_events *events = &engine->events;

    if (pinion__uring_tag(cqe->user_data) == URING_SEND) {
        pinion__uring_on_send(&engine->sends, cqe->user_data, cqe->res);
        return true;
    }
    if (events->count == events->max && !grow(events))
        return false;
    events->array[events->count++] = (struct uring_event){ cqe->user_data, cqe->res, cqe->flags };
    return true;
}

/* Note the completions in the queue. Returns false when some could not be noted; they stay in the queue. */
static bool read_queue(struct uring_engine *engine)
{
    struct io_uring_cqe *cqe;
    unsigned head;
    unsigned count = 0;
    bool noted = true;

    io_uring_for_each_cqe(&engine->ring, head, cqe)
    {
        noted = note(engine, cqe);
        if (!noted)
            break;
        count++;
    }
    io_uring_cq_advance(&engine->ring, count);
    return noted;
}

static bool kernel_says(const struct uring_engine *engine, unsigned flag)
{
    return IO_URING_READ_ONCE(*engine->ring.sq.kflags) & flag;
}

/* The kernel has no memory. Nothing is lost by trying again a little later, and nothing else can be done. */
static void back_off(struct uring_engine *engine, int rc)
{
    if (rc >= 0 || rc == -EINTR)
        return;
    if (!engine->stalled)
        pinion__log(PINION_LOG_ERROR, "io_uring: the kernel accepts no operations for now: %s",
                    strerror(-rc));
    engine->stalled = true;
    (void)poll(NULL, 0, 1);
}

static bool check_lost(struct uring_engine *engine)
{
    unsigned lost = IO_URING_READ_ONCE(*engine->ring.cq.koverflow);

    if (lost == engine->lost)
        return false;
    pinion__log(PINION_LOG_ERROR, "io_uring: the kernel lost %u completions", lost - engine->lost);
    engine->lost = lost;
    return true;
}

/* After a submitting call: submit what it left over, and read all completions of its sends. */
static void conclude(struct uring_engine *engine)
{
    bool noted = read_queue(engine);

    while (io_uring_sq_ready(&engine->ring) > 0) {
        back_off(engine, io_uring_submit(&engine->ring));
        noted = read_queue(engine);
    }
    while (noted && kernel_says(engine, IORING_SQ_CQ_OVERFLOW)) {
        back_off(engine, io_uring_get_events(&engine->ring));
        noted = read_queue(engine);
    }
    engine->stalled = false;
    bool lost = check_lost(engine);
    pinion__uring_sends_over(engine, noted && !lost);
}

void pinion__uring_submit(struct uring_engine *engine)
{
    (void)io_uring_submit(&engine->ring);
    conclude(engine);
}

static void submit_and_wait(struct uring_engine *engine, uint64_t milliseconds)
{
    struct io_uring_cqe *cqe;
    struct __kernel_timespec timeout;

    if (milliseconds == 0) {
        (void)io_uring_submit_and_get_events(&engine->ring);
        return;
    }
    if (milliseconds > WAIT_MAX)
        milliseconds = WAIT_MAX;
    timeout.tv_sec = (int64_t)(milliseconds / 1000);
    timeout.tv_nsec = (long long)(milliseconds % 1000) * 1000000;
    (void)io_uring_submit_and_wait_timeout(&engine->ring, &cqe, 1, &timeout, NULL);
}

/* Measure the wait. The kernel sends while operations are submitted, and that is no waiting: many of them are
 * submitted first, in a call of their own. */
static void wait_timed(struct uring_engine *engine, uint64_t milliseconds)
{
    if (io_uring_sq_ready(&engine->ring) >= MANY)
        (void)io_uring_submit(&engine->ring);
    uint64_t began = pinion__clock_ns();
    submit_and_wait(engine, milliseconds);
    engine->base.idle_ns += pinion__clock_ns() - began;
}

/* Newer kernels bring only about twenty completions in one call. If more of them are handled in one turn,
 * more frames for one connection leave together. The kernel may set its flag after it has done the work that
 * the flag announces, so this call may bring nothing. */
static void read_more(struct uring_engine *engine)
{
    size_t before;

    do {
        before = engine->events.count;
        if (before >= BATCH || !kernel_says(engine, IORING_SQ_TASKRUN))
            return;
        if (io_uring_get_events(&engine->ring) < 0 || !read_queue(engine))
            return;
    } while (engine->events.count > before);
}

/* Cancelling takes one call. Another one, in which this thread does the kernel's work for the ring, brings
 * the completion. */
bool pinion__uring_cancel_now(struct uring_engine *engine, uint64_t user_data_of_target)
{
    struct io_uring_sync_cancel_reg reg = { .addr = user_data_of_target };
    bool found = io_uring_register_sync_cancel(&engine->ring, &reg) >= 0;

    if (found && io_uring_get_events(&engine->ring) >= 0)
        (void)read_queue(engine);
    return found;
}

void pinion__uring_wait(struct uring_engine *engine, uint64_t milliseconds)
{
    engine->more_to_send = false;
    if (engine->base.timed && milliseconds > 0)
        wait_timed(engine, milliseconds);
    else
        submit_and_wait(engine, milliseconds);
    conclude(engine);
    read_more(engine);
}
