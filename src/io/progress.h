/* Does a peer make progress with what it is sent? And how long may a connection last by that?
 *
 * A peer that reads slowly is not one that does not read. What the kernel took says nothing about the peer,
 * because the kernel may hold megabytes. So progress is measured by what the peer has acknowledged. A timer
 * looks at it, and runs only while there is something to wait for: sending costs nothing more. */
#ifndef PINION_IO_PROGRESS_H
#define PINION_IO_PROGRESS_H

#include "io/loop.h"

#define PINION_PROGRESS_LEAST 4096  /* bytes, or all that is left if that is less, that count as progress */
#define PINION_STALL_MS       30000 /* if they are acknowledged within this time, ms */

/* All zero: nothing was seen yet. */
struct pinion_progress {
    uint32_t acked;  /* as it was at the last progress */
    uint32_t wanted; /* the bytes that were still to be acknowledged. 0: nothing was left at the last look */
    uint32_t still_ms; /* how long there has been no progress, ms */
};

enum pinion_progress_seen {
    PINION_PROGRESS_DONE,    /* the peer has acknowledged everything */
    PINION_PROGRESS_MOVES,   /* it made progress since the last look, or this is the first look */
    PINION_PROGRESS_STANDS,  /* it made none, or too little */
    PINION_PROGRESS_STALLED, /* it made none for stall_ms */
};

/* Look again, this many milliseconds after the last look. */
enum pinion_progress_seen pinion__progress_look(struct pinion_progress *progress,
                                                const struct pinion_conn *conn, uint32_t since_ms,
                                                uint32_t stall_ms);

/* How long to wait for a peer that owes us something once it has all that we sent. The time begins when
 * everything is acknowledged. Before that, waiting goes on as long as the peer makes progress. */
struct pinion_patience {
    struct pinion_progress progress;
    uint32_t limit_ms; /* the time. 0: the wait ends with the first look that finds everything acknowledged */
    uint32_t left_ms;  /* of that time */
    uint32_t step_ms;  /* what the timer is set to */
    uint32_t stall_ms;
};

/* Begin, or begin anew. Returns what the caller must set its timer to. */
uint32_t pinion__patience_begin(struct pinion_patience *patience, uint32_t limit_ms, uint32_t stall_ms);

/* The timer has fired. Returns what the timer must be set to next, or 0 when the wait is over. */
uint32_t pinion__patience_look(struct pinion_patience *patience, const struct pinion_conn *conn);

/* Why the wait is over. True: the peer has everything, and the time has passed. False: it made no
 * progress. */
static inline bool pinion__patience_acked(const struct pinion_patience *patience)
{
    return patience->progress.wanted == 0;
}

#endif
