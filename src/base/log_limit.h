/* Lines that a peer can cause, as often as it likes: of each kind one a second is written at most. It names
 * one client, and says how many others there were.
 *
 * The first line of a kind leaves at once. Of those that follow within a second the first is kept, the others
 * are only counted; when the second is over, the one that was kept leaves with the count. So each line tells
 * of somebody, and none is silent for longer than a second, for as long as a loop takes turns.
 *
 * A line that is held back costs an atomic addition and no formatting.
 */
#ifndef PINION_BASE_LOG_LIMIT_H
#define PINION_BASE_LOG_LIMIT_H

#include "base/log.h"
#include <stdatomic.h>
#include <stdint.h>

#define PINION_LOG_KEPT 900 /* bytes of a line that is kept: as many as one may have, less a count */

/* One kind. All zero is one of which nothing was said. */
struct pinion_log_kind {
    atomic_uint_fast64_t next;       /* ms: when a line may be written again */
    atomic_size_t held;              /* since the last one */
    atomic_uint generation;          /* of the log's receiver (see pinion__log_limit_reset) */
    struct pinion_log_kind *pending; /* under the lock, as all that follows: the next that holds a line */
    bool is_pending;
    pinion_log_level level;
    char kept[PINION_LOG_KEPT]; /* the first that was held back */
};

/* Write a line, or hold it back. One kind for each place in the source. What stands in the arguments is only
 * worked out for a line that is written or kept. Thread: any. */
#define PINION_LOG_LIMITED(level, ...)                                                                       \
    do {                                                                                                     \
        static struct pinion_log_kind pinion_log_kind_here;                                                  \
        if (pinion__log_wanted(&pinion_log_kind_here, level))                                                \
            pinion__log_limited(&pinion_log_kind_here, level, __VA_ARGS__);                                  \
    } while (0)

/* False when lines of that level are not written, or when this one is only one more: it is counted then. */
bool pinion__log_wanted(struct pinion_log_kind *kind, pinion_log_level level);

void pinion__log_limited(struct pinion_log_kind *kind, pinion_log_level level, const char *format, ...)
    PINION_PRINTF(3, 4);

/* Write what was held back for a second. Returns the milliseconds until there is more to write, UINT64_MAX
 * when nothing is held back: then it costs one load. Thread: any; each loop calls it once a turn. */
uint64_t pinion__log_limit_flush(void);

/* Write all that is held back: an endpoint ends. */
void pinion__log_limit_finish(void);

/* The log goes elsewhere from now on: nothing was said there yet. What was held back is dropped. */
void pinion__log_limit_reset(void);

/* For tests: milliseconds from here in place of the kernel's; NULL: the kernel's again. */
void pinion__log_limit_set_clock(uint64_t (*clock)(void));

#endif
