/* Work that belongs to no channel and no client. Its done runs on the loop that began it; if it was begun
 * elsewhere, on the first loop that has not ended. */
#include "base/misuse.h"
#include "engine/callback.h"
#include "engine/here.h"
#include <stdlib.h>

struct endpoint_work {
    struct pinion_task task;    /* on a worker's queue, then in the loop's mailbox */
    struct pinion_shard *shard; /* where done runs */
    pinion_work_fn *work;
    pinion_endpoint_done_fn *done;
    void *data;
};

/* ---- on the loop ---- */

static void run_done(struct pinion_task *task)
{
    struct endpoint_work *work = PINION_CONTAINER_OF(task, struct endpoint_work, task);
    struct pinion_shard *shard = work->shard;
    struct pinion_callback callback = { .name = "done", .off_loop = "pinion_endpoint_work" };

    atomic_fetch_sub_explicit(&shard->hub->works, 1, memory_order_relaxed);
    if (work->done) {
        pinion__callback_enter(shard, &callback);
        work->done(pinion__endpoint_of(shard->hub), work->data);
        pinion__callback_leave(shard);
    }
    pinion__begun_remove(&shard->begun);
    free(work);
}

/* ---- on a worker's thread ---- */

static void run_work(struct pinion_task *task)
{
    struct endpoint_work *work = PINION_CONTAINER_OF(task, struct endpoint_work, task);
    work->work(work->data);
    work->task.run = run_done;
    (void)pinion__scheduler_post(work->shard->scheduler, &work->task, 0); /* cannot fail: begun.h */
}

/* ---- public ---- */

/* The loop where done is to run. It does not end before that. NULL: all have ended. */
static struct pinion_shard *take_shard(struct pinion_hub *hub)
{
    struct pinion_shard *here = pinion__hub_here(hub);
    if (here && pinion__begun_add(&here->begun, true))
        return here;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        if (hub->shards[i] != here && pinion__begun_add(&hub->shards[i]->begun, false))
            return hub->shards[i];
    }
    return NULL;
}

static int hand_over(struct pinion_hub *hub, struct endpoint_work *work)
{
    work->shard = take_shard(hub);
    if (!work->shard)
        return pinion__fail(PINION_ECLOSED, "pinion_endpoint_work: the endpoint has stopped");
    int rc = pinion__workers_run(hub->workers, &work->task);
    if (rc)
        pinion__begun_remove(&work->shard->begun);
    return rc;
}

static int begin(struct pinion_hub *hub, pinion_work_fn *work, pinion_endpoint_done_fn *done, void *data)
{
    struct endpoint_work *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    *own = (struct endpoint_work){ .task.run = run_work, .work = work, .done = done, .data = data };
    int rc = PINION_EBUSY;
    if (atomic_fetch_add_explicit(&hub->works, 1, memory_order_relaxed) < hub->max_work)
        rc = hand_over(hub, own);
    else
        (void)pinion__fail(rc, "pinion_endpoint_work: %zu are not done yet (max_work)", hub->max_work);
    if (rc) {
        atomic_fetch_sub_explicit(&hub->works, 1, memory_order_relaxed);
        free(own);
    }
    return rc;
}

int pinion_endpoint_work(pinion_endpoint *endpoint, pinion_work_fn *work, pinion_endpoint_done_fn *done,
                         void *data)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(work);
    PINION_RETURN(begin(pinion__hub_of(endpoint), work, done, data));
}
