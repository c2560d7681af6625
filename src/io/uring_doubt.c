/* What the kernel may fail to report. A multishot receive waits for a wake, and two wakes close together
 * count as one. If bytes and a reset (or the end) arrive like this, it may bring the bytes, and then wait for
 * a wake that has passed. This was seen on Linux 6.18, for one in ten to a hundred thousand connections that
 * are reset right after they were accepted. Such a connection would never be heard of again, while we send to
 * it.
 *
 * So each connection that has sent something is looked at once more, a moment later, unless its receive
 * operation has ended by then. A look costs less than a tenth of a microsecond, and one look covers
 * everything sent in that moment. Idle connections cost nothing; a connection in doubt costs a bit. What the
 * kernel did not report is found by calling recv. */
#include "base/clock.h"
#include "io/uring_int.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS  250  /* from the first connection in doubt until all are looked at */
#define MORE_MS  10   /* when there are too many for one turn */
#define TURN_MAX 1024 /* connections looked at in a turn */
#define BATCH    64   /* connections in one call of poll */

void pinion__uring_doubts_release(struct uring_engine *engine)
{
    free(engine->doubts.words);
}

/* Make room for this descriptor. */
static bool grow(struct uring_doubts *doubts, size_t word)
{
    size_t count = 2 * word + 1;
    struct uring_doubt_word *words = realloc(doubts->words, count * sizeof *words);

    if (!words)
        return false;
    memset(words + doubts->word_count, 0, (count - doubts->word_count) * sizeof *words);
    doubts->words = words;
    doubts->word_count = count;
    return true;
}

static uint64_t bit_of(const struct uring_conn *conn)
{
    return UINT64_C(1) << (conn->fd % 64);
}

void pinion__uring_doubt(struct uring_conn *conn)
{
    struct uring_doubts *doubts = &pinion__uring_engine(&conn->base)->doubts;
    size_t word = (size_t)conn->fd / 64;

    if (word >= doubts->word_count && !grow(doubts, word)) {
        pinion__conn_end(&conn->base, PINION_ENOMEM);
        return;
    }
    if (doubts->words[word].in_doubt & bit_of(conn))
        return;
    doubts->words[word].in_doubt |= bit_of(conn);
    if (doubts->count++ == 0)
        doubts->look_at = pinion__clock_coarse_ms() + LOOK_MS;
}

void pinion__uring_doubt_not(struct uring_conn *conn)
{
    struct uring_doubts *doubts = &pinion__uring_engine(&conn->base)->doubts;
    size_t word = (size_t)conn->fd / 64;

    if (word >= doubts->word_count || !(doubts->words[word].in_doubt & bit_of(conn)))
        return;
    doubts->words[word].in_doubt &= ~bit_of(conn);
    doubts->count--;
}

/* The next connection in doubt, from where the last look ended. It is no longer in doubt. There must be
 * one. */
static int take_next(struct uring_doubts *doubts)
{
    while (doubts->next >= doubts->word_count || !doubts->words[doubts->next].in_doubt)
        doubts->next = doubts->next < doubts->word_count ? doubts->next + 1 : 0;
    uint64_t *in_doubt = &doubts->words[doubts->next].in_doubt;
    int bit = __builtin_ctzll(*in_doubt);

    *in_doubt &= *in_doubt - 1;
    doubts->count--;
    return (int)(doubts->next * 64) + bit;
}

/* Returns how many are over; `words` says which. If the kernel does not say, all of them are read: the doubt
 * stays. */
static size_t look_at(struct uring_doubts *doubts, size_t count)
{
    struct pollfd looked[BATCH];
    size_t over = 0;

    for (size_t i = 0; i < count; i++)
        looked[i] = (struct pollfd){ .fd = take_next(doubts), .events = POLLRDHUP };
    bool untold = poll(looked, count, 0) < 0;
    for (size_t i = 0; i < count; i++) {
        if (!untold && !(looked[i].revents & (POLLERR | POLLHUP | POLLRDHUP)))
            continue;
        doubts->words[looked[i].fd / 64].over |= UINT64_C(1) << (looked[i].fd % 64);
        over++;
    }
    return over;
}

/* They are few, so there is no index from descriptors to connections. */
static void read_those_over(struct uring_engine *engine)
{
    struct uring_doubt_word *words = engine->doubts.words;

    PINION_LIST_FOREACH (link, &engine->base.conns) {
        struct uring_conn *conn = (struct uring_conn *)PINION_CONTAINER_OF(link, struct pinion_conn, link);
        size_t word = (size_t)conn->fd / 64;
        if (word < engine->doubts.word_count && (words[word].over & bit_of(conn)))
            pinion__uring_read_by_hand(conn);
    }
    for (size_t i = 0; i < engine->doubts.word_count; i++)
        words[i].over = 0;
}

void pinion__uring_doubts_look(struct uring_engine *engine)
{
    struct uring_doubts *doubts = &engine->doubts;
    size_t left = TURN_MAX, over = 0;

    if (doubts->count == 0 || pinion__clock_coarse_ms() < doubts->look_at)
        return;
    while (doubts->count > 0 && left > 0) {
        size_t count = doubts->count < BATCH ? doubts->count : BATCH;
        over += look_at(doubts, count);
        left -= count;
    }
    if (over > 0)
        read_those_over(engine);
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
