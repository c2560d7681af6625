#include "io/progress.h"

#define LOOKS_IN_STALL 8
#define LOOKS_IN_LIMIT 4

static void begin_anew(struct pinion_progress *progress, uint32_t acked, size_t left)
{
    progress->acked = acked;
    progress->wanted = left < PINION_PROGRESS_LEAST ? (uint32_t)left : PINION_PROGRESS_LEAST;
    progress->still_ms = 0;
}

enum pinion_progress_seen pinion__progress_look(struct pinion_progress *progress,
                                                const struct pinion_conn *conn, uint32_t since_ms,
                                                uint32_t stall_ms)
{
    size_t left = pinion__conn_unacked(conn);
    if (left == 0) {
        *progress = (struct pinion_progress){ 0 };
        return PINION_PROGRESS_DONE;
    }
    uint32_t acked = pinion__conn_acked(conn);
    if (progress->wanted == 0 || acked - progress->acked >= progress->wanted) {
        begin_anew(progress, acked, left);
        return PINION_PROGRESS_MOVES;
    }
    progress->still_ms += since_ms;
    return progress->still_ms < stall_ms ? PINION_PROGRESS_STANDS : PINION_PROGRESS_STALLED;
}

static uint32_t at_least_1(uint32_t ms)
{
    return ms ? ms : 1;
}

/* Look often enough for both limits while something is left to acknowledge. */
static uint32_t next_step(const struct pinion_patience *patience)
{
    uint32_t of_stall = at_least_1(patience->stall_ms / LOOKS_IN_STALL);
    uint32_t of_limit = at_least_1(patience->limit_ms / LOOKS_IN_LIMIT);
    return patience->limit_ms == 0 || of_stall < of_limit ? of_stall : of_limit;
}

uint32_t pinion__patience_begin(struct pinion_patience *patience, uint32_t limit_ms, uint32_t stall_ms)
{
    patience->limit_ms = limit_ms;
    patience->left_ms = limit_ms;
    patience->stall_ms = stall_ms;
    patience->step_ms = next_step(patience);
    return patience->step_ms;
}

uint32_t pinion__patience_look(struct pinion_patience *patience, const struct pinion_conn *conn)
{
    bool waited = patience->progress.wanted > 0;
    switch (pinion__progress_look(&patience->progress, conn, patience->step_ms, patience->stall_ms)) {
    case PINION_PROGRESS_STALLED:
        return 0;
    case PINION_PROGRESS_MOVES:
    case PINION_PROGRESS_STANDS:
        patience->left_ms = patience->limit_ms;
        patience->step_ms = next_step(patience);
        return patience->step_ms;
    case PINION_PROGRESS_DONE:
        break;
    }
    if (waited)
        patience->left_ms = patience->limit_ms; /* the time has only just begun */
    else
        patience->left_ms -= patience->step_ms < patience->left_ms ? patience->step_ms : patience->left_ms;
    patience->step_ms = patience->left_ms;
    return patience->left_ms;
}
