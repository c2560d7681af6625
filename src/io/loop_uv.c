/* The engine on libuv, for machines where io_uring is switched off.
 *
 * libuv watches (uv_poll_t) and keeps time; the sockets are ours. That costs less memory than uv_tcp_t, sends
 * several frames in one sendmsg, and lets a listener wait when descriptors run out.
 *
 * uv_prepare callbacks run just before libuv waits, after all events of an iteration were delivered: the turn
 * ends there. A connection that has ended is passed to uv_close at the end of its turn, so its closed event
 * is among the next turn's events. Only then is its descriptor closed: earlier, accept could return the same
 * number while libuv still watches it for the old connection. */
#include "base/lock.h"
#include "base/log.h"
#include "base/slab.h"
#include "io/chain.h"
#include "io/loop_int.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

struct uv_engine {
    struct pinion_loop base;
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_timer_t turn_timer; /* ends the wait that turn() allowed */
    uv_async_t wake;
    struct pinion_regions regions;
    struct pinion_slabs conns;
    size_t recv_size;
    uint8_t recv_buffer[]; /* one for all connections: bytes are delivered at once */
};

struct uv_listener {
    struct pinion_listener base;
    struct uv_engine *engine;
    uv_poll_t poll;
    uv_timer_t retry;
    int fd;
    int open_handles;
};

struct uv_conn {
    struct pinion_conn base;
    uv_poll_t poll;
    int watched;       /* the uv_poll events that are being watched */
    bool fin_received; /* it was delivered, so there is no more to read */
    bool fin_sent;
    bool hung_up; /* while it was paused, libuv reported the peer's FIN, and would report it for ever */
};

static struct uv_engine *engine_of(const struct pinion_conn *conn)
{
    return (struct uv_engine *)conn->loop;
}

static int conn_fd(const struct uv_conn *conn)
{
    uv_os_fd_t fd = -1;

    uv_fileno((const uv_handle_t *)&conn->poll, &fd);
    return fd;
}

static int fail(const char *what, int uv_error)
{
    return pinion__fail_system(-uv_error, "libuv: cannot %s", what);
}

/* Sending */

static void send_outbox(struct pinion_conn *base)
{
    pinion__conn_send(base, conn_fd((const struct uv_conn *)base));
}

/* Receiving */

/* Receive once, up to `max` bytes. Returns how many came. */
static size_t receive(struct uv_conn *conn, size_t max)
{
    struct uv_engine *engine = engine_of(&conn->base);
    ssize_t len = recv(conn_fd(conn), engine->recv_buffer, max, 0);

    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR)
            pinion__conn_end(&conn->base, PINION_EIO);
        return 0;
    }
    if (len == 0) {
        conn->fin_received = true;
        pinion__conn_unsettle(&conn->base);
    }
    conn->base.events->data(&conn->base, engine->recv_buffer, (size_t)len);
    return (size_t)len;
}

static size_t uv_engine_read(struct pinion_conn *conn, bool *more)
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

/* The socket has an error, and libuv has stopped watching it. The bytes that came before the error can still
 * be read. After them, reading returns the error. */
static void on_broken(struct uv_conn *conn)
{
    conn->watched = 0;
    if (!reading(conn)) {
        pinion__conn_end(&conn->base, PINION_EIO);
        return;
    }
    pinion__conn_unsettle(&conn->base);
    receive_share(conn);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct uv_conn *conn = PINION_CONTAINER_OF(poll, struct uv_conn, poll);

    if (conn->base.ending)
        return;
    if (status < 0) {
        on_broken(conn);
        return;
    }
    if (events & UV_DISCONNECT) {
        conn->hung_up = true;
        pinion__conn_unsettle(&conn->base);
    }
    if ((events & UV_READABLE) && reading(conn))
        receive_share(conn);
    if ((events & UV_WRITABLE) && conn->base.blocked && !conn->base.ending)
        pinion__conn_send_again(&conn->base, conn_fd(conn));
}

/* The end of a turn */

static int events_wanted(const struct uv_conn *conn)
{
    int events = conn->base.blocked ? UV_WRITABLE : 0;

    if (reading(conn))
        return events | UV_READABLE;
    /* While libuv watches for the FIN, it also reports a reset. */
    if (!conn->fin_received && !conn->hung_up)
        return events | UV_DISCONNECT;
    return events;
}

/* A connection that is not watched would never be heard of again. */
static void watch(struct uv_conn *conn)
{
    int wanted = events_wanted(conn);

    if (wanted == conn->watched)
        return;
    conn->watched = wanted;
    if (uv_poll_start(&conn->poll, wanted, on_event) != 0)
        pinion__conn_end(&conn->base, PINION_EIO);
}

static void on_conn_closed(uv_handle_t *handle)
{
    struct uv_conn *conn = PINION_CONTAINER_OF(handle, struct uv_conn, poll);

    struct uv_engine *engine = PINION_CONTAINER_OF(handle->loop, struct uv_engine, uv);

    pinion__conn_finish(&conn->base);
    pinion__slabs_give(&engine->conns, conn);
}

static void tear_down(struct uv_conn *conn)
{
    int fd = conn_fd(conn);

    uv_close((uv_handle_t *)&conn->poll, on_conn_closed);
    close(fd);
}

static void settle(struct uv_conn *conn)
{
    struct pinion_conn *base = &conn->base;

    if (pinion__conn_sends(base))
        send_outbox(base);
    if (!base->ending && base->finishing && !base->blocked && !conn->fin_sent) {
        conn->fin_sent = true;
        shutdown(conn_fd(conn), SHUT_WR);
    }
    if (!base->ending)
        watch(conn);
    if (base->ending)
        tear_down(conn);
}

static void settle_all(struct pinion_loop *loop)
{
    while (loop->unsettled.first) {
        settle((struct uv_conn *)loop->unsettled.first); /* it is in the chain until it is settled */
        (void)pinion__chain_take(&loop->unsettled);
    }
}

static void on_turn_timer(uv_timer_t *timer)
{
    /* It only has to end the wait. */
}

static void allow_wait(struct uv_engine *engine, uint64_t milliseconds)
{
    if (milliseconds == UINT64_MAX)
        uv_timer_stop(&engine->turn_timer);
    else
        uv_timer_start(&engine->turn_timer, on_turn_timer, milliseconds, 0);
}

static void on_turn_end(uv_prepare_t *prepare)
{
    struct uv_engine *engine = PINION_CONTAINER_OF(prepare, struct uv_engine, turn_end);
    struct pinion_loop *loop = &engine->base;

    pinion__busy_read(loop);
    loop->received = 0;
    uint64_t wait = loop->events->turn(loop->context);
    allow_wait(engine, loop->busy.count > 0 ? 0 : wait);
    settle_all(loop);
    if (!loop->stopping)
        return;
    if (pinion__loop_wind_down(loop))
        uv_stop(&engine->uv);
    settle_all(loop);
}

/* Accepting */

static int poll_listener(struct uv_listener *listener);

/* Returns 0 when there may be more to accept, EAGAIN when there is not, otherwise why accepting does not
 * work. The connection's memory is allocated first: if there is none, the connection stays in the kernel's
 * queue. */
static int accept_one(struct uv_listener *listener)
{
    struct pinion_slabs *conns = &listener->engine->conns;
    struct uv_conn *conn = pinion__slabs_take(conns);
    if (!conn)
        return ENOMEM;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        pinion__slabs_give(conns, conn);
        return pinion__accept_failed_for_peer(error) ? 0 : error;
    }
    int rc = uv_poll_init(&listener->engine->uv, &conn->poll, fd);
    if (rc) {
        close(fd);
        pinion__slabs_give(conns, conn);
        return -rc;
    }
    pinion__listener_adopt(&listener->base, fd);
    pinion__conn_begin(&conn->base, &listener->base);
    return 0;
}

static void on_retry(uv_timer_t *timer);

static void accepting_fails(struct uv_listener *listener, int error)
{
    pinion__listener_failed(&listener->base, error);
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->retry, on_retry, listener->base.retry_ms, 0);
}

static void accepting_works(struct uv_listener *listener)
{
    int rc = uv_is_active((uv_handle_t *)&listener->poll) ? 0 : poll_listener(listener);

    if (rc)
        accepting_fails(listener, -rc);
    else
        pinion__listener_works(&listener->base);
}

static void accept_some(struct uv_listener *listener)
{
    int error = 0;

    for (int i = 0; i < PINION_ACCEPT_BATCH && error == 0 && !listener->base.closed; i++)
        error = accept_one(listener);
    if (listener->base.closed)
        return;
    if (error == 0 || error == EAGAIN)
        accepting_works(listener);
    else
        accepting_fails(listener, error);
}

static void on_retry(uv_timer_t *timer)
{
    accept_some(PINION_CONTAINER_OF(timer, struct uv_listener, retry));
}

static void on_incoming(uv_poll_t *poll, int status, int events)
{
    accept_some(PINION_CONTAINER_OF(poll, struct uv_listener, poll));
}

static int poll_listener(struct uv_listener *listener)
{
    return uv_poll_start(&listener->poll, UV_READABLE, on_incoming);
}

static void on_listener_handle_closed(uv_handle_t *handle)
{
    struct uv_listener *listener = handle->data;

    if (--listener->open_handles == 0)
        free(listener);
}

static void close_handles(struct uv_listener *listener)
{
    uv_close((uv_handle_t *)&listener->poll, on_listener_handle_closed);
    uv_close((uv_handle_t *)&listener->retry, on_listener_handle_closed);
}

static int uv_engine_listen(struct pinion_loop *loop, int fd, struct pinion_listener **out)
{
    struct uv_engine *engine = (struct uv_engine *)loop;
    struct uv_listener *listener = calloc(1, sizeof *listener);

    if (!listener)
        return PINION_ENOMEM;
    int rc = uv_poll_init(&engine->uv, &listener->poll, fd);
    if (rc) {
        free(listener);
        return fail("watch a socket", rc);
    }
    uv_timer_init(&engine->uv, &listener->retry);
    listener->engine = engine;
    listener->fd = fd;
    listener->open_handles = 2;
    listener->poll.data = listener;
    listener->retry.data = listener;
    rc = poll_listener(listener);
    if (rc) {
        close_handles(listener);
        return fail("watch a socket", rc);
    }
    *out = &listener->base;
    return 0;
}

static void uv_engine_listener_close(struct pinion_listener *base)
{
    struct uv_listener *listener = (struct uv_listener *)base;

    close_handles(listener);
    close(listener->fd);
}

/* The loop */

static void on_wake(uv_async_t *async)
{
    /* It only has to cause a turn. */
}

#define LOOP_DESCRIPTORS 6 /* the most descriptors that libuv makes for a loop */

/* Check that there are enough descriptors. libuv aborts the process if it finds none for the pipe that comes
 * with its first loop, and it leaks one when it fails half-way. */
static int find_room(void)
{
    int fds[LOOP_DESCRIPTORS], rc = 0, made = 0;

    while (made < LOOP_DESCRIPTORS && !rc) {
        fds[made] = eventfd(0, EFD_CLOEXEC);
        if (fds[made] < 0)
            rc = -errno;
        else
            made++;
    }
    while (made > 0)
        close(fds[--made]);
    return rc;
}

/* The lock keeps other threads' loops from taking the descriptors that were found. */
static int init_loop(uv_loop_t *uv)
{
    static struct pinion_lock lock = PINION_LOCK(ROOM);

    pinion__lock(&lock);
    int rc = find_room();
    if (!rc)
        rc = uv_loop_init(uv);
    pinion__unlock(&lock);
    return rc;
}

/* If the async handle cannot be made, the loop must be closed. The same holds once its handles are closed. */
static int init_handles(struct uv_engine *engine)
{
    int rc = init_loop(&engine->uv);
    if (rc)
        return rc;
    rc = uv_async_init(&engine->uv, &engine->wake, on_wake);
    if (rc) {
        uv_loop_close(&engine->uv);
        return rc;
    }
    uv_prepare_init(&engine->uv, &engine->turn_end);
    uv_timer_init(&engine->uv, &engine->turn_timer);
    return 0;
}

static void release_conns(struct uv_engine *engine)
{
    pinion__slabs_release(&engine->conns);
    pinion__regions_release(&engine->regions);
}

static int uv_engine_create(struct pinion_loop **out, const struct pinion_loop_options *options)
{
    size_t recv_size = options->recv_buffer_size ? options->recv_buffer_size : PINION_RECV_SHARE;
    struct uv_engine *engine = calloc(1, sizeof *engine + recv_size);

    if (!engine)
        return PINION_ENOMEM;
    engine->recv_size = recv_size;
    pinion__regions_init(&engine->regions);
    pinion__slabs_init(&engine->conns, sizeof(struct uv_conn), &engine->regions);
    int rc = pinion__slabs_warm(&engine->conns) ? UV_ENOMEM : init_handles(engine);
    if (rc) {
        release_conns(engine);
        free(engine);
        return fail("make a loop", rc);
    }
    *out = &engine->base;
    return 0;
}

static void uv_engine_destroy(struct pinion_loop *loop)
{
    struct uv_engine *engine = (struct uv_engine *)loop;

    uv_close((uv_handle_t *)&engine->wake, NULL);
    uv_close((uv_handle_t *)&engine->turn_end, NULL);
    uv_close((uv_handle_t *)&engine->turn_timer, NULL);
    uv_run(&engine->uv,
           UV_RUN_DEFAULT); /* until these handles are closed, and listeners that were closed late */
    uv_loop_close(&engine->uv);
    release_conns(engine);
    free(engine);
}

static int uv_engine_run(struct pinion_loop *loop)
{
    struct uv_engine *engine = (struct uv_engine *)loop;

    uv_prepare_start(&engine->turn_end, on_turn_end);
    uv_run(&engine->uv, UV_RUN_DEFAULT);
    uv_prepare_stop(&engine->turn_end);
    uv_timer_stop(&engine->turn_timer);
    return 0;
}

static void uv_engine_wake(struct pinion_loop *loop)
{
    uv_async_send(&((struct uv_engine *)loop)->wake);
}

static void uv_engine_peer(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len)
{
    *len = sizeof *address;
    if (getpeername(conn_fd((const struct uv_conn *)conn), (struct sockaddr *)address, len) == 0)
        return;
    address->ss_family = AF_UNSPEC;
    *len = 0;
}

static int uv_engine_fd(const struct pinion_conn *conn)
{
    return conn_fd((const struct uv_conn *)conn);
}

const struct pinion_loop_ops pinion__loop_uv = {
    .name = "uv",
    .conn_size = sizeof(struct uv_conn),
    .create = uv_engine_create,
    .destroy = uv_engine_destroy,
    .run = uv_engine_run,
    .wake = uv_engine_wake,
    .listen = uv_engine_listen,
    .listener_close = uv_engine_listener_close,
    .flush = send_outbox,
    .read = uv_engine_read,
    .peer = uv_engine_peer,
    .fd = uv_engine_fd,
};
