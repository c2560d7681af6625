/* Sending: one operation for each connection that has something to send, whatever the number of frames.
 *
 * A single frame is sent from where it lies, and so are broadcasts that were joined when they were queued
 * (run.h). Other small frames are copied together; when the same ones wait on the next connection, it shares
 * the copy. Larger ones are sent by reference, in a sendmsg. */
#include "io/uring_int.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MAX   ((size_t)1 << 30) /* bytes of one send: the result is an int */
#define IOV_WANTED 64                /* with less room than this, it is better to submit first */

int pinion__uring_sends_init(struct uring_engine *engine)
{
    struct uring_sends *sends = &engine->sends;

    sends->array = pinion__uring_touched(engine->ring.sq.ring_entries * sizeof *sends->array);
    sends->iov = pinion__uring_touched(URING_IOV_ROOM * sizeof *sends->iov);
    sends->join_buffer = pinion__uring_touched(URING_JOIN_ROOM);
    return sends->array && sends->iov && sends->join_buffer ? 0 : PINION_ENOMEM;
}

void pinion__uring_sends_release(struct uring_engine *engine)
{
    free(engine->sends.array);
    free(engine->sends.iov);
    free(engine->sends.join_buffer);
}

/* Copying */

static bool is_last_run(const struct uring_sends *sends, const struct pinion_outbox *outbox)
{
    unsigned i = 0;

    if (outbox->offset > 0)
        return false;
    for (const struct pinion_outbox_node *node = outbox->head; node; node = node->next, i++) {
        struct pinion_slice wire = pinion__outbox_wire(node);
        if (i == sends->run_count || wire.ptr != sends->run[i].ptr || wire.len != sends->run[i].len)
            return false;
    }
    return i == sends->run_count;
}

static void copy_run(struct uring_sends *sends, const struct pinion_outbox *outbox)
{
    char *to = sends->join_buffer + sends->joined;
    size_t skip = outbox->offset;
    unsigned count = 0;

    sends->run_bytes = to;
    for (const struct pinion_outbox_node *node = outbox->head; node; node = node->next, count++) {
        struct pinion_slice wire = pinion__outbox_wire(node);
        memcpy(to, wire.ptr + skip, wire.len - skip);
        to += wire.len - skip;
        skip = 0;
        if (count < URING_RUN_MAX)
            sends->run[count] = wire;
    }
    sends->run_count = outbox->offset == 0 && count <= URING_RUN_MAX ? count : 0;
    sends->joined += outbox->bytes;
}

/* Preparing: each function returns the bytes that the operation sends. */

static size_t prepare_frame(struct io_uring_sqe *sqe, const struct uring_conn *conn)
{
    const struct pinion_outbox *outbox = &conn->base.outbox;
    struct pinion_slice wire = pinion__outbox_wire(outbox->head);
    size_t len = wire.len - outbox->offset;

    if (len > SEND_MAX)
        len = SEND_MAX;
    io_uring_prep_send(sqe, conn->fd, wire.ptr + outbox->offset, len, PINION_URING_SEND_FLAGS);
    return len;
}

static size_t prepare_joined(struct io_uring_sqe *sqe, struct uring_sends *sends,
                             const struct uring_conn *conn)
{
    const struct pinion_outbox *outbox = &conn->base.outbox;

    if (!is_last_run(sends, outbox))
        copy_run(sends, outbox);
    io_uring_prep_send(sqe, conn->fd, sends->run_bytes, outbox->bytes, PINION_URING_SEND_FLAGS);
    return outbox->bytes;
}

static size_t prepare_vector(struct io_uring_sqe *sqe, struct uring_sends *sends,
                             const struct uring_conn *conn)
{
    struct msghdr *msg = &sends->msgs[sends->msg_count++];
    struct iovec *iov = &sends->iov[sends->iov_count];
    size_t bytes;
    size_t count = pinion__outbox_gather(&conn->base.outbox, iov, URING_IOV_ROOM - sends->iov_count, &bytes);

    while (bytes > SEND_MAX && count > 1)
        bytes -= iov[--count].iov_len;
    if (bytes > SEND_MAX)
        bytes = iov[0].iov_len = SEND_MAX;
    sends->iov_count += (unsigned)count;
    *msg = (struct msghdr){ .msg_iov = iov, .msg_iovlen = count };
    io_uring_prep_sendmsg(sqe, conn->fd, msg, PINION_URING_SEND_FLAGS);
    return bytes;
}

static bool has_room(const struct uring_sends *sends)
{
    return sends->joined + URING_JOIN_MAX <= URING_JOIN_ROOM && sends->msg_count < URING_MSG_ROOM &&
           sends->iov_count + IOV_WANTED <= URING_IOV_ROOM;
}

void pinion__uring_send(struct uring_engine *engine, struct uring_conn *conn)
{
    struct uring_sends *sends = &engine->sends;
    const struct pinion_outbox *outbox = &conn->base.outbox;
    size_t wanted;

    assert(!conn->base.blocked && !pinion__outbox_empty(outbox));
    if (outbox->head->next && !has_room(sends))
        pinion__uring_submit(engine);
    struct io_uring_sqe *sqe = pinion__uring_sqe(engine);
    if (!outbox->head->next)
        wanted = prepare_frame(sqe, conn);
    else if (outbox->bytes <= URING_JOIN_MAX)
        wanted = prepare_joined(sqe, sends, conn);
    else
        wanted = prepare_vector(sqe, sends, conn);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = pinion__uring_send_data(sends);
    sends->array[sends->count++] = (struct uring_send){ conn, (int32_t)wanted, (int32_t)wanted };
    engine->more_to_send |= wanted < outbox->bytes;
}

/* The results */

/* A completion that could not be noted for lack of memory, and comes late, belongs to another batch. */
void pinion__uring_on_send(struct uring_sends *sends, uint64_t user_data, int32_t result)
{
    if (user_data >> 32 == sends->batch)
        sends->array[(uint32_t)user_data >> URING_TAG_BITS].result = result;
}

/* The kernel took a part or nothing, for now or for good. */
static void short_send(struct pinion_conn *conn, int32_t result)
{
    if (result == -EAGAIN || result == -EINTR)
        result = 0;
    if (result < 0) {
        pinion__conn_end(conn, PINION_EIO);
        return;
    }
    pinion__conn_sent(conn, (size_t)result);
    pinion__conn_block(conn);
    pinion__conn_unsettle(conn);
}

static void whole_send(struct pinion_conn *conn, int32_t sent)
{
    pinion__conn_sent(conn, (size_t)sent);
    if (!pinion__outbox_empty(&conn->outbox))
        pinion__conn_unsettle(conn);
}

void pinion__uring_sends_over(struct uring_engine *engine, bool certain)
{
    struct uring_sends *sends = &engine->sends;

    for (unsigned i = 0; i < sends->count; i++) {
        const struct uring_send *send = &sends->array[i];
        struct pinion_conn *conn = &send->conn->base;
        if (send->result != send->wanted)
            short_send(conn, send->result);
        else if (certain)
            whole_send(conn, send->wanted);
        else
            pinion__conn_end(conn, PINION_ENOMEM);
    }
    sends->batch += sends->count > 0;
    sends->count = 0;
    sends->msg_count = 0;
    sends->iov_count = 0;
    sends->joined = 0;
    sends->run_count = 0;
}
