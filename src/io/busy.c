/* See busy.h. */
#include "io/busy.h"
#include "base/clock.h"
#include "io/loop_int.h"
#include <assert.h>
#include <stdlib.h>

#define MAX_FIRST 64

void pinion__busy_release(struct pinion_busy *busy)
{
    free(busy->array);
}

static struct pinion_conn **place(const struct pinion_busy *busy, size_t i)
{
    return &busy->array[(busy->first + i) & (busy->max - 1)];
}

/* Grow the array. The connections keep their order, and begin at its start. */
static bool grow(struct pinion_busy *busy)
{
    size_t max = busy->max ? 2 * busy->max : MAX_FIRST;
    struct pinion_conn **array = malloc(max * sizeof(struct pinion_conn *));

    if (!array)
        return false;
    for (size_t i = 0; i < busy->count; i++)
        array[i] = *place(busy, i);
    free(busy->array);
    *busy = (struct pinion_busy){ .array = array, .count = busy->count, .max = max };
    return true;
}

void pinion__busy_add(struct pinion_conn *conn)
{
    struct pinion_busy *busy = &conn->loop->busy;

    assert(!conn->busy && !conn->ending);
    if (busy->count == busy->max && !grow(busy)) {
        pinion__conn_end(conn, PINION_ENOMEM);
        return;
    }
    *place(busy, busy->count++) = conn;
    conn->busy = true;
}

/* The connections before it move back by one place. When all connections end, the first one usually ends
 * first. */
void pinion__busy_remove(struct pinion_conn *conn)
{
    struct pinion_busy *busy = &conn->loop->busy;
    size_t i = 0;

    if (!conn->busy)
        return;
    conn->busy = false;
    while (*place(busy, i) != conn)
        i++;
    for (; i > 0; i--)
        *place(busy, i) = *place(busy, i - 1);
    busy->first++;
    busy->count--;
}

static struct pinion_conn *take_first(struct pinion_busy *busy)
{
    struct pinion_conn *conn = *place(busy, 0);

    busy->first++;
    busy->count--;
    conn->busy = false;
    return conn;
}

/* Returns the bytes. If the connection has more to read, it is put last. If it is paused, its engine takes it
 * out. */
static size_t read_first(struct pinion_loop *loop)
{
    struct pinion_conn *conn = take_first(&loop->busy);
    bool more = false;
    size_t len = conn->paused ? 0 : loop->ops->read(conn, &more);

    if (more && !conn->ending)
        pinion__busy_add(conn);
    if (!conn->busy || conn->paused)
        pinion__conn_unsettle(conn);
    return len;
}

/* The application decides how long it handles a piece, so the clock limits the reading too. */
void pinion__busy_read(struct pinion_loop *loop)
{
    uint64_t end = loop->busy.count ? pinion__clock_ms() + PINION_RECV_MS : 0;
    size_t received = 0;

    while (loop->busy.count && received < PINION_RECV_TURN && (received == 0 || pinion__clock_ms() < end))
        received += read_first(loop);
}
