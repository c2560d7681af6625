#include "transport/websocket_pongs.h"

#define LOOK_MS 1000

/* The queue shares the frame with us for as long as it waits there. */
static bool one_waits(const struct pinion_pongs *pongs)
{
    return pongs->queued && pongs->queued->refs > 1;
}

static void queue(struct pinion_pongs *pongs, struct pinion_frame *pong)
{
    pinion__frame_unref(pongs->queued);
    pongs->queued = pinion__frame_ref(pong);
    (void)pinion__conn_queue(pongs->conn, pong);
}

static void look_later(struct pinion_pongs *pongs)
{
    if (!pinion__timer_active(&pongs->timer))
        pinion__scheduler_deadline(pongs->scheduler, &pongs->timer, LOOK_MS);
}

static void on_timer(struct pinion_timer *timer)
{
    struct pinion_pongs *pongs = PINION_CONTAINER_OF(timer, struct pinion_pongs, timer);
    enum pinion_progress_seen seen =
        pinion__progress_look(&pongs->progress, pongs->conn, LOOK_MS, pongs->limit_ms);
    if (seen == PINION_PROGRESS_STALLED) {
        pongs->stalled(pongs);
        return;
    }
    pinion__pongs_go_on(pongs);
    if (pongs->held)
        look_later(pongs);
}

void pinion__pongs_init(struct pinion_pongs *pongs, struct pinion_conn *conn,
                        struct pinion_scheduler *scheduler, uint32_t limit_ms)
{
    *pongs = (struct pinion_pongs){ .conn = conn, .scheduler = scheduler };
    pongs->limit_ms = limit_ms < PINION_STALL_MS ? limit_ms : PINION_STALL_MS;
    pinion__timer_init(&pongs->timer, on_timer);
}

void pinion__pongs_release(struct pinion_pongs *pongs)
{
    pinion__timer_cancel(&pongs->timer);
    pinion__frame_unref(pongs->queued);
    pinion__frame_unref(pongs->held);
    pongs->queued = NULL;
    pongs->held = NULL;
}

void pinion__pongs_answer(struct pinion_pongs *pongs, struct pinion_frame *pong)
{
    if (!pongs->held && !one_waits(pongs)) {
        queue(pongs, pong);
        return;
    }
    if (!pongs->held)
        pongs->progress = (struct pinion_progress){ 0 };
    pinion__frame_unref(pongs->held);
    pongs->held = pong;
    look_later(pongs);
}

void pinion__pongs_go_on(struct pinion_pongs *pongs)
{
    struct pinion_frame *pong = pongs->held;
    if (!pong || one_waits(pongs))
        return;
    pongs->held = NULL;
    queue(pongs, pong);
}

bool pinion__pongs_idle(const struct pinion_pongs *pongs)
{
    return !pongs->held && !one_waits(pongs);
}
