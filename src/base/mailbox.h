/* The mailbox of one loop: what other threads (and other loops) post to it.
 *
 * Many threads put, one takes. Order is kept per putting thread. The owner is woken once per batch: only
 * the put that finds the mailbox empty wakes. Capped in bytes, so that a loop that falls behind cannot
 * take all memory; what may not be lost is put with size 0 and is exempt.
 */
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
    atomic_uint waking;   /* calls of wake under way */
    atomic_ulong dropped; /* puts refused for the cap */
};

/* wake(context) is called from the putting thread, outside the lock; it may be NULL. */
int pinion__mailbox_init(struct pinion_mailbox *mailbox, size_t max_bytes, void (*wake)(void *),
                         void *context);

/* Requires an empty mailbox and no other user. */
void pinion__mailbox_destroy(struct pinion_mailbox *mailbox);

/* Hand over a task, which counts `bytes` against the cap. Thread: any. 0; PINION_EBUSY over the cap;
 * PINION_ECLOSED after close. On failure the task stays the caller's. */
int pinion__mailbox_put(struct pinion_mailbox *mailbox, struct pinion_task *task, size_t bytes);

/* Take all there is, in order, into an empty queue. Thread: the owner. */
void pinion__mailbox_take(struct pinion_mailbox *mailbox, struct pinion_task_queue *out);

/* Refuse all that comes from now on. What is inside stays to be taken. Once this returned, wake is not called
 * any more and no call of it is under way: its context may go. Idempotent; not to be called from wake. */
void pinion__mailbox_close(struct pinion_mailbox *mailbox);

#endif
