/* Work off the loop: the channel is busy until done has run on it. */
#include "engine/channel.h"
#include "engine/refused.h"
#include <stdlib.h>

struct pinion_work {
    struct pinion_task task;        /* on a worker's queue, then in the loop's mailbox */
    struct pinion_channel *channel; /* held */
    pinion_work_fn *work;
    pinion_done_fn *done;
    void *data;
    bool held;    /* done waits until the channel has joined */
    bool answers; /* what done returns answers a join or a message */
    bool message; /* a message, with this ref */
    struct pinion_promise
        *promise; /* referenced: of the callback it was begun in; done's call takes it over */
    size_t ref_len;
    char ref[];
};

/* ---- on the loop ---- */

static void outcome(struct pinion_channel *channel, pinion_result result, const struct pinion_work *work)
{
    struct pinion_slice ref = pinion__slice(work->ref, work->ref_len);
    if (channel->state == PINION_CHANNEL_JOINING && work->answers)
        pinion__join_answer(channel, result);
    else
        pinion__channel_outcome(channel, result, work->answers && work->message ? &ref : NULL, "done", NULL);
}

/* Whether done began work of its own, which then inherits the answer. */
static bool goes_on(const struct pinion_channel *channel, const struct pinion_call *call,
                    const pinion_result *result)
{
    return call->worked && result->kind == PINION_RESULT_LATER && channel->extra->work;
}

static pinion_result call_done(struct pinion_channel *channel, const struct pinion_work *work, int status,
                               struct pinion_call *call)
{
    struct pinion_shard *shard = channel->socket->shard;
    *call = (struct pinion_call){
        .callback = "done",
        .channel = channel,
        .join = work->answers && !work->message,
        .message = work->answers && work->message,
        .ref = pinion__slice(work->ref, work->ref_len),
        .promise = work->promise,
    };
    pinion__call_enter(shard, call);
    pinion_result result = work->done(channel, status, work->data);
    pinion__call_leave(shard);
    return result;
}

static void run_done(struct pinion_task *task)
{
    struct pinion_work *work = PINION_CONTAINER_OF(task, struct pinion_work, task);
    struct pinion_channel *channel = work->channel;
    if (pinion__join_is_accepted(
            channel)) { /* done comes after after_join, as where there is nothing to wait for */
        work->held = true;
        return;
    }
    bool ended = channel->state >= PINION_CHANNEL_ENDING;
    struct pinion_call call;

    channel->extra->work = NULL;
    pinion_result result = call_done(channel, work, ended ? PINION_ECLOSED : 0, &call);
    (void)pinion__promise_settle(&call, &result); /* the last who could answer has gone, if it did not */
    if (ended) {
        pinion_payload_unref(result.payload);
        pinion__channel_resume_end(channel);
    } else {
        if (goes_on(channel, &call, &result))
            channel->extra->work->answers = work->answers;
        outcome(channel, result, work);
        pinion__mail_release_inbox(channel);
    }
    pinion__channel_unhold(channel);
    free(work);
}

void pinion__work_release_done(struct pinion_channel *channel)
{
    struct pinion_work *work = channel->extra ? channel->extra->work : NULL;
    if (!work || !work->held)
        return;
    work->held = false;
    pinion__scheduler_defer(channel->socket->shard->scheduler, &work->task);
}

/* ---- on a worker's thread ---- */

static void run_work(struct pinion_task *task)
{
    struct pinion_work *work = PINION_CONTAINER_OF(task, struct pinion_work, task);
    struct pinion_scheduler *scheduler = work->channel->socket->shard->scheduler;
    work->work(work->data);
    work->task.run = run_done;
    /* Cannot fail: a loop goes on until the last of its channels is gone, and this is exempt from the cap. */
    (void)pinion__scheduler_post(scheduler, &work->task, 0);
}

/* ---- public ---- */

void pinion__work_answers(struct pinion_channel *channel)
{
    if (channel->extra->work)
        channel->extra->work->answers = true;
}

static int begin(pinion_channel *channel, pinion_work_fn *work, pinion_done_fn *done, void *data)
{
    struct pinion_call *running = channel->socket->shard->call;
    struct pinion_call *call = running && running->channel == channel ? running : NULL;
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_slice ref = { NULL, 0 };

    if (channel->state >= PINION_CHANNEL_ENDING)
        return pinion__refuse(&(struct pinion_refused){ .call = "pinion_channel_work", .channel = channel },
                              PINION_ECLOSED);
    if (!extra)
        return PINION_ENOMEM;
    if (extra->work)
        return pinion__fail(PINION_EBUSY, "pinion_channel_work: the channel's earlier work is not done yet");
    if (call && call->message)
        ref = call->ref;
    struct pinion_work *own = calloc(1, sizeof *own + ref.len);
    if (!own)
        return PINION_ENOMEM;
    own->task.run = run_work;
    own->channel = channel;
    own->work = work;
    own->done = done;
    own->data = data;
    own->message = call && call->message;
    own->ref_len = ref.len;
    if (ref.len)
        memcpy(own->ref, ref.ptr, ref.len);
    if (call && !(own->promise = pinion__promise_get(channel->socket, call)) &&
        (call->join || call->message)) {
        free(own);
        return PINION_ENOMEM;
    }
    int rc = pinion__workers_run(channel->socket->shard->hub->workers, &own->task);
    if (rc) {
        pinion__promise_unref(own->promise);
        free(own);
        return rc;
    }
    pinion__channel_hold(channel);
    extra->work = own;
    if (call)
        call->worked = true;
    return 0;
}

int pinion_channel_work(pinion_channel *channel, pinion_work_fn *work, pinion_done_fn *done, void *data)
{
    PINION_NEEDED(channel);
    PINION_NEEDED(work);
    PINION_NEEDED(done);
    PINION_ON_LOOP(channel->socket, return PINION_EINVAL);
    PINION_RETURN(begin(channel, work, done, data));
}
