#include "actor/work.h"
#include "actor/call.h"
#include "actor/handle.h"
#include <stdlib.h>

struct pinion_actor_work {
    struct pinion_task task;    /* on a worker's queue, then in the loop's mailbox */
    struct pinion_actor *actor; /* it does not end before done */
    pinion_work_fn *work;
    pinion_actor_done_fn *done;
    void *data;
    pinion_call *call; /* what done answers, used; NULL: nothing */
};

/* ---- on the loop ---- */

/* True when done began work of its own, and returned pinion_later(). That work owes the answer then. */
static bool goes_on(const struct pinion_actor *actor, const struct pinion_actor_work *work,
                    const pinion_result *result)
{
    return result->kind == PINION_RESULT_LATER && work->call && pinion__actor_busy(actor);
}

static void run_done(struct pinion_task *task)
{
    struct pinion_actor_work *work = PINION_CONTAINER_OF(task, struct pinion_actor_work, task);
    struct pinion_actor *actor = pinion__actor_ref(work->actor);
    struct pinion_shard *shard = actor->shard;
    bool ends = actor->state_of_life >= PINION_ACTOR_ENDING;
    actor->extra->work = NULL;
    pinion_result result = pinion__actor_call_done(actor, work->done, ends ? PINION_ECLOSED : 0, work->data);
    if (goes_on(actor, work, &result))
        pinion__actor_work_answers(actor, work->call);
    if (ends) {
        pinion_payload_unref(result.payload);
        pinion__actor_resume_end(actor);
    } else {
        pinion__actor_outcome(actor, result, work->call, "done", NULL);
        pinion__actor_schedule(actor);
    }
    if (work->call)
        pinion__call_unuse(work->call);
    free(work);
    pinion__begun_remove(&shard->begun);
    pinion__actor_unref(actor);
}

void pinion__actor_work_answers(struct pinion_actor *actor, pinion_call *call)
{
    struct pinion_actor_work *work = actor->extra->work;
    if (!work->call)
        work->call = pinion__call_use(call);
}

/* ---- on a worker's thread ---- */

static void run_work(struct pinion_task *task)
{
    struct pinion_actor_work *work = PINION_CONTAINER_OF(task, struct pinion_actor_work, task);
    struct pinion_scheduler *scheduler = work->actor->scheduler;
    work->work(work->data);
    work->task.run = run_done;
    /* This cannot fail: the loop runs until its last actor has ended, and the cap does not count this task.
     */
    (void)pinion__scheduler_post(scheduler, &work->task, 0);
}

/* ---- public ---- */

static int begin(struct pinion_actor *actor, pinion_work_fn *work, pinion_actor_done_fn *done, void *data)
{
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return pinion__actor_refuse(actor, "pinion_actor_work", NULL, NULL, PINION_ECLOSED,
                                    PINION_ACTOR_ENDS);
    struct pinion_actor_extra *extra = pinion__actor_extra(actor);
    if (extra && extra->work)
        return pinion__fail(PINION_EBUSY, "pinion_actor_work: the actor's earlier work is not done yet");
    struct pinion_actor_work *own = extra ? calloc(1, sizeof *own) : NULL;
    if (!own)
        return PINION_ENOMEM;
    *own = (struct pinion_actor_work){ .task.run = run_work, .actor = actor, .work = work };
    own->done = done;
    own->data = data;
    extra->work = own;
    int rc = pinion__begun_run(actor->shard, &own->task);
    if (rc) {
        extra->work = NULL;
        free(own);
    }
    return rc;
}

int pinion_actor_work(pinion_actor *actor, pinion_work_fn *work, pinion_actor_done_fn *done, void *data)
{
    PINION_NEEDED(actor);
    PINION_NEEDED(work);
    PINION_NEEDED(done);
    PINION_ON_LOOP_OF_ACTOR(actor, return PINION_EINVAL);
    PINION_RETURN(begin(actor, work, done, data));
}
