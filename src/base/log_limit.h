/* A peer can cause some lines as often as it likes. Of each kind of line, at most one is written in a second.
 * It names one client, and says how many more lines there were.
 *
 * The first line of a kind is written at once. Of the lines that follow within a second, the first is kept
 * and the others are counted. At the end of the second, the kept line is written with the count. So no kind
 * is silent for longer than a second while a loop takes turns.
 *
 * A line that is only counted costs one atomic addition and no formatting. */
#ifndef PINION_BASE_LOG_LIMIT_H
#define PINION_BASE_LOG_LIMIT_H

#include "base/log.h"
#include <stdatomic.h>
#include <stdint.h>

#define PINION_LOG_KEPT 900 /* bytes of a kept line: of a message, less the text of the count */

/* One kind of line. All zero is a kind of which nothing was logged. */
struct pinion_log_kind {
    atomic_uint_fast64_t next; /* when a line may be written again, ms */
    atomic_size_t held;        /* lines held back since the last one was written */
    atomic_uint generation;    /* of the log's receiver (see pinion__log_limit_reset) */
    struct pinion_log_kind
        *pending; /* the next kind that holds back a line. Under the lock, as all that follow. */
    bool is_pending;
    pinion_log_level level;
    char kept[PINION_LOG_KEPT]; /* the first line that was held back */
};

/* Write a line, or hold it back. Each place in the source is a kind of its own. The arguments are evaluated
 * only for a line that is written or kept. Thread: any. */
#define PINION_LOG_LIMITED(level, ...)                                                                       \
    do {                                                                                                     \
        static struct pinion_log_kind pinion_log_kind_here;                                                  \
        if (pinion__log_wanted(&pinion_log_kind_here, level))                                                \
            pinion__log_limited(&pinion_log_kind_here, level, __VA_ARGS__);                                  \
    } while (0)

/* False when lines of that level are not written, or when this line is only counted; it has been counted
 * then. */
bool pinion__log_wanted(struct pinion_log_kind *kind, pinion_log_level level);

void pinion__log_limited(struct pinion_log_kind *kind, pinion_log_level level, const char *format, ...)
    PINION_PRINTF(3, 4);

/* Write the lines that were held back for a second. Returns the milliseconds until the next one is due,
 * UINT64_MAX when no line is held back; that case costs one load. Thread: any; each loop calls it once a
 * turn. */
uint64_t pinion__log_limit_flush(void);

/* Write all lines that are held back, because an endpoint ends. */
void pinion__log_limit_finish(void);

/* The log has a new receiver: all kinds start anew. Lines that are held back are dropped. */
void pinion__log_limit_reset(void);

/* For tests: take the time from this function, in milliseconds. NULL: from the kernel again. */
void pinion__log_limit_set_clock(uint64_t (*clock)(void));

#endif
