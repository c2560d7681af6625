/* What a paused connection had received before the kernel stopped. It is held back until the pause ends, and
 * nobody knows when that is.
 *
 * So it is copied, and its buffer goes back to the kernel: other connections need it. But a kernel that never
 * lacks buffers receives without end for clients that flood the server and are paused one after the other.
 * Once much is copied, the bytes stay where they are, and keep their buffer. When all buffers are kept, the
 * kernel receives nothing more. Then we read each connection by system calls (uring_recv.c), and a paused one
 * not at all. */
#include "io/uring_int.h"

/* What the connections of a loop may have copied, as a multiple of all its buffers. */
#define COPIED_TIMES 4

static bool may_copy(const struct uring_buffers *buffers, const struct uring_filled *filled)
{
    return filled->buffer == URING_NO_BUFFER ||
           buffers->copied + filled->len <= COPIED_TIMES * buffers->count * buffers->size;
}

static struct uring_held *copy(struct uring_buffers *buffers, const struct uring_filled *filled)
{
    struct uring_held *held = malloc(sizeof *held + filled->len);

    if (!held)
        return NULL;
    *held = (struct uring_held){ .bytes = held->copy, .len = filled->len, .buffer = URING_NO_BUFFER };
    if (filled->len > 0)
        memcpy(held->copy, filled->bytes, filled->len);
    buffers->copied += filled->len;
    return held;
}

static struct uring_held *keep(struct uring_filled *filled)
{
    struct uring_held *held = malloc(sizeof *held);

    if (!held)
        return NULL;
    *held = (struct uring_held){ .bytes = filled->bytes, .len = filled->len, .buffer = filled->buffer };
    filled->buffer = URING_NO_BUFFER;
    return held;
}

bool pinion__uring_hold(struct uring_conn *conn, struct uring_filled *filled)
{
    struct uring_buffers *buffers = &pinion__uring_engine(&conn->base)->buffers;
    struct uring_held *held = may_copy(buffers, filled) ? copy(buffers, filled) : keep(filled);
    struct uring_held *latest = conn->held;

    if (!held)
        return false;
    held->next = latest ? latest->next : held;
    if (latest)
        latest->next = held;
    conn->held = held;
    return true;
}

struct uring_held *pinion__uring_take_held(struct uring_conn *conn)
{
    struct uring_held *latest = conn->held, *oldest = latest->next;

    if (oldest == latest)
        conn->held = NULL;
    else
        latest->next = oldest->next;
    return oldest;
}

void pinion__uring_let_held_go(struct uring_engine *engine, struct uring_held *held)
{
    if (held->buffer == URING_NO_BUFFER)
        engine->buffers.copied -= held->len;
    else
        pinion__uring_buffer_return(&engine->buffers, (unsigned)held->buffer);
    free(held);
}

void pinion__uring_drop_held(struct uring_conn *conn)
{
    while (conn->held)
        pinion__uring_let_held_go(pinion__uring_engine(&conn->base), pinion__uring_take_held(conn));
}
