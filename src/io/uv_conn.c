/* Connections of the engine on libuv: what the epoll set reports of them, and what they want. */
#include "io/uv_int.h"
#include <errno.h>
#include <unistd.h>

static struct uv_engine *engine_of(const struct pinion_conn *conn)
{
    return (struct uv_engine *)conn->loop;
}

/* Sending */

void pinion__uv_flush(struct pinion_conn *conn)
{
    pinion__conn_send(conn, ((struct uv_conn *)conn)->fd);
}

/* Receiving */

/* Receive once, up to `max` bytes. Returns how many came. */
static size_t receive(struct uv_conn *conn, size_t max)
{
    struct uv_engine *engine = engine_of(&conn->base);
    ssize_t len = recv(conn->fd, engine->recv_buffer, max, 0);

    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR)
            pinion__conn_end(&conn->base, PINION_EIO);
        return 0;
    }
    if (len == 0) {
        conn->fin_received = true;
        pinion__conn_unsettle(&conn->base);
    }
    engine->base.taken += (size_t)len;
    conn->base.events->data(&conn->base, engine->recv_buffer, (size_t)len);
    return (size_t)len;
}

size_t pinion__uv_read(struct pinion_conn *conn, bool *more)
{
    size_t size = engine_of(conn)->recv_size;
    size_t max = size < PINION_RECV_PIECE ? size : PINION_RECV_PIECE;
    size_t len = receive((struct uv_conn *)conn, max);

    *more = len == max;
    return len;
}

/* The share becomes small once other connections have received much in this turn. */
static size_t share_of(const struct uv_engine *engine)
{
    bool small = engine->base.received >= PINION_RECV_TURN && engine->recv_size > PINION_RECV_LEAST;

    return small ? PINION_RECV_LEAST : engine->recv_size;
}

/* The socket is readable. For a busy connection this says nothing new. */
static void receive_share(struct uv_conn *conn)
{
    size_t share = share_of(engine_of(&conn->base));

    if (conn->base.busy)
        return;
    size_t len = receive(conn, share);
    conn->base.loop->received += len;
    if (len == share && !conn->base.ending)
        pinion__busy_add(&conn->base);
}

static bool reading(const struct uv_conn *conn)
{
    return !conn->base.paused && !conn->fin_received;
}

/* Delivering */

/* The socket has an error. The bytes that came before it can still be read; after them, reading returns the
 * error. */
static void on_broken(struct uv_conn *conn)
{
    if (reading(conn))
        receive_share(conn);
    else
        pinion__conn_end(&conn->base, PINION_EIO);
}

static void on_event(struct uv_conn *conn, uint32_t events)
{
    if (conn->base.ending)
        return;
    if (events & EPOLLERR) {
        on_broken(conn);
        return;
    }
    if (events == EPOLLHUP)
        events |= conn->watched; /* whatever was waited for will not come */
    if (events & EPOLLRDHUP & conn->watched) {
        conn->hung_up = true;
        pinion__conn_unsettle(&conn->base);
    }
    if ((events & EPOLLIN) && reading(conn))
        receive_share(conn);
    if ((events & EPOLLOUT) && conn->base.blocked && !conn->base.ending)
        pinion__conn_send_again(&conn->base, conn->fd);
}

/* What is left is reported again in the next turn. */
void pinion__uv_deliver(struct uv_engine *engine)
{
    int count = epoll_wait(engine->set_fd, engine->events, PINION_UV_EVENTS, 0);

    for (int i = 0; i < count; i++)
        on_event(engine->events[i].data.ptr, engine->events[i].events);
}

/* Settling */

static uint16_t events_wanted(const struct uv_conn *conn)
{
    uint16_t events = conn->base.blocked ? EPOLLOUT : 0;

    if (reading(conn))
        return events | EPOLLIN;
    /* While the FIN is watched for, a reset is reported too. */
    if (!conn->fin_received && !conn->hung_up)
        return events | EPOLLRDHUP;
    return events;
}

/* One that is not to be watched leaves the set: an error would be reported in it for ever. One that cannot be
 * watched would never be heard of again. */
static void watch(const struct uv_engine *engine, struct uv_conn *conn)
{
    uint16_t wanted = events_wanted(conn), before = conn->watched;
    struct epoll_event event = { .events = wanted, .data.ptr = conn };

    if (wanted == before)
        return;
    conn->watched = wanted;
    int act = wanted == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(engine->set_fd, act, conn->fd, &event) != 0)
        pinion__conn_end(&conn->base, PINION_EIO);
}

/* It leaves the set by name: another process may have a copy of the descriptor. */
static void tear_down(const struct uv_engine *engine, const struct uv_conn *conn)
{
    if (conn->watched)
        (void)epoll_ctl(engine->set_fd, EPOLL_CTL_DEL, conn->fd, NULL);
    close(conn->fd);
}

void pinion__uv_settle(struct uv_engine *engine, struct uv_conn *conn)
{
    struct pinion_conn *base = &conn->base;

    if (pinion__conn_sends(base))
        pinion__uv_flush(base);
    if (!base->ending && base->finishing && !base->blocked && !conn->fin_sent) {
        conn->fin_sent = true;
        shutdown(conn->fd, SHUT_WR);
    }
    if (!base->ending)
        watch(engine, conn);
    if (base->ending)
        tear_down(engine, conn);
}
