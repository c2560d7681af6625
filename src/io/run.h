/* Runs: broadcasts that several connections are sent one after the other. The bytes are joined once. A
 * connection that sends a run holds a reference, and knows which part of the run is its own: one frame more
 * is one more in a count, and all of them leave in a send of one piece.
 *
 * A run begins when a second broadcast is queued behind a first one that waits on several connections. Each
 * further broadcast is added by the first connection that needs it; the others find it there. Connections
 * that are sent something else go their own way, and may meet again in another run.
 *
 * Not thread-safe: runs belong to a loop. */
#ifndef PINION_IO_RUN_H
#define PINION_IO_RUN_H

#include "base/frame.h"
#include <stddef.h>
#include <stdint.h>

#define PINION_RUN_FRAMES 64                 /* the most frames of a run */
#define PINION_RUN_BYTES  ((size_t)64 << 10) /* the most bytes of a run */
#define PINION_RUN_SHARED 4                  /* connections on which the first frame waits, at least */
#define PINION_RUNS       8                  /* the latest runs, in which is looked for frames */

struct pinion_run {
    uint32_t refs;
    uint32_t count;                                 /* of frames */
    size_t capacity;                                /* of the bytes */
    char *bytes;                                    /* moves when frames are added */
    struct pinion_frame *frames[PINION_RUN_FRAMES]; /* references */
    uint32_t
        starts[PINION_RUN_FRAMES + 1]; /* where in the bytes each frame begins, and where the last one ends */
};

/* The latest runs of a loop, without references. All zero is none. */
struct pinion_runs {
    struct pinion_run *latest[PINION_RUNS];
    unsigned next;
};

/* The bytes of its frames from `first` up to `end`. Lifetime: until a frame is added. */
static inline struct pinion_slice pinion__run_part(const struct pinion_run *run, unsigned first, unsigned end)
{
    return pinion__slice(run->bytes + run->starts[first], run->starts[end] - run->starts[first]);
}

/* A reference to a run that begins with these two frames, to which the caller has references. NULL when there
 * is none yet and it is not worth one, does not fit, or memory is out. */
struct pinion_run *pinion__run_of(struct pinion_runs *runs, struct pinion_frame *first,
                                  struct pinion_frame *second);

/* Put one more frame last. False when the run is full or memory is out. */
bool pinion__run_add(struct pinion_run *run, struct pinion_frame *frame);

/* Give a reference back. */
void pinion__run_unref(struct pinion_runs *runs, struct pinion_run *run);

/* True when this frame is number `at` of the run, or could be added there. */
static inline bool pinion__run_has(struct pinion_run *run, unsigned at, struct pinion_frame *frame)
{
    return at < run->count ? run->frames[at] == frame : pinion__run_add(run, frame);
}

#endif
