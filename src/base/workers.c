/* One queue, and any number of threads on it. A thread is started when there are more tasks than idle
 * threads. It stays until the end. */
#include "base/workers.h"
#include "base/lock.h"
#include <pinion/error.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct pinion_workers {
    struct pinion_lock lock;
    pthread_cond_t changed; /* a task came, or the end */
    struct pinion_task_queue queue;
    unsigned queued; /* tasks in the queue */
    unsigned idle;   /* threads that wait, including those just signalled */
    bool stopping;
    unsigned started;
    unsigned max_threads;
    pthread_t threads[]; /* room for max_threads; the first `started` exist */
};

int pinion__workers_new(struct pinion_workers **out, unsigned max_threads)
{
    struct pinion_workers *workers;

    if (max_threads == 0)
        return PINION_EINVAL;
    workers = calloc(1, sizeof(*workers) + max_threads * sizeof(workers->threads[0]));
    if (!workers)
        return PINION_ENOMEM;
    pinion__lock_init(&workers->lock, PINION_RANK_WORKERS);
    pthread_cond_init(&workers->changed, NULL);
    workers->max_threads = max_threads;
    *out = workers;
    return 0;
}

/* The next task; NULL when none is left and none will come. The caller holds the lock. */
static struct pinion_task *await_task(struct pinion_workers *workers)
{
    while (pinion__task_queue_empty(&workers->queue)) {
        if (workers->stopping)
            return NULL;
        workers->idle++;
        pinion__lock_wait(&workers->lock, &workers->changed);
        workers->idle--;
    }
    workers->queued--;
    return pinion__task_queue_pop(&workers->queue);
}

static void *work(void *argument)
{
    struct pinion_workers *workers = argument;
    struct pinion_task *task;

    pinion__lock(&workers->lock);
    while ((task = await_task(workers))) {
        pinion__unlock(&workers->lock);
        task->run(task);
        pinion__lock(&workers->lock);
    }
    pinion__unlock(&workers->lock);
    return NULL;
}

/* Signals belong to the application's threads: the new thread inherits a mask that blocks them all. */
static int start_thread(struct pinion_workers *workers)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&workers->threads[workers->started], NULL, work, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return PINION_ENOMEM;
    workers->started++;
    return 0;
}

/* The caller holds the lock. A thread that cannot be started is an error only if there is no other. */
static int accept_task(struct pinion_workers *workers, struct pinion_task *task)
{
    if (workers->stopping)
        return PINION_ECLOSED;
    if (workers->queued >= workers->idle && workers->started < workers->max_threads) {
        int rc = start_thread(workers);
        if (rc && workers->started == 0)
            return rc;
    }
    pinion__task_queue_push(&workers->queue, task);
    workers->queued++;
    pthread_cond_signal(&workers->changed);
    return 0;
}

int pinion__workers_run(struct pinion_workers *workers, struct pinion_task *task)
{
    pinion__lock(&workers->lock);
    int rc = accept_task(workers, task);
    pinion__unlock(&workers->lock);
    return rc;
}

void pinion__workers_free(struct pinion_workers *workers)
{
    if (!workers)
        return;
    pinion__lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->changed);
    pinion__unlock(&workers->lock);
    for (unsigned i = 0; i < workers->started; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->changed);
    pinion__lock_destroy(&workers->lock);
    free(workers);
}
