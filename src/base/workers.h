/* A few threads for work that would block a loop. Threads are started as work comes, up to a limit. They
 * block all signals. */
#ifndef PINION_BASE_WORKERS_H
#define PINION_BASE_WORKERS_H

#include "base/task.h"

struct pinion_workers;

/* Starts no thread yet. PINION_EINVAL: max_threads is 0; PINION_ENOMEM. */
int pinion__workers_new(struct pinion_workers **out, unsigned max_threads);

/* Run a task on one of the threads. On an error the caller keeps the task. PINION_ENOMEM: no thread could be
 * started; PINION_ECLOSED: they were stopped. Thread: any. */
int pinion__workers_run(struct pinion_workers *workers, struct pinion_task *task);

/* Finish all tasks that were accepted, join the threads, and free. workers may be NULL. */
void pinion__workers_free(struct pinion_workers *workers);

#endif
