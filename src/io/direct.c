/* What both engines do with plain system calls: send what waits on a connection, and decide what to do after
 * an error of accept. */
#include "base/log_limit.h"
#include "io/loop_int.h"
#include <errno.h>
#include <string.h>

#define SEND_BATCH       64 /* pieces in one system call */
#define ACCEPT_RETRY_MIN 100
#define ACCEPT_RETRY_MAX 1000

static ssize_t send_many(const struct pinion_outbox *outbox, int fd, size_t *wanted)
{
    struct iovec iov[SEND_BATCH];
    struct msghdr message = { .msg_iov = iov };

    message.msg_iovlen = pinion__outbox_gather(outbox, iov, SEND_BATCH, wanted);
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t send_first(const struct pinion_outbox *outbox, int fd, size_t *wanted)
{
    struct pinion_slice wire = pinion__outbox_wire(outbox->head);

    *wanted = wire.len - outbox->offset;
    return send(fd, wire.ptr + outbox->offset, *wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Usually there is one piece, and send takes a shorter way through the kernel than sendmsg. */
static ssize_t send_some(const struct pinion_outbox *outbox, int fd, size_t *wanted)
{
    ssize_t sent;

    do
        sent = outbox->head->next ? send_many(outbox, fd, wanted) : send_first(outbox, fd, wanted);
    while (sent < 0 && errno == EINTR);
    return sent;
}

void pinion__conn_send(struct pinion_conn *conn, int fd)
{
    conn->blocked = false;
    while (!conn->blocked && !pinion__outbox_empty(&conn->outbox)) {
        size_t wanted;
        ssize_t sent = send_some(&conn->outbox, fd, &wanted);
        if (sent < 0 && errno != EAGAIN) {
            pinion__conn_end(conn, PINION_EIO);
            return;
        }
        if (sent > 0)
            pinion__conn_sent(conn, (size_t)sent);
        if (sent < 0 || (size_t)sent < wanted)
            pinion__conn_block(conn);
    }
}

void pinion__conn_send_again(struct pinion_conn *conn, int fd)
{
    pinion__conn_note_peak(conn);
    pinion__conn_send(conn, fd);
    if (conn->ending || conn->blocked)
        return;
    pinion__conn_unsettle(conn);
    if (conn->events->drained)
        conn->events->drained(conn);
}

bool pinion__accept_failed_for_peer(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM: /* the rule of a firewall */
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
        return true;
    default:
        return false;
    }
}

void pinion__listener_failed(struct pinion_listener *listener, int error)
{
    uint64_t next = 2 * listener->retry_ms;

    if (listener->retry_ms == 0) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "accepting connections is paused: %s", strerror(error));
        next = ACCEPT_RETRY_MIN;
    }
    listener->retry_ms = next < ACCEPT_RETRY_MAX ? next : ACCEPT_RETRY_MAX;
}

void pinion__listener_works(struct pinion_listener *listener)
{
    if (listener->retry_ms > 0)
        PINION_LOG_LIMITED(PINION_LOG_INFO, "accepting connections again");
    listener->retry_ms = 0;
}
