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

/* In their order, from the array's begin. */
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

/* Those before it move back: when all of them end, the first one usually does first. */
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

/* Returns the bytes. Who has more to read is put last; if it is paused, its engine takes it out. */
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

/* What handling a piece costs is the application's matter, hence the look at the clock. */
void pinion__busy_read(struct pinion_loop *loop)
{
    uint64_t end = loop->busy.count ? pinion__clock_ms() + PINION_RECV_MS : 0;
    size_t received = 0;

    while (loop->busy.count && received < PINION_RECV_TURN && (received == 0 || pinion__clock_ms() < end))
        received += read_first(loop);
}
