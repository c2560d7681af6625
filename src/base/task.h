/* A task: something to be run once, later. Intrusive. A queue of tasks is a loop's run queue, and the content
 * of a mailbox. A task must be all zero before its `run` is set. In builds with assertions, a task knows
 * whether it is queued, and queueing it twice ends the program. */
#ifndef PINION_BASE_TASK_H
#define PINION_BASE_TASK_H

#include "base/work.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct pinion_task {
    struct pinion_task *next;
    /* Runs the task. From here on the task owns itself: `run` frees it, or queues it again. */
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

/* Put all tasks of `first` before those of `queue`. `first` is empty then. */
static inline void pinion__task_queue_prepend(struct pinion_task_queue *queue,
                                              struct pinion_task_queue *first)
{
    if (!first->head)
        return;
    first->tail->next = queue->head;
    if (!queue->head)
        queue->tail = first->tail;
    queue->head = first->head;
    *first = (struct pinion_task_queue){ 0 };
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

/* The memory of the task is about to be freed: it must not be queued. Without assertions, this does
 * nothing. */
static inline void pinion__task_gone(const struct pinion_task *task)
{
    assert(!task->queued);
    (void)task;
}

#endif
