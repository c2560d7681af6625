/* The engine on libuv, for machines where io_uring is switched off. uv_int.h describes the model; this file
 * has the turn, the listeners and the life of a loop. */
#include "base/lock.h"
#include "base/log.h"
#include "io/chain.h"
#include "io/uv_int.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct uv_listener {
    struct pinion_listener base;
    struct uv_engine *engine;
    uv_poll_t poll;
    uv_timer_t retry;
    int fd;
    int open_handles;
};

static int fail(const char *what, int uv_error)
{
    return pinion__fail_system(-uv_error, "libuv: cannot %s", what);
}

/* The end of a turn */

static struct uv_conn *take_from(struct pinion_chain *chain)
{
    return PINION_CONTAINER_OF(pinion__chain_take(chain), struct uv_conn, base);
}

static void finish(struct uv_engine *engine, struct uv_conn *conn)
{
    pinion__conn_finish(&conn->base);
    pinion__slabs_give(&engine->conns, conn);
}

static void settle_all(struct uv_engine *engine)
{
    struct pinion_loop *loop = &engine->base;

    while (loop->unsettled.first) {
        struct pinion_conn *conn = loop->unsettled.first; /* it is in the chain until it is settled */
        pinion__uv_settle(engine, (struct uv_conn *)conn);
        (void)pinion__chain_take(&loop->unsettled);
        if (conn->ending)
            pinion__chain_append(&engine->finished, conn);
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

/* Returns true when nothing is left. */
static bool wind_down(struct uv_engine *engine)
{
    bool over = pinion__loop_wind_down(&engine->base);

    settle_all(engine);
    return over;
}

static void on_turn_end(uv_prepare_t *prepare)
{
    struct uv_engine *engine = PINION_CONTAINER_OF(prepare, struct uv_engine, turn_end);
    struct pinion_loop *loop = &engine->base;

    pinion__busy_read(loop);
    loop->received = 0;
    while (engine->finished.first)
        finish(engine, take_from(&engine->finished));
    if (loop->timed)
        loop->idle_ns = uv_metrics_idle_time(&engine->uv);
    uint64_t wait = loop->events->turn(loop->context);
    settle_all(engine);
    if (loop->stopping && wind_down(engine))
        uv_stop(&engine->uv);
    allow_wait(engine, loop->busy.count > 0 || engine->finished.first ? 0 : wait);
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
    conn->fd = fd;
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

static void on_set(uv_poll_t *poll, int status, int events)
{
    pinion__uv_deliver(PINION_CONTAINER_OF(poll, struct uv_engine, set));
}

/* Close the loop, when its handles are being closed. */
static void close_loop(struct uv_engine *engine)
{
    uv_run(&engine->uv, UV_RUN_DEFAULT); /* until they are closed, and listeners that were closed late */
    uv_loop_close(&engine->uv);
}

static int init_set(struct uv_engine *engine)
{
    int rc = uv_poll_init(&engine->uv, &engine->set, engine->set_fd);
    return rc ? rc : uv_poll_start(&engine->set, UV_READABLE, on_set);
}

static int init_handles(struct uv_engine *engine)
{
    int rc = uv_async_init(&engine->uv, &engine->wake, on_wake);
    if (rc)
        return rc;
    rc = init_set(engine);
    if (rc) {
        uv_close((uv_handle_t *)&engine->wake, NULL);
        return rc;
    }
    uv_prepare_init(&engine->uv, &engine->turn_end);
    uv_timer_init(&engine->uv, &engine->turn_timer);
    return 0;
}

static int init_uv(struct uv_engine *engine)
{
    int rc = init_loop(&engine->uv);
    if (rc)
        return rc;
    rc = init_handles(engine);
    if (rc)
        close_loop(engine);
    return rc;
}

static int init(struct uv_engine *engine)
{
    if (pinion__slabs_warm(&engine->conns) != 0)
        return UV_ENOMEM;
    engine->set_fd = epoll_create1(EPOLL_CLOEXEC);
    return engine->set_fd < 0 ? -errno : init_uv(engine);
}

static void release(struct uv_engine *engine)
{
    if (engine->set_fd >= 0)
        close(engine->set_fd);
    pinion__slabs_release(&engine->conns);
    pinion__regions_release(&engine->regions);
    free(engine);
}

static int uv_engine_create(struct pinion_loop **out, const struct pinion_loop_options *options)
{
    size_t recv_size = options->recv_buffer_size ? options->recv_buffer_size : PINION_RECV_SHARE;
    struct uv_engine *engine = calloc(1, sizeof *engine + recv_size);

    if (!engine)
        return PINION_ENOMEM;
    engine->recv_size = recv_size;
    engine->set_fd = -1;
    pinion__regions_init(&engine->regions);
    pinion__slabs_init(&engine->conns, sizeof(struct uv_conn), &engine->regions);
    int rc = init(engine);
    if (rc) {
        release(engine);
        return fail("make a loop", rc);
    }
    if (options->timed)
        (void)uv_loop_configure(&engine->uv, UV_METRICS_IDLE_TIME);
    *out = &engine->base;
    return 0;
}

static void uv_engine_destroy(struct pinion_loop *loop)
{
    struct uv_engine *engine = (struct uv_engine *)loop;

    uv_close((uv_handle_t *)&engine->wake, NULL);
    uv_close((uv_handle_t *)&engine->set, NULL);
    uv_close((uv_handle_t *)&engine->turn_end, NULL);
    uv_close((uv_handle_t *)&engine->turn_timer, NULL);
    close_loop(engine);
    release(engine);
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

static int uv_engine_fd(const struct pinion_conn *conn)
{
    return ((const struct uv_conn *)conn)->fd;
}

static void uv_engine_peer(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len)
{
    *len = sizeof *address;
    if (getpeername(uv_engine_fd(conn), (struct sockaddr *)address, len) == 0)
        return;
    address->ss_family = AF_UNSPEC;
    *len = 0;
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
    .flush = pinion__uv_flush,
    .read = pinion__uv_read,
    .peer = uv_engine_peer,
    .fd = uv_engine_fd,
};
