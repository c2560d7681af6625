/* The functions of loop.h. They check their arguments and the thread, do what is the same for every engine,
 * and leave the rest to the engine's table. */
#include "base/log.h"
#include "io/chain.h"
#include "io/loop_int.h"
#include <assert.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define POOL_BASE 1024 /* outbox nodes that are kept, in addition to one for each connection */

/* The best engine first. uv works everywhere. */
static const struct pinion_loop_ops *const engines[] = {
#ifdef PINION_HAVE_URING
    &pinion__loop_uring,
#endif
    &pinion__loop_uv,
};

/* True on the loop's thread, and on any thread while the loop has none. Only asserts call it. */
__attribute__((unused)) static bool on_thread(const struct pinion_loop *loop)
{
    return !loop->running || pthread_equal(loop->thread, pthread_self());
}

const char *pinion__loop_engine_refusal(const struct pinion_loop_ops *engine)
{
    return engine->refusal ? engine->refusal() : NULL;
}

static const struct pinion_loop_ops *fall_back(const char *refusal)
{
    static atomic_flag logged = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&logged))
        pinion__log(PINION_LOG_INFO, "the I/O engine is uv instead of %s: %s", engines[0]->name, refusal);
    return &pinion__loop_uv;
}

static const struct pinion_loop_ops *best_engine(void)
{
    const char *refusal = pinion__loop_engine_refusal(engines[0]);

    return refusal ? fall_back(refusal) : engines[0];
}

const struct pinion_loop_ops *pinion__loop_engine(const char *name)
{
    if (!name)
        return best_engine();
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

const char *pinion__loop_engine_name(const struct pinion_loop_ops *engine)
{
    return engine->name;
}

static void loop_init(struct pinion_loop *loop, const struct pinion_loop_ops *engine,
                      const struct pinion_loop_options *options)
{
    loop->ops = engine;
    loop->events = options->events;
    loop->context = options->context;
    loop->timed = options->timed;
    loop->pool.max = POOL_BASE;
    pinion__list_init(&loop->listeners);
    pinion__list_init(&loop->conns);
}

int pinion__loop_new(struct pinion_loop **out, const struct pinion_loop_ops *engine,
                     const struct pinion_loop_options *options)
{
    if (!out || !engine || !options || !options->events)
        return PINION_EINVAL;
    if (!options->events->accepted || !options->events->turn)
        return PINION_EINVAL;
    struct pinion_loop *loop = NULL;
    int rc = engine->create(&loop, options);
    if (rc)
        return rc;
    loop_init(loop, engine, options);
    *out = loop;
    return 0;
}

void pinion__loop_free(struct pinion_loop *loop)
{
    if (!loop)
        return;
    assert(!loop->running);
    assert(pinion__list_empty(&loop->listeners));
    assert(pinion__list_empty(&loop->conns));
    pinion__outbox_pool_release(&loop->pool);
    pinion__busy_release(&loop->busy);
    loop->ops->destroy(loop);
}

int pinion__loop_prepare(struct pinion_loop *loop)
{
    assert(!loop->running);
    return loop->ops->prepare ? loop->ops->prepare(loop) : 0;
}

int pinion__loop_run(struct pinion_loop *loop)
{
    assert(!loop->running);
    loop->thread = pthread_self();
    loop->running = true;
    int rc = loop->ops->run(loop);
    loop->running = false;
    loop->stopping = false;
    return rc;
}

void pinion__loop_stop(struct pinion_loop *loop)
{
    assert(on_thread(loop));
    loop->stopping = true;
}

void pinion__loop_wake(struct pinion_loop *loop)
{
    loop->ops->wake(loop);
}

bool pinion__loop_wind_down(struct pinion_loop *loop)
{
    assert(loop->stopping);
    PINION_LIST_FOREACH_SAFE (link, &loop->listeners)
        pinion__listener_close(PINION_CONTAINER_OF(link, struct pinion_listener, link));
    PINION_LIST_FOREACH (link, &loop->conns)
        pinion__conn_end(PINION_CONTAINER_OF(link, struct pinion_conn, link), 0);
    return loop->connections == 0;
}

size_t pinion__loop_connections(const struct pinion_loop *loop)
{
    return loop->connections;
}

struct pinion_loop_counts pinion__loop_counts(const struct pinion_loop *loop)
{
    return (struct pinion_loop_counts){
        .received = loop->taken, .sent = loop->sent, .peak = loop->peak, .idle_ns = loop->idle_ns
    };
}

/* Connections inherit TCP_NODELAY if it was set before the socket listened. A socket that somebody else made
 * may lack it. A socket that is not TCP cannot have it. */
static bool lacks_nodelay(int fd)
{
    int on = 1;
    socklen_t len = sizeof on;

    return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && !on;
}

int pinion__loop_listen(struct pinion_loop *loop, int fd, void *user, struct pinion_listener **out)
{
    assert(on_thread(loop));
    struct pinion_listener *listener = NULL;
    int rc = loop->ops->listen(loop, fd, &listener);
    if (rc) {
        close(fd);
        return rc;
    }
    listener->loop = loop;
    listener->user = user;
    listener->delays = lacks_nodelay(fd);
    pinion__list_append(&loop->listeners, &listener->link);
    *out = listener;
    return 0;
}

void pinion__listener_close(struct pinion_listener *listener)
{
    assert(on_thread(listener->loop) && !listener->closed);
    listener->closed = true;
    pinion__list_remove(&listener->link);
    listener->loop->ops->listener_close(listener);
}

/* Keep a node for each connection, so that a broadcast to all of them finds a node for each. */
static void count_connections(struct pinion_loop *loop, size_t connections)
{
    loop->connections = connections;
    loop->pool.max = POOL_BASE + connections;
}

void pinion__conn_begin(struct pinion_conn *conn, const struct pinion_listener *listener)
{
    struct pinion_loop *loop = listener->loop;
    conn->loop = loop;
    pinion__list_append(&loop->conns, &conn->link);
    count_connections(loop, loop->connections + 1);
    pinion__conn_unsettle(conn);
    loop->events->accepted(loop->context, listener->user, conn);
    if (!conn->events)
        pinion__conn_end(conn, 0);
}

void pinion__conn_unsettle(struct pinion_conn *conn)
{
    if (!pinion__chained(conn))
        pinion__chain_append(&conn->loop->unsettled, conn);
}

void pinion__conn_end(struct pinion_conn *conn, int error)
{
    if (conn->ending)
        return;
    conn->ending = true;
    conn->error = (int16_t)error;
    pinion__busy_remove(conn);
    if (conn->blocked)
        pinion__conn_note_peak(conn);
    pinion__outbox_clear(&conn->outbox, &conn->loop->pool);
    pinion__conn_unsettle(conn);
}

void pinion__conn_finish(struct pinion_conn *conn)
{
    assert(conn->ending && !pinion__chained(conn));
    pinion__list_remove(&conn->link);
    count_connections(conn->loop, conn->loop->connections - 1);
    if (conn->events)
        conn->events->closed(conn, conn->error);
    if (conn->loop->events->ended)
        conn->loop->events->ended(conn->loop->context, conn);
}

void pinion__conn_attach(struct pinion_conn *conn, const struct pinion_conn_events *events, void *user)
{
    assert(on_thread(conn->loop) && events->data && events->closed);
    conn->events = events;
    conn->user = user;
}

void pinion__conn_deliver(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    assert(on_thread(conn->loop));
    if (!conn->ending)
        conn->events->data(conn, bytes, len);
}

void *pinion__conn_user(const struct pinion_conn *conn)
{
    return conn->user;
}

static int push(struct pinion_conn *conn, struct pinion_frame *frame)
{
    if (conn->blocked || pinion__outbox_empty(&conn->outbox))
        return pinion__outbox_push(&conn->outbox, &conn->loop->pool, frame);
    return pinion__outbox_push_joined(&conn->outbox, &conn->loop->pool, frame);
}

int pinion__conn_queue(struct pinion_conn *conn, struct pinion_frame *frame)
{
    assert(on_thread(conn->loop));
    if (conn->ending || conn->finishing) {
        pinion__frame_unref(frame);
        return PINION_ECLOSED;
    }
    conn->delayed = false;
    if (!conn->blocked)
        pinion__conn_unsettle(conn);
    return push(conn, frame);
}

int pinion__conn_queue_delayed(struct pinion_conn *conn, struct pinion_frame *frame)
{
    assert(on_thread(conn->loop));
    if (conn->ending || conn->finishing)
        return pinion__conn_queue(conn, frame); /* which refuses it */
    if (!conn->blocked && pinion__outbox_empty(&conn->outbox))
        conn->delayed = true;
    return push(conn, frame);
}

void pinion__conn_let_go(struct pinion_conn *conn)
{
    assert(on_thread(conn->loop));
    if (!conn->delayed)
        return;
    conn->delayed = false;
    pinion__conn_unsettle(conn);
}

bool pinion__conn_answer(struct pinion_conn *conn, struct pinion_frame *frame)
{
    if (frame && pinion__conn_queue(conn, frame) == 0)
        return true;
    pinion__conn_close(conn);
    return false;
}

size_t pinion__conn_queued(const struct pinion_conn *conn)
{
    return conn->outbox.bytes;
}

size_t pinion__conn_memory(const struct pinion_conn *conn)
{
    return pinion__outbox_memory(&conn->outbox);
}

/* A socket that cannot say has nothing left to send. */
static size_t in_kernel(const struct pinion_conn *conn)
{
    int bytes = 0;
    if (conn->ending || ioctl(conn->loop->ops->fd(conn), SIOCOUTQ, &bytes) != 0)
        return 0;
    return (size_t)bytes;
}

size_t pinion__conn_unacked(const struct pinion_conn *conn)
{
    return conn->outbox.bytes + in_kernel(conn);
}

uint32_t pinion__conn_acked(const struct pinion_conn *conn)
{
    return conn->sent - (uint32_t)in_kernel(conn);
}

void pinion__conn_limit_unsent(struct pinion_conn *conn, uint32_t bytes)
{
    if (!conn->ending)
        (void)setsockopt(conn->loop->ops->fd(conn), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

uint32_t pinion__conn_position(const struct pinion_conn *conn)
{
    return conn->sent + (uint32_t)conn->outbox.bytes;
}

/* An old position may seem to be among what waits, once in 4 GiB. */
bool pinion__conn_waits_before(const struct pinion_conn *conn, uint32_t position)
{
    uint32_t ahead = position - conn->sent;
    return ahead > 0 && ahead <= conn->outbox.bytes;
}

uint64_t pinion__loop_acked(const struct pinion_loop *loop)
{
    uint64_t acked = loop->sent;
    PINION_LIST_FOREACH (link, &loop->conns)
        acked -= in_kernel(PINION_CONTAINER_OF(link, struct pinion_conn, link));
    return acked;
}

size_t pinion__conn_flush(struct pinion_conn *conn)
{
    assert(on_thread(conn->loop));
    conn->delayed = false;
    if (!conn->blocked && !pinion__outbox_empty(&conn->outbox)) {
        conn->loop->ops->flush(conn);
        pinion__conn_unsettle(conn);
    }
    return conn->outbox.bytes;
}

void pinion__conn_drop_queue(struct pinion_conn *conn)
{
    assert(on_thread(conn->loop));
    if (conn->blocked)
        pinion__conn_note_peak(conn);
    pinion__outbox_drop(&conn->outbox, &conn->loop->pool);
}

size_t pinion__conn_drop_oldest(struct pinion_conn *conn, size_t most)
{
    assert(on_thread(conn->loop));
    if (conn->blocked)
        pinion__conn_note_peak(conn);
    return pinion__outbox_drop_oldest(&conn->outbox, &conn->loop->pool, most);
}

static void set_paused(struct pinion_conn *conn, bool paused)
{
    assert(on_thread(conn->loop));
    if (conn->ending || conn->paused == paused)
        return;
    conn->paused = paused;
    pinion__conn_unsettle(conn);
}

void pinion__conn_pause(struct pinion_conn *conn)
{
    set_paused(conn, true);
}

void pinion__conn_resume(struct pinion_conn *conn)
{
    set_paused(conn, false);
}

void pinion__conn_shutdown(struct pinion_conn *conn)
{
    assert(on_thread(conn->loop));
    if (conn->ending || conn->finishing)
        return;
    conn->finishing = true;
    conn->delayed = false;
    pinion__conn_unsettle(conn);
}

void pinion__conn_close(struct pinion_conn *conn)
{
    assert(on_thread(conn->loop));
    pinion__conn_end(conn, 0);
}

void pinion__conn_peer(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len)
{
    conn->loop->ops->peer(conn, address, len);
}
