/* A task: something to be run once, later. Intrusive; the queue is the run queue of a loop, and the
 * content of a mailbox. A task must be all zero before it is given its `run`; in builds with assertions it
 * knows whether it is queued, and one that is queued twice ends the program there. */
#ifndef PINION_BASE_TASK_H
#define PINION_BASE_TASK_H

#include "base/work.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct pinion_task {
    struct pinion_task *next;
    /* Runs the task. It owns itself from here: run frees it, or queues it again. */
    void (*run)(struct pinion_task *task);
#ifndef NDEBUG
    bool queued;
#endif
};

/* First in, first out. All zero is an empty queue. */
struct pinion_task_queue {
    struct pinion_task *head;
    struct pinion_task *tail;
};

static inline bool pinion__task_queue_empty(const struct pinion_task_queue *queue)
{
    return queue->head == NULL;
}

static inline void pinion__task_queue_push(struct pinion_task_queue *queue, struct pinion_task *task)
{
    assert(!task->queued);
#ifndef NDEBUG
    task->queued = true;
#endif
    task->next = NULL;
    PINION_WORK(1);
    if (queue->head)
        queue->tail->next = task;
    else
        queue->head = task;
    queue->tail = task;
}

static inline struct pinion_task *pinion__task_queue_pop(struct pinion_task_queue *queue)
{
    struct pinion_task *task = queue->head;
    if (task) {
        assert(task->queued);
#ifndef NDEBUG
        task->queued = false;
#endif
        queue->head = task->next;
        task->next = NULL;
    }
    return task;
}

/* The memory that the task lies in is freed: it must not be queued. Nothing without assertions. */
static inline void pinion__task_gone(const struct pinion_task *task)
{
    assert(!task->queued);
    (void)task;
}

#endif
