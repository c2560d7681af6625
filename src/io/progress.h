/* Whether a peer gets on with what it is sent, and how long a connection may last by that.
 *
 * A peer that reads slowly is no peer that does not read, and what the kernel took of us says nothing of it:
 * it may hold megabytes. So the measure is what the peer has acknowledged. It is looked at now and then, by a
 * timer that runs only while there is something to wait for: sending costs nothing more.
 */
#ifndef PINION_IO_PROGRESS_H
#define PINION_IO_PROGRESS_H

#include "io/loop.h"

#define PINION_PROGRESS_LEAST 4096  /* bytes, or all that is left if that is less: getting on */
#define PINION_STALL_MS       30000 /* within so long */

/* Zeroed: nothing was seen yet. */
struct pinion_progress {
    uint32_t acked;    /* when it got on last */
    uint32_t wanted;   /* more than that are to be acknowledged. 0: nothing was left at the last look */
    uint32_t still_ms; /* for how long they have not been */
};

enum pinion_progress_seen {
    PINION_PROGRESS_DONE,    /* nothing is left: the peer has all of it */
    PINION_PROGRESS_MOVES,   /* it got on since the last look, or this is the first one */
    PINION_PROGRESS_STANDS,  /* it did not, or too little */
    PINION_PROGRESS_STALLED, /* for stall_ms */
};

/* Look, so many milliseconds after the last time. */
enum pinion_progress_seen pinion__progress_look(struct pinion_progress *progress,
                                                const struct pinion_conn *conn, uint32_t since_ms,
                                                uint32_t stall_ms);

/* How long to wait for a peer that owes us something once it has all we sent: a time that begins when all is
 * acknowledged, and goes on until then for as long as the peer gets on. */
struct pinion_patience {
    struct pinion_progress progress;
    uint32_t limit_ms; /* the time. 0: none, it is over with the first look that finds all acknowledged */
    uint32_t left_ms;  /* of it */
    uint32_t step_ms;  /* what the timer is set for */
    uint32_t stall_ms;
};

/* Begin, or begin anew. The caller sets its timer to what this returns. */
uint32_t pinion__patience_begin(struct pinion_patience *patience, uint32_t limit_ms, uint32_t stall_ms);

/* That time is over. Returns what the timer is to be set for, or 0: there is no more to wait for. */
uint32_t pinion__patience_look(struct pinion_patience *patience, const struct pinion_conn *conn);

/* Why it was 0: the peer has all there was, and the time is over; else it does not get on. */
static inline bool pinion__patience_acked(const struct pinion_patience *patience)
{
    return patience->progress.wanted == 0;
}

#endif
