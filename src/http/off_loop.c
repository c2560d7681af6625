/* Work of requests on another thread. The request lives until `done` has returned. */
#include "base/scheduler.h"
#include "base/workers.h"
#include "http/call.h"
#include "http/http.h"
#include <stdlib.h>

struct work {
    struct pinion_task task; /* on a worker's queue, then in the loop's mailbox */
    pinion_request *request;
    pinion_work_fn *work;
    pinion_request_done_fn *done;
    void *data;
};

static void call_done(void *data)
{
    const struct work *work = data;
    work->done(work->request, work->request->http || work->request->answered ? 0 : PINION_ECLOSED,
               work->data);
}

/* On the loop. */
static void run_done(struct pinion_task *task)
{
    struct work *work = PINION_CONTAINER_OF(task, struct work, task);
    pinion_request *request = work->request;
    request->works--;
    request->server->works--;
    pinion__request_guard(request, "done", call_done, work);
    free(work);
    pinion__request_settle(request);
}

/* On a worker's thread. The loop runs until its last work is done. If it has failed, nobody else uses the
 * request any more. */
static void run_work(struct pinion_task *task)
{
    struct work *work = PINION_CONTAINER_OF(task, struct work, task);
    work->work(work->data);
    work->task.run = run_done;
    if (pinion__scheduler_post(work->request->scheduler, &work->task, 0) == 0)
        return;
    work->request->works--;
    call_done(work);
    pinion__request_settle(work->request);
    free(work);
}

int pinion__request_work_on(pinion_request *request, struct pinion_workers *workers, pinion_work_fn *work,
                            pinion_request_done_fn *done, void *data)
{
    int rc = pinion__request_open(request);
    if (!rc)
        rc = pinion__request_keep(request);
    struct work *own = rc ? NULL : calloc(1, sizeof *own);
    if (!own)
        return rc ? rc : PINION_ENOMEM;
    own->task.run = run_work;
    own->request = request;
    own->work = work;
    own->done = done;
    own->data = data;
    request->works++;
    request->server->works++;
    rc = pinion__workers_run(workers ? workers : request->server->workers, &own->task);
    if (!rc)
        return 0;
    request->works--;
    request->server->works--;
    free(own);
    return rc;
}

int pinion_request_work(pinion_request *request, pinion_work_fn *work, pinion_request_done_fn *done,
                        void *data)
{
    PINION_NEEDED(request);
    PINION_NEEDED(work);
    PINION_NEEDED(done);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, pinion__request_work_on(request, NULL, work, done, data));
}
