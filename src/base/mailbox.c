/* A queue under a lock that is held for a few instructions. Waking costs a system call, so it happens once
 * for each batch, outside the lock. `waking` lets close wait for a wake that is being called. */
#include "base/mailbox.h"
#include <assert.h>
#include <pinion/error.h>
#include <sched.h>

int pinion__mailbox_init(struct pinion_mailbox *mailbox, size_t max_bytes, void (*wake)(void *),
                         void *context)
{
    if (pinion__lock_init(&mailbox->lock, PINION_RANK_MAILBOX) != 0)
        return PINION_ENOMEM;
    mailbox->queue = (struct pinion_task_queue){ 0 };
    mailbox->bytes = 0;
    mailbox->max_bytes = max_bytes;
    mailbox->closed = false;
    mailbox->wake = wake;
    mailbox->context = context;
    atomic_init(&mailbox->waking, 0);
    atomic_init(&mailbox->dropped, 0);
    atomic_init(&mailbox->peak, 0);
    return 0;
}

void pinion__mailbox_destroy(struct pinion_mailbox *mailbox)
{
    assert(pinion__task_queue_empty(&mailbox->queue));
    pinion__lock_destroy(&mailbox->lock);
}

/* The caller holds the lock. *wake is set to whether the owner must be woken. */
static int put_locked(struct pinion_mailbox *mailbox, struct pinion_task *task, size_t bytes, bool *wake)
{
    if (mailbox->closed)
        return PINION_ECLOSED;
    if (bytes > 0 && !pinion__mailbox_has_room(mailbox->bytes, mailbox->max_bytes, bytes))
        return PINION_EBUSY;
    *wake = mailbox->wake && pinion__task_queue_empty(&mailbox->queue);
    if (*wake)
        atomic_fetch_add_explicit(&mailbox->waking, 1, memory_order_relaxed);
    pinion__task_queue_push(&mailbox->queue, task);
    mailbox->bytes += bytes;
    if (mailbox->bytes > atomic_load_explicit(&mailbox->peak, memory_order_relaxed))
        atomic_store_explicit(&mailbox->peak, mailbox->bytes, memory_order_relaxed);
    return 0;
}

int pinion__mailbox_put(struct pinion_mailbox *mailbox, struct pinion_task *task, size_t bytes)
{
    bool wake = false;

    pinion__lock(&mailbox->lock);
    int rc = put_locked(mailbox, task, bytes, &wake);
    pinion__unlock(&mailbox->lock);
    if (rc == PINION_EBUSY)
        atomic_fetch_add_explicit(&mailbox->dropped, 1, memory_order_relaxed);
    if (wake) {
        mailbox->wake(mailbox->context);
        atomic_fetch_sub_explicit(&mailbox->waking, 1, memory_order_release);
    }
    return rc;
}

void pinion__mailbox_take(struct pinion_mailbox *mailbox, struct pinion_task_queue *out)
{
    pinion__lock(&mailbox->lock);
    *out = mailbox->queue;
    mailbox->queue = (struct pinion_task_queue){ 0 };
    mailbox->bytes = 0;
    pinion__unlock(&mailbox->lock);
}

void pinion__mailbox_close(struct pinion_mailbox *mailbox)
{
    pinion__lock(&mailbox->lock);
    mailbox->closed = true;
    pinion__unlock(&mailbox->lock);
    while (atomic_load_explicit(&mailbox->waking, memory_order_acquire) != 0)
        sched_yield();
}
