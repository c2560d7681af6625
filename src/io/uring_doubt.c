/* What the kernel may not tell. A multishot receive waits for a wake; two wakes that come close together are
 * one to it. When bytes and a reset (or the end) arrive so, it may bring the bytes, and then wait for a wake
 * that has been: seen on Linux 6.18, for one in ten to a hundred thousand connections that are reset right
 * after they were accepted. Nothing would be heard of such a connection any more, while it is answered.
 *
 * So whoever sent something is looked at once more, a moment later, unless its receiving is over by then. A
 * look costs less than a tenth of a microsecond, and is one for all that was sent in that moment; connections
 * that are idle cost nothing. What was not told is found by receiving by hand.
 */
#include "base/clock.h"
#include "io/uring_int.h"
#include <poll.h>
#include <stdlib.h>

#define LOOK_MS   250  /* from the first one in doubt on, until all are looked at */
#define MORE_MS   10   /* when there are too many for one turn */
#define TURN_MAX  1024 /* so many */
#define BATCH     64   /* in one call */
#define FIRST_MAX 64

void pinion__uring_doubts_release(struct uring_engine *engine)
{
    free(engine->doubts.array);
}

static bool grow(struct uring_doubts *doubts)
{
    size_t max = doubts->max ? 2 * doubts->max : FIRST_MAX;
    struct uring_conn **array = realloc(doubts->array, max * sizeof(struct uring_conn *));

    if (!array)
        return false;
    doubts->array = array;
    doubts->max = max;
    return true;
}

void pinion__uring_doubt_anew(struct uring_conn *conn)
{
    struct uring_doubts *doubts = &pinion__uring_engine(&conn->base)->doubts;

    if (doubts->count == doubts->max && !grow(doubts)) {
        pinion__conn_end(&conn->base, PINION_ENOMEM);
        return;
    }
    if (doubts->count == 0)
        doubts->look_at = pinion__clock_coarse_ms() + LOOK_MS;
    doubts->array[doubts->count++] = conn;
    conn->doubt = (uint32_t)doubts->count;
}

void pinion__uring_doubt_not(struct uring_conn *conn)
{
    struct uring_doubts *doubts = &pinion__uring_engine(&conn->base)->doubts;

    if (!conn->doubt)
        return;
    struct uring_conn *last = doubts->array[--doubts->count];
    doubts->array[conn->doubt - 1] = last;
    last->doubt = conn->doubt;
    conn->doubt = 0;
}

static bool is_over(const struct pollfd *looked)
{
    return looked->revents & (POLLERR | POLLHUP | POLLRDHUP);
}

/* The last ones in the array, which are in doubt no longer. */
static void look_at(struct uring_doubts *doubts, size_t count)
{
    struct uring_conn **conns = &doubts->array[doubts->count - count];
    struct pollfd looked[BATCH];

    for (size_t i = 0; i < count; i++)
        looked[i] = (struct pollfd){ .fd = conns[i]->fd, .events = POLLRDHUP };
    int over = poll(looked, count, 0);
    for (size_t i = 0; i < count; i++) {
        conns[i]->doubt = 0;
        if (over > 0 && is_over(&looked[i]))
            pinion__uring_read_by_hand(conns[i]);
    }
    doubts->count -= count;
}

void pinion__uring_doubts_look(struct uring_engine *engine)
{
    struct uring_doubts *doubts = &engine->doubts;
    size_t left = TURN_MAX;

    if (doubts->count == 0 || pinion__clock_coarse_ms() < doubts->look_at)
        return;
    while (doubts->count > 0 && left > 0) {
        size_t count = doubts->count < BATCH ? doubts->count : BATCH;
        look_at(doubts, count);
        left -= count;
    }
    doubts->look_at = pinion__clock_coarse_ms() + MORE_MS;
}

uint64_t pinion__uring_doubts_wait(const struct uring_engine *engine, uint64_t wait)
{
    if (engine->doubts.count == 0)
        return wait;
    uint64_t now = pinion__clock_coarse_ms();
    uint64_t left = engine->doubts.look_at > now ? engine->doubts.look_at - now : 0;
    return left < wait ? left : wait;
}
