/* Work on another thread. The channel is busy until done has run on the loop. */
#ifndef PINION_ENGINE_WORK_H
#define PINION_ENGINE_WORK_H

#include "engine/channel.h"
#include "engine/promise.h"

struct pinion_work {
    struct pinion_task task;        /* on a worker's queue, then in the loop's mailbox */
    struct pinion_channel *channel; /* held */
    pinion_work_fn *work;
    pinion_done_fn *done;
    void *data;
    pinion_answer_fn *answer;       /* begun in a join: takes the join's answer; else NULL */
    bool held;                      /* done waits until the channel has joined */
    bool answers;                   /* what done returns answers the join or the message */
    bool message;                   /* begun in handle_in: `ref` is the message's */
    struct pinion_promise *promise; /* of the callback it was begun in, referenced; done takes it over */
    size_t ref_len;
    char ref[]; /* JSON text */
};

/* The callback that began the work has returned pinion_later(): what done returns is the answer. */
static inline void pinion__work_answers(struct pinion_channel *channel)
{
    if (channel->extra->work)
        channel->extra->work->answers = true;
}

/* The channel has joined, or ends: a done that waited for this runs now. */
static inline void pinion__work_release_done(struct pinion_channel *channel)
{
    struct pinion_work *work = channel->extra ? channel->extra->work : NULL;
    if (!work || !work->held)
        return;
    work->held = false;
    pinion__scheduler_defer(channel->socket->shard->scheduler, &work->task);
}

#endif
