#include "engine/work.h"
#include "engine/callback.h"
#include "engine/channel_end.h"
#include "engine/handle.h"
#include "engine/late_join.h"
#include "engine/mail.h"
#include "engine/refused.h"
#include <stdlib.h>

/* ---- on the loop ---- */

static void outcome(struct pinion_channel *channel, pinion_result result, const struct pinion_work *work)
{
    struct pinion_slice ref = pinion__slice(work->ref, work->ref_len);
    if (channel->state == PINION_CHANNEL_JOINING && work->answers)
        work->answer(channel, result);
    else
        pinion__channel_outcome(channel, result, work->answers && work->message ? &ref : NULL, "done", NULL);
}

/* True when done began work of its own. That work owes the answer then. */
static bool goes_on(const struct pinion_channel *channel, const struct pinion_callback *callback,
                    const pinion_result *result)
{
    return callback->worked && result->kind == PINION_RESULT_LATER && channel->extra->work;
}

static pinion_result call_done(struct pinion_channel *channel, const struct pinion_work *work, int status,
                               struct pinion_callback *callback)
{
    struct pinion_shard *shard = channel->socket->shard;
    *callback = (struct pinion_callback){
        .name = "done",
        .channel = channel,
        .answer = work->answers ? work->answer : NULL,
        .message = work->answers && work->message,
        .ref = pinion__slice(work->ref, work->ref_len),
        .promise = work->promise,
    };
    pinion__callback_enter(shard, callback);
    pinion_result result = work->done(channel, status, work->data);
    pinion__callback_leave(shard);
    return result;
}

static void run_done(struct pinion_task *task)
{
    struct pinion_work *work = PINION_CONTAINER_OF(task, struct pinion_work, task);
    struct pinion_channel *channel = work->channel;
    if (pinion__late_join_accepted(channel)) {
        work->held = true; /* done always comes after after_join */
        return;
    }
    bool ended = channel->state >= PINION_CHANNEL_ENDING;
    struct pinion_callback callback;

    channel->extra->work = NULL;
    pinion_result result = call_done(channel, work, ended ? PINION_ECLOSED : 0, &callback);
    (void)pinion__promise_settle(&callback, &result); /* breaks the promise if nobody is left to answer */
    if (ended) {
        pinion_payload_unref(result.payload);
        pinion__channel_resume_end(channel);
    } else {
        if (goes_on(channel, &callback, &result))
            channel->extra->work->answers = work->answers;
        outcome(channel, result, work);
        pinion__mail_release_inbox(channel);
    }
    pinion__channel_unhold(channel);
    free(work);
}

/* ---- on a worker's thread ---- */

static void run_work(struct pinion_task *task)
{
    struct pinion_work *work = PINION_CONTAINER_OF(task, struct pinion_work, task);
    struct pinion_scheduler *scheduler = work->channel->socket->shard->scheduler;
    work->work(work->data);
    work->task.run = run_done;
    /* This cannot fail: the loop runs until its last channel is gone, and the cap does not count this task.
     */
    (void)pinion__scheduler_post(scheduler, &work->task, 0);
}

/* ---- public ---- */

static int begin(pinion_channel *channel, pinion_work_fn *work, pinion_done_fn *done, void *data)
{
    struct pinion_callback *running = channel->socket->shard->callback;
    struct pinion_callback *callback = running && running->channel == channel ? running : NULL;
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_slice ref = { NULL, 0 };

    if (channel->state >= PINION_CHANNEL_ENDING)
        return pinion__refuse(&(struct pinion_refused){ .call = "pinion_channel_work", .channel = channel },
                              PINION_ECLOSED);
    if (!extra)
        return PINION_ENOMEM;
    if (extra->work)
        return pinion__fail(PINION_EBUSY, "pinion_channel_work: the channel's earlier work is not done yet");
    if (callback && callback->message)
        ref = callback->ref;
    struct pinion_work *own = calloc(1, sizeof *own + ref.len);
    if (!own)
        return PINION_ENOMEM;
    own->task.run = run_work;
    own->channel = channel;
    own->work = work;
    own->done = done;
    own->data = data;
    own->answer = callback ? callback->answer : NULL;
    own->message = callback && callback->message;
    own->ref_len = ref.len;
    if (ref.len)
        memcpy(own->ref, ref.ptr, ref.len);
    if (callback && !(own->promise = pinion__promise_get(channel->socket, callback)) &&
        (callback->answer || callback->message)) {
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
    if (callback)
        callback->worked = true;
    return 0;
}

int pinion_channel_work(pinion_channel *channel, pinion_work_fn *work, pinion_done_fn *done, void *data)
{
    PINION_NEEDED(channel);
    PINION_NEEDED(work);
    PINION_NEEDED(done);
    PINION_ON_LOOP_OF(channel, return PINION_EINVAL);
    PINION_RETURN(begin(channel, work, done, data));
}
