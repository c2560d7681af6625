/* A few threads for work that would block a loop. Threads are started as work comes, up to the number
 * given; they block all signals. */
#ifndef PINION_BASE_WORKERS_H
#define PINION_BASE_WORKERS_H

#include "base/task.h"

struct pinion_workers;

/* No thread yet. PINION_EINVAL for 0 threads, PINION_ENOMEM. */
int pinion__workers_new(struct pinion_workers **out, unsigned max_threads);

/* Run task on one of the threads. Thread: any. PINION_ENOMEM when no thread could be started, PINION_ECLOSED
 * after stop; the task stays the caller's then. */
int pinion__workers_run(struct pinion_workers *workers, struct pinion_task *task);

/* Finish all that was accepted, join the threads, free. NULL is allowed. */
void pinion__workers_free(struct pinion_workers *workers);

#endif
