#include "scripted_work.h"
#include "base/workers.h"
#include "elsewhere.h"

static struct pinion_task_queue line;
static size_t waiting;

int __wrap_pinion__workers_run(struct pinion_workers *workers, struct pinion_task *task);

int __wrap_pinion__workers_run(struct pinion_workers *workers, struct pinion_task *task)
{
    pinion__task_queue_push(&line, task);
    waiting++;
    return 0;
}

size_t scripted_work_waiting(void)
{
    return waiting;
}

static void do_it(void *data)
{
    struct pinion_task *task = *(struct pinion_task **)data;
    task->run(task);
}

bool scripted_work_do(size_t place)
{
    if (waiting == 0)
        return false;
    for (size_t i = place % waiting; i > 0; i--)
        pinion__task_queue_push(&line, pinion__task_queue_pop(&line));
    waiting--;
    struct pinion_task *task = pinion__task_queue_pop(&line);
    elsewhere(do_it, &task, sizeof task);
    return true;
}
