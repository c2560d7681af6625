/* See run.h. The bytes grow by doubling; short ones and the run itself come from the loop's stock. */
#include "io/run.h"
#include "base/stock.h"
#include "base/work.h"
#include <assert.h>
#include <string.h>

#define BYTES_LEAST ((size_t)2048) /* what the stock keeps */

static size_t length(const struct pinion_run *run)
{
    return run->starts[run->count];
}

static bool grow(struct pinion_run *run, size_t needed)
{
    size_t capacity = run->capacity ? run->capacity : BYTES_LEAST;

    while (capacity < needed)
        capacity *= 2;
    char *bytes = pinion__block_new(capacity);
    if (!bytes)
        return false;
    if (run->bytes)
        memcpy(bytes, run->bytes, length(run));
    PINION_WORK(length(run));
    pinion__block_free(run->bytes, run->capacity);
    run->bytes = bytes;
    run->capacity = capacity;
    return true;
}

bool pinion__run_add(struct pinion_run *run, struct pinion_frame *frame)
{
    struct pinion_slice wire = pinion__frame_wire(frame);
    size_t start = length(run);

    if (run->count == PINION_RUN_FRAMES || wire.len > PINION_RUN_BYTES - start)
        return false;
    if ((!run->bytes || start + wire.len > run->capacity) && !grow(run, start + wire.len))
        return false;
    PINION_WORK(wire.len);
    memcpy(run->bytes + start, wire.ptr, wire.len);
    run->frames[run->count] = pinion__frame_ref(frame);
    run->starts[++run->count] = (uint32_t)(start + wire.len);
    return true;
}

static void run_free(struct pinion_run *run)
{
    for (unsigned i = 0; i < run->count; i++)
        pinion__frame_unref(run->frames[i]);
    pinion__block_free(run->bytes, run->capacity);
    pinion__block_free(run, sizeof *run);
}

static struct pinion_run *run_new(struct pinion_frame *first, struct pinion_frame *second)
{
    struct pinion_run *run = pinion__block_new(sizeof *run);

    if (!run)
        return NULL;
    run->refs = 1;
    run->count = 0;
    run->starts[0] = 0;
    run->capacity = 0;
    run->bytes = NULL;
    if (pinion__run_add(run, first) && pinion__run_add(run, second))
        return run;
    run_free(run);
    return NULL;
}

static struct pinion_run *find(const struct pinion_runs *runs, const struct pinion_frame *first,
                               const struct pinion_frame *second)
{
    for (unsigned i = 0; i < PINION_RUNS; i++) {
        struct pinion_run *run = runs->latest[i];
        if (run && run->frames[0] == first && run->frames[1] == second)
            return run;
    }
    return NULL;
}

static struct pinion_run *begin(struct pinion_runs *runs, struct pinion_frame *first,
                                struct pinion_frame *second)
{
    struct pinion_run *run = run_new(first, second);

    if (!run)
        return NULL;
    first->begins_run = true;
    runs->latest[runs->next++ % PINION_RUNS] = run;
    return run;
}

struct pinion_run *pinion__run_of(struct pinion_runs *runs, struct pinion_frame *first,
                                  struct pinion_frame *second)
{
    struct pinion_run *run = first->begins_run ? find(runs, first, second) : NULL;

    if (run)
        run->refs++;
    else if (first->refs >= PINION_RUN_SHARED)
        run = begin(runs, first, second);
    return run;
}

static void forget(struct pinion_runs *runs, const struct pinion_run *run)
{
    for (unsigned i = 0; i < PINION_RUNS; i++) {
        if (runs->latest[i] == run)
            runs->latest[i] = NULL;
    }
}

void pinion__run_unref(struct pinion_runs *runs, struct pinion_run *run)
{
    assert(run->refs > 0);
    if (--run->refs > 0)
        return;
    forget(runs, run);
    run_free(run);
}
