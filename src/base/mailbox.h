/* The mailbox of a loop: tasks that other threads and other loops post to it.
 *
 * Many threads put tasks, one takes them. The tasks of one thread stay in order. The owner is woken once for
 * each batch: by the put that finds the mailbox empty. The mailbox has a cap in bytes, so that a loop that
 * falls behind cannot take all memory. A task that is larger than the cap has room when nothing else waits. A
 * task that must not be lost is put with size 0, to which the cap does not apply. */
#ifndef PINION_BASE_MAILBOX_H
#define PINION_BASE_MAILBOX_H

#include "base/lock.h"
#include "base/task.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct pinion_mailbox {
    struct pinion_lock lock;
    struct pinion_task_queue queue; /* under lock */
    size_t bytes;                   /* under lock */
    size_t max_bytes;
    bool closed; /* under lock */
    void (*wake)(void *context);
    void *context;
    atomic_uint waking;   /* calls of wake that have not returned */
    atomic_ulong dropped; /* puts that the cap refused */
    atomic_size_t peak;   /* the most bytes that it has held; written under lock */
};

/* The rule of every mailbox: whether `bytes` more may wait where `waiting` do, and no more than `max` may.
 * What is larger than the cap has room when nothing else waits. Otherwise nobody could ever send it. */
static inline bool pinion__mailbox_has_room(size_t waiting, size_t max, size_t bytes)
{
    return waiting == 0 || (waiting <= max && bytes <= max - waiting);
}

/* wake(context) is called on the putting thread, outside the lock. wake may be NULL. */
int pinion__mailbox_init(struct pinion_mailbox *mailbox, size_t max_bytes, void (*wake)(void *),
                         void *context);

/* The mailbox must be empty, and nobody else may use it. */
void pinion__mailbox_destroy(struct pinion_mailbox *mailbox);

/* Hand over a task, which counts `bytes` against the cap. On an error the caller keeps the task.
 * PINION_EBUSY: the cap; PINION_ECLOSED: it was closed. Thread: any. */
int pinion__mailbox_put(struct pinion_mailbox *mailbox, struct pinion_task *task, size_t bytes);

/* Take all tasks, in order. `out` must be empty. Thread: the owner. */
void pinion__mailbox_take(struct pinion_mailbox *mailbox, struct pinion_task_queue *out);

/* Refuse all tasks from now on. Tasks inside can still be taken. After it has returned, no call of wake is
 * running or will be made, so its context may be freed. It may be called again, but not from wake. */
void pinion__mailbox_close(struct pinion_mailbox *mailbox);

#endif
