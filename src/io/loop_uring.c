/* The engine on io_uring. uring_int.h describes the model; this file has the turn and the end of a
 * connection.
 *
 * A connection that has ended is settled, and then waits until all its operations have completed. Only then
 * is its descriptor closed: earlier, an operation that is prepared but not submitted could meet the next
 * owner of that number. Its closed event is the last of the turn's events. */
#include "base/log.h"
#include "io/chain.h"
#include "io/uring_int.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Measured: with fewer entries, the clients that a turn wakes on this core interrupt it between two submits;
 * with more, memory is cold when it is used again. */
#define ENTRIES_DEFAULT 1024

/* The end of a connection */

static bool is_idle(const struct uring_conn *conn)
{
    return !conn->recv_armed && !conn->poll_armed && conn->cancels == 0;
}

static void finish_next(struct uring_engine *engine, struct uring_conn *conn)
{
    pinion__chain_append(&engine->finished, &conn->base);
}

void pinion__uring_look_again(struct uring_conn *conn)
{
    if (conn->closing && is_idle(conn) && !pinion__chained(&conn->base))
        finish_next(pinion__uring_engine(&conn->base), conn);
    else
        pinion__conn_unsettle(&conn->base);
}

static void begin_closing(struct uring_engine *engine, struct uring_conn *conn)
{
    conn->closing = true;
    pinion__uring_stop_reading(engine, conn);
    if (is_idle(conn))
        finish_next(engine, conn);
}

static void finish(struct uring_engine *engine, struct uring_conn *conn)
{
    pinion__uring_doubt_not(conn);
    close(conn->fd);
    conn->fd = -1;
    pinion__uring_drop_held(conn);
    pinion__conn_finish(&conn->base);
    pinion__slabs_give(&engine->conns, conn);
}

/* Delivering */

static struct uring_conn *take_from(struct pinion_chain *chain)
{
    return PINION_CONTAINER_OF(pinion__chain_take(chain), struct uring_conn, base);
}

/* The turn will do what the wakers wanted. Both sides exchange the flag, so the turn sees everything that was
 * done before the wake. */
static void on_wake(struct uring_engine *engine, const struct uring_event *event)
{
    (void)atomic_exchange(&engine->woken, false);
    if (!(event->flags & IORING_CQE_F_MORE))
        engine->wake_armed = false;
}

static void dispatch(struct uring_engine *engine, const struct uring_event *event)
{
    void *whom = pinion__uring_whom(event->user_data);

    switch (pinion__uring_tag(event->user_data)) {
    case URING_RECV:
        pinion__uring_on_recv(whom, event);
        break;
    case URING_POLL:
        pinion__uring_on_poll(whom, event);
        break;
    case URING_ACCEPT:
        pinion__uring_on_accept(whom, event);
        break;
    case URING_WAKE:
        on_wake(engine, event);
        break;
    case URING_CANCEL:
        pinion__uring_on_cancel(whom, event);
        break;
    case URING_CANCEL_ACCEPT:
        pinion__uring_on_accept_cancel(whom, event);
        break;
    case URING_SEND: /* is never noted as an event */
        break;
    }
}

static bool must_wait(const struct uring_event *event)
{
    return pinion__uring_tag(event->user_data) == URING_RECV &&
           pinion__uring_recv_waits(pinion__uring_whom(event->user_data));
}

/* The kernel receives as much as it has buffers for. Some of these events wait for the next turn, so that
 * others are served in between. If a listener is closed from in here, further events come. */
static void deliver_events(struct uring_engine *engine)
{
    struct uring_events *events = &engine->events;
    size_t kept = 0;

    for (size_t i = 0; i < events->count; i++) {
        struct uring_event event = events->array[i];
        if (must_wait(&event))
            events->array[kept++] = event;
        else
            dispatch(engine, &event);
    }
    events->count = kept;
}

static void deliver(struct uring_engine *engine)
{
    engine->turn++;
    engine->base.received = 0;
    while (engine->resumed.first)
        pinion__uring_deliver_held(take_from(&engine->resumed));
    deliver_events(engine);
    pinion__uring_doubts_look(engine);
    pinion__busy_read(&engine->base);
    while (engine->finished.first)
        finish(engine, take_from(&engine->finished));
}

/* Settling */

/* The data before a FIN must have been sent, and waiting must not delay the FIN: both leave in calls of their
 * own. */
static void send_fin(struct uring_conn *conn)
{
    if (!conn->base.blocked)
        pinion__conn_send(&conn->base, conn->fd);
    if (conn->base.ending || conn->base.blocked)
        return;
    conn->fin_sent = true;
    shutdown(conn->fd, SHUT_WR);
}

static void settle(struct uring_engine *engine, struct uring_conn *conn)
{
    struct pinion_conn *base = &conn->base;

    if (base->ending) {
        begin_closing(engine, conn);
        return;
    }
    if (base->finishing && !conn->fin_sent)
        send_fin(conn);
    if (base->ending)
        return; /* sending failed: it is unsettled again */
    if (!pinion__uring_just_reads(conn))
        pinion__uring_settle_reading(engine, conn);
    /* This comes last: from here on the connection may be unsettled again. */
    if (pinion__conn_sends(base))
        pinion__uring_send(engine, conn);
}

static void settle_wake(struct uring_engine *engine)
{
    if (engine->wake_armed)
        return;
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);
    io_uring_prep_poll_multishot(sqe, engine->wake_fd, POLLIN);
    sqe->user_data = URING_WAKE;
    engine->wake_armed = true;
}

static void settle_all(struct uring_engine *engine)
{
    settle_wake(engine);
    pinion__uring_settle_listeners(engine);
    while (engine->base.unsettled.first)
        settle(engine, take_from(&engine->base.unsettled));
}

/* The turn */

/* True when work is left that is not an event, for which the wait would not end. */
static bool has_more(const struct uring_engine *engine)
{
    return engine->more_to_send || engine->events.count > 0 || engine->base.busy.count > 0 ||
           engine->resumed.first || engine->finished.first;
}

/* What was queued is sent first, because it is dropped when connections end. Returns true when nothing is
 * left. */
static bool wind_down(struct uring_engine *engine)
{
    pinion__uring_submit(engine);
    if (pinion__loop_wind_down(&engine->base) && pinion__list_empty(&engine->closing))
        return true;
    settle_all(engine);
    return false;
}

/* Returns false after the last turn. */
static bool take_turn(struct uring_engine *engine)
{
    struct pinion_loop *loop = &engine->base;

    deliver(engine);
    uint64_t wait = loop->events->turn(loop->context);
    settle_all(engine);
    if (loop->stopping && wind_down(engine))
        return false;
    if (wait > 0)
        wait =
            has_more(engine) ? 0 : pinion__uring_accept_wait(engine, pinion__uring_doubts_wait(engine, wait));
    pinion__uring_wait(engine, wait);
    return true;
}

static int uring_engine_prepare(struct pinion_loop *loop)
{
    return pinion__uring_ring_enable((struct uring_engine *)loop);
}

static int uring_engine_run(struct pinion_loop *loop)
{
    struct uring_engine *engine = (struct uring_engine *)loop;
    int rc = pinion__uring_ring_enter(engine);

    if (rc)
        return rc;
    while (take_turn(engine))
        ;
    pinion__uring_ring_leave(engine);
    return 0;
}

static void uring_engine_wake(struct pinion_loop *loop)
{
    struct uring_engine *engine = (struct uring_engine *)loop;
    const uint64_t one = 1;

    if (atomic_exchange(&engine->woken, true))
        return;
    while (write(engine->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* Life */

static void uring_engine_destroy(struct pinion_loop *loop)
{
    struct uring_engine *engine = (struct uring_engine *)loop;

    pinion__uring_ring_release(engine);
    pinion__uring_sends_release(engine);
    pinion__uring_buffers_release(engine);
    pinion__uring_doubts_release(engine);
    pinion__slabs_release(&engine->conns);
    pinion__regions_release(&engine->regions);
    if (engine->wake_fd >= 0)
        close(engine->wake_fd);
    free(engine);
}

static int init(struct uring_engine *engine, const struct pinion_loop_options *options)
{
    int rc = pinion__uring_ring_init(engine, options->ring_entries ? options->ring_entries : ENTRIES_DEFAULT);

    if (!rc)
        rc = pinion__uring_sends_init(engine);
    if (!rc)
        rc = pinion__uring_buffers_init(engine, options);
    if (!rc)
        rc = pinion__slabs_warm(&engine->conns);
    if (rc)
        return rc;
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return engine->wake_fd >= 0 ? 0 : pinion__fail_system(errno, "cannot make an eventfd");
}

static int uring_engine_create(struct pinion_loop **out, const struct pinion_loop_options *options)
{
    struct uring_engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return PINION_ENOMEM;
    engine->ring.ring_fd = -1;
    engine->wake_fd = -1;
    atomic_init(&engine->woken, false);
    pinion__regions_init(&engine->regions);
    pinion__slabs_init(&engine->conns, sizeof(struct uring_conn), &engine->regions);
    pinion__list_init(&engine->closing);
    int rc = init(engine, options);
    if (rc) {
        uring_engine_destroy(&engine->base);
        return rc;
    }
    *out = &engine->base;
    return 0;
}

static void uring_engine_peer(const struct pinion_conn *base, struct sockaddr_storage *address,
                              socklen_t *len)
{
    const struct uring_conn *conn = (const struct uring_conn *)base;

    *len = sizeof *address;
    if (getpeername(conn->fd, (struct sockaddr *)address, len) == 0)
        return;
    address->ss_family = AF_UNSPEC;
    *len = 0;
}

static int uring_engine_fd(const struct pinion_conn *conn)
{
    return ((const struct uring_conn *)conn)->fd;
}

/* Called only while events are delivered, when no send is under way. */
static void uring_engine_flush(struct pinion_conn *conn)
{
    assert(pinion__uring_engine(conn)->sends.count == 0);
    pinion__conn_send(conn, ((struct uring_conn *)conn)->fd);
}

const struct pinion_loop_ops pinion__loop_uring = {
    .name = "uring",
    .conn_size = sizeof(struct uring_conn),
    .refusal = pinion__uring_refusal,
    .create = uring_engine_create,
    .destroy = uring_engine_destroy,
    .prepare = uring_engine_prepare,
    .run = uring_engine_run,
    .wake = uring_engine_wake,
    .listen = pinion__uring_listen,
    .listener_close = pinion__uring_listener_close,
    .flush = uring_engine_flush,
    .read = pinion__uring_read,
    .peer = uring_engine_peer,
    .fd = uring_engine_fd,
};
