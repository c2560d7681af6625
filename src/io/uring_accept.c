/* Accepting: each listener is polled, and we call accept ourselves, some times for each poll. A poll that
 * finds something completes at once. When descriptors or memory run out, the poll is left out for a while.
 *
 * The kernel can accept by itself (a multishot accept), which has two faults. It accepts as fast as clients
 * come, so that connections for which a loop has no time use up the descriptors: here they stay in the
 * socket's queue. And for a new connection it wakes one of the operations that wait at the socket. It may be
 * one of a process that was just killed, whose ring still exists, or one that is being cancelled: then nobody
 * accepts the connection until the next one comes. A poll is woken for every connection. */
#include "base/clock.h"
#include "base/log.h"
#include "io/uring_int.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct uring_listener *listener_at(struct pinion_list *link)
{
    return PINION_CONTAINER_OF(link, struct uring_listener, base.link);
}

static struct uring_engine *engine_of(const struct uring_listener *listener)
{
    return (struct uring_engine *)listener->base.loop;
}

/* Otherwise, only the completion of accept would tell that the socket does not listen. */
static int check_listening(int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return pinion__fail_system(errno, "io_uring: cannot ask whether a socket listens");
    return listening ? 0 : PINION_EIO;
}

int pinion__uring_listen(struct pinion_loop *loop, int fd, struct pinion_listener **out)
{
    int rc = check_listening(fd);
    if (rc)
        return rc;
    struct uring_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return PINION_ENOMEM;
    listener->fd = fd;
    *out = &listener->base;
    return 0;
}

static bool is_idle(const struct uring_listener *listener)
{
    return !listener->armed && !listener->cancelling;
}

/* The operation would keep the socket open. It is cancelled right here, so that no connection comes to a
 * server that has said it accepts no more. If the kernel does not find it, it is cancelled soon after. */
void pinion__uring_listener_close(struct pinion_listener *base)
{
    struct uring_listener *listener = (struct uring_listener *)base;
    struct uring_engine *engine = engine_of(listener);

    close(listener->fd);
    if (is_idle(listener)) {
        free(listener);
        return;
    }
    pinion__list_append(&engine->closing, &base->link);
    if (listener->armed && !listener->cancelled)
        listener->cancelled = pinion__uring_cancel_now(engine, pinion__uring_tagged(listener, URING_ACCEPT));
}

static void start(struct uring_engine *engine, struct uring_listener *listener)
{
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);

    io_uring_prep_poll_add(sqe, listener->fd, POLLIN);
    sqe->user_data = pinion__uring_tagged(listener, URING_ACCEPT);
    listener->armed = true;
    listener->cancelled = false;
}

static void stop(struct uring_engine *engine, struct uring_listener *listener)
{
    listener->cancelled = true;
    listener->cancelling = true;
    pinion__uring_cancel(engine, pinion__uring_tagged(listener, URING_ACCEPT),
                         pinion__uring_tagged(listener, URING_CANCEL_ACCEPT));
}

static void settle(struct uring_engine *engine, struct uring_listener *listener, bool wanted)
{
    if (wanted && !listener->armed)
        start(engine, listener);
    if (!wanted && listener->armed && !listener->cancelled)
        stop(engine, listener);
}

void pinion__uring_settle_listeners(struct uring_engine *engine)
{
    PINION_LIST_FOREACH (link, &engine->base.listeners) {
        struct uring_listener *listener = listener_at(link);
        if (listener->retry_at && listener->retry_at <= pinion__clock_ms())
            listener->retry_at = 0;
        settle(engine, listener, listener->retry_at == 0);
    }
    PINION_LIST_FOREACH (link, &engine->closing)
        settle(engine, listener_at(link), false);
}

uint64_t pinion__uring_accept_wait(const struct uring_engine *engine, uint64_t wait)
{
    PINION_LIST_FOREACH (link, &engine->base.listeners) {
        const struct uring_listener *listener = listener_at(link);
        uint64_t now = listener->retry_at ? pinion__clock_ms() : 0;
        uint64_t left = listener->retry_at > now ? listener->retry_at - now : 0;
        if (listener->retry_at && left < wait)
            wait = left;
    }
    return wait;
}

static void pause_accepting(struct uring_listener *listener, int error)
{
    pinion__listener_failed(&listener->base, error);
    listener->retry_at = pinion__clock_ms() + listener->base.retry_ms;
}

static void accepted(struct uring_listener *listener, int fd)
{
    struct uring_engine *engine = engine_of(listener);
    struct uring_conn *conn = listener->base.closed ? NULL : pinion__slabs_take(&engine->conns);

    if (!conn) {
        close(fd);
        if (!listener->base.closed)
            pause_accepting(listener, ENOMEM);
        return;
    }
    pinion__listener_works(&listener->base);
    pinion__listener_adopt(&listener->base, fd);
    conn->fd = fd;
    pinion__conn_begin(&conn->base, &listener->base);
}

static void accept_failed(struct uring_listener *listener, int error)
{
    bool over_only = error == ECANCELED || error == EAGAIN || pinion__accept_failed_for_peer(error);

    if (!over_only && !listener->base.closed)
        pause_accepting(listener, error);
}

/* Accept until there are none left, accepting fails, or the callee closes the listener; at most as many as a
 * turn may. */
static void accept_some(struct uring_listener *listener)
{
    int error = 0;

    for (int i = 0;
         i < PINION_ACCEPT_BATCH && error != EAGAIN && !listener->retry_at && !listener->base.closed; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        error = fd < 0 ? errno : 0;
        if (error)
            accept_failed(listener, error);
        else
            accepted(listener, fd);
    }
}

static void on_pollable(struct uring_listener *listener, int32_t result)
{
    if (result < 0)
        accept_failed(listener, -result);
    else
        accept_some(listener);
}

static void free_if_closed(struct uring_listener *listener)
{
    if (!listener->base.closed || !is_idle(listener))
        return;
    pinion__list_remove(&listener->base.link);
    free(listener);
}

/* The callee may close the listener while it is told of a connection: the listener must not count as idle
 * before. */
void pinion__uring_on_accept(struct uring_listener *listener, const struct uring_event *event)
{
    on_pollable(listener, event->result);
    listener->armed = false;
    free_if_closed(listener);
}

void pinion__uring_on_accept_cancel(struct uring_listener *listener, const struct uring_event *event)
{
    listener->cancelling = false;
    if (event->result == -ENOENT)
        listener->cancelled = false;
    free_if_closed(listener);
}
