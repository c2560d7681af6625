/* Receiving: a multishot operation for each connection, into buffers that all connections share, so that an
 * idle connection holds none. A buffer goes back to the kernel as soon as its bytes are delivered.
 *
 * The kernel gives buffers to whoever sends first. If a connection has sent more than its share in a turn, it
 * is greedy: its operation is cancelled, and what it has received by then waits for the next turns. Then we
 * read it by system calls of our own, in turn with other busy connections (busy.h), until it has nothing more
 * to read. A connection for which there was no buffer is read like this at once.
 *
 * The kernel does not always report a reset by the peer: see uring_doubt.c.
 *
 * A pause cancels the operation. What the kernel had received by then is held back until the end of the
 * pause (uring_held.c). Meanwhile the socket is watched, because a reset would go unnoticed. The same watch
 * tells when a blocked connection can send again. It reports only changes, so it can stay once it was needed.
 */
#include "io/chain.h"
#include "io/uring_int.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Operations for the kernel */

/* The kernel takes a buffer and looks for bytes. While there are no buffers, that fails for an idle
 * connection too, in each turn again: so it waits for bytes first. */
static void receive(struct uring_engine *engine, struct uring_conn *conn)
{
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);

    io_uring_prep_recv_multishot(sqe, conn->fd, NULL, 0, 0);
    if (conn->starved)
        sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = URING_BUFFER_GROUP;
    sqe->user_data = pinion__uring_tagged(conn, URING_RECV);
    conn->recv_armed = true;
    conn->recv_cancelled = false;
    conn->starved = false;
}

/* Errors and the end are always reported. */
static void watch(struct uring_engine *engine, struct uring_conn *conn)
{
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);

    io_uring_prep_poll_multishot(sqe, conn->fd, POLLOUT);
    sqe->user_data = pinion__uring_tagged(conn, URING_POLL);
    conn->poll_armed = true;
    conn->poll_cancelled = false;
}

static void cancel(struct uring_engine *engine, struct uring_conn *conn, enum uring_tag tag)
{
    conn->cancels++;
    pinion__uring_cancel(engine, pinion__uring_tagged(conn, tag), pinion__uring_tagged(conn, URING_CANCEL));
}

static void cancel_receiving(struct uring_engine *engine, struct uring_conn *conn)
{
    if (!conn->recv_armed || conn->recv_cancelled)
        return;
    conn->recv_cancelled = true;
    cancel(engine, conn, URING_RECV);
}

static void cancel_watching(struct uring_engine *engine, struct uring_conn *conn)
{
    if (!conn->poll_armed || conn->poll_cancelled)
        return;
    conn->poll_cancelled = true;
    cancel(engine, conn, URING_POLL);
}

void pinion__uring_stop_reading(struct uring_engine *engine, struct uring_conn *conn)
{
    cancel_receiving(engine, conn);
    cancel_watching(engine, conn);
}

/* It has no operation under way: everything it received was delivered. */
static void become_busy(struct uring_conn *conn)
{
    conn->greedy = false;
    pinion__busy_add(&conn->base);
}

/* A paused connection is not busy. */
static void leave_busy(struct uring_conn *conn)
{
    pinion__busy_remove(&conn->base);
    conn->greedy = true;
}

static void settle_receiving(struct uring_engine *engine, struct uring_conn *conn)
{
    bool wanted = !conn->base.paused && !conn->fin_received && !conn->held;

    if (!wanted && conn->base.busy)
        leave_busy(conn);
    if (!wanted || conn->greedy)
        cancel_receiving(engine, conn);
    if (!wanted || conn->recv_armed || conn->base.busy)
        return;
    if (conn->greedy)
        become_busy(conn);
    else
        receive(engine, conn);
}

/* A watch that is armed stays, because it may be needed again. But one that reports things nobody waits for
 * is cancelled: on unix-domain sockets, it reports everything that the peer reads. */
static void settle_watching(struct uring_engine *engine, struct uring_conn *conn)
{
    bool wanted = conn->base.blocked || (conn->base.paused && !conn->fin_received);

    if (wanted && !conn->poll_armed)
        watch(engine, conn);
    if (!wanted && conn->poll_in_vain)
        cancel_watching(engine, conn);
    conn->poll_in_vain = false;
}

void pinion__uring_settle_reading(struct uring_engine *engine, struct uring_conn *conn)
{
    settle_receiving(engine, conn);
    if (conn->base.ending)
        return; /* there was no memory: it is unsettled again */
    settle_watching(engine, conn);
    assert(!pinion__chained(&conn->base));
    if (conn->held && !conn->base.paused)
        pinion__chain_append(&engine->resumed, &conn->base);
}

/* The kernel does not find an operation that it is about to try again, or one that is over; that is known by
 * then. */
void pinion__uring_on_cancel(struct uring_conn *conn, const struct uring_event *event)
{
    conn->cancels--;
    if (event->result == -ENOENT) {
        conn->recv_cancelled = false;
        conn->poll_cancelled = false;
    }
    pinion__uring_look_again(conn);
}

/* The share of each connection */

/* For a connection that receives for the first time after a multiple of 256 turns, the result may be too
 * large. Then some of its bytes wait for a turn. */
static size_t taken(const struct uring_conn *conn)
{
    return conn->turn == pinion__uring_engine(&conn->base)->turn ? conn->taken * URING_TAKEN_UNIT : 0;
}

static void take(struct uring_conn *conn, size_t bytes)
{
    struct uring_engine *engine = pinion__uring_engine(&conn->base);
    size_t units = (taken(conn) + bytes + URING_TAKEN_UNIT - 1) / URING_TAKEN_UNIT;

    conn->turn = engine->turn;
    conn->taken = units < UINT8_MAX ? (uint8_t)units : UINT8_MAX;
    engine->base.received += bytes;
    engine->base.taken += bytes;
}

/* The share becomes small once other connections have received much in this turn. */
static bool had_share(const struct uring_conn *conn)
{
    size_t share = conn->base.loop->received < PINION_RECV_TURN ? PINION_RECV_SHARE : PINION_RECV_LEAST;

    return taken(conn) >= share;
}

static void get_greedy(struct uring_conn *conn)
{
    conn->greedy = true;
    pinion__conn_unsettle(&conn->base);
}

void pinion__uring_read_by_hand(struct uring_conn *conn)
{
    if (conn->recv_armed && !conn->greedy && !conn->fin_received && !conn->base.ending)
        get_greedy(conn);
}

bool pinion__uring_recv_waits(struct uring_conn *conn)
{
    bool waits = had_share(conn);

    if (waits && !conn->greedy && !conn->base.ending)
        get_greedy(conn);
    return waits;
}

/* Delivering */

static void deliver(struct uring_conn *conn, uint8_t *bytes, size_t len)
{
    take(conn, len);
    if (len == 0) {
        conn->fin_received = true;
        pinion__conn_unsettle(&conn->base);
    }
    conn->base.events->data(&conn->base, bytes, len);
}

void pinion__uring_deliver_held(struct uring_conn *conn)
{
    pinion__conn_unsettle(&conn->base);
    while (conn->held && !conn->base.paused && !conn->base.ending && !had_share(conn)) {
        struct uring_held *held = pinion__uring_take_held(conn);
        deliver(conn, held->bytes, held->len);
        pinion__uring_let_held_go(pinion__uring_engine(&conn->base), held);
    }
}

static void received(struct uring_conn *conn, struct uring_filled *filled)
{
    if (conn->base.ending)
        return;
    if (!conn->base.paused && !conn->held)
        deliver(conn, filled->bytes, filled->len);
    else if (!pinion__uring_hold(conn, filled))
        pinion__conn_end(&conn->base, PINION_ENOMEM);
}

/* Receive once, up to `max` bytes. Returns how many came. */
static size_t read_by_hand(struct uring_conn *conn, size_t max)
{
    uint8_t *bytes = pinion__uring_engine(&conn->base)->buffers.piece;
    ssize_t len = recv(conn->fd, bytes, max, MSG_DONTWAIT);

    if (len >= 0)
        deliver(conn, bytes, (size_t)len);
    else if (errno != EAGAIN && errno != EINTR)
        pinion__conn_end(&conn->base, PINION_EIO);
    return len > 0 ? (size_t)len : 0;
}

size_t pinion__uring_read(struct pinion_conn *base, bool *more)
{
    struct uring_conn *conn = (struct uring_conn *)base;
    size_t max = pinion__uring_engine(base)->buffers.piece_size;
    size_t received = base->loop->received;
    size_t len = read_by_hand(conn, max);

    base->loop->received = received;
    *more = len == max;
    return len;
}

/* Other connections have all the buffers, or this connection has taken them itself. */
static void refused_buffer(struct uring_conn *conn)
{
    size_t max = pinion__uring_engine(&conn->base)->buffers.size;

    conn->starved = true;
    if (conn->base.ending || conn->base.paused || conn->held || conn->greedy)
        return;
    if (taken(conn) > 0 || read_by_hand(conn, max) == max)
        get_greedy(conn);
}

/* True for errors that only say that the operation is over. It is prepared again if needed. */
static bool is_over_only(int error)
{
    return error == ECANCELED || error == EINTR || error == EAGAIN;
}

static void failed(struct uring_conn *conn, int error)
{
    if (error == ENOBUFS)
        refused_buffer(conn);
    else if (!is_over_only(error))
        pinion__conn_end(&conn->base, PINION_EIO);
}

/* Some kernels use up a buffer for the FIN too. */
static struct uring_filled filled_by(const struct uring_buffers *buffers, const struct uring_event *event)
{
    bool has_buffer = event->flags & IORING_CQE_F_BUFFER;
    unsigned id = has_buffer ? event->flags >> IORING_CQE_BUFFER_SHIFT : 0;

    return (struct uring_filled){ .bytes = buffers->bytes + id * buffers->size,
                                  .len = event->result > 0 ? (size_t)event->result : 0,
                                  .buffer = has_buffer ? (int)id : URING_NO_BUFFER };
}

void pinion__uring_on_recv(struct uring_conn *conn, const struct uring_event *event)
{
    struct uring_buffers *buffers = &pinion__uring_engine(&conn->base)->buffers;
    struct uring_filled filled = filled_by(buffers, event);

    if (!(event->flags & IORING_CQE_F_MORE)) {
        conn->recv_armed = false;
        pinion__uring_look_again(conn);
    }
    if (event->result > 0 && conn->recv_armed && !conn->base.ending)
        pinion__uring_doubt(conn);
    if (event->result >= 0)
        received(conn, &filled);
    else
        failed(conn, -event->result);
    if (filled.buffer != URING_NO_BUFFER)
        pinion__uring_buffer_return(buffers, (unsigned)filled.buffer);
}

static void watched_in_vain(struct uring_conn *conn)
{
    if (!conn->poll_armed || conn->poll_cancelled)
        return;
    conn->poll_in_vain = true;
    pinion__conn_unsettle(&conn->base);
}

void pinion__uring_on_poll(struct uring_conn *conn, const struct uring_event *event)
{
    struct pinion_conn *base = &conn->base;

    if (!(event->flags & IORING_CQE_F_MORE)) {
        conn->poll_armed = false;
        pinion__uring_look_again(conn);
    }
    if (base->ending || event->result < 0)
        return;
    if (base->blocked && (event->result & (POLLOUT | POLLERR | POLLHUP)))
        pinion__conn_send_again(base, conn->fd);
    else if (base->paused && (event->result & POLLERR))
        pinion__conn_end(base, PINION_EIO);
    else if (!base->blocked && !base->paused)
        watched_in_vain(conn);
}
