/* What one loop has to run besides its I/O: tasks posted by other threads, timers, and the run queue of
 * callbacks that an act of this loop caused. No file descriptors: the I/O engine calls
 * pinion__scheduler_turn() and is woken through a function; a test does both by hand and owns the clock.
 *
 * No callback of the application ever runs inside another: whatever an act causes is queued here and
 * started by pinion__scheduler_drain() when the callback that acted has returned.
 *
 * A timer that judges a client, since nothing came from it, is a deadline. Time in which the loop itself was
 * away (pauses.h) does not count for it, and in the turn that follows such a time none is due: first there is
 * I/O once more, which brings what clients have sent meanwhile.
 */
#ifndef PINION_BASE_SCHEDULER_H
#define PINION_BASE_SCHEDULER_H

#include "base/mailbox.h"
#include "base/pauses.h"
#include "base/task.h"
#include "base/wheel.h"

struct pinion_scheduler {
    atomic_uint refs;
    struct pinion_mailbox mailbox;
    struct pinion_wheel wheel;
    struct pinion_wheel deadlines; /* its clock stands still during pauses */
    struct pinion_pauses pauses;
    uint64_t turns;                   /* that are over, ever */
    uint64_t turn_ms;                 /* when timers were fired last */
    bool forgiving;                   /* pauses are looked for */
    bool spared;                      /* in the last turn no deadline was due, since it came late */
    struct pinion_task_queue posted;  /* taken from the mailbox, not yet run */
    struct pinion_task_queue ready;   /* deferred */
    bool running;                     /* a task or a timer is running */
    uint64_t deferred;                /* tasks, ever */
    uint64_t (*clock)(void *context); /* milliseconds, monotonic */
    void *clock_context;
    void *owner; /* the engine's struct for this loop; not touched here */
    pthread_t thread;
    atomic_bool bound; /* thread is set */
};

/* A scheduler with one reference. clock may be NULL: the system's monotonic clock.
 * wake(context) is what a post from another thread calls to make the loop take a turn. */
int pinion__scheduler_new(struct pinion_scheduler **out, size_t mailbox_max, void (*wake)(void *),
                          void *wake_context, uint64_t (*clock)(void *), void *clock_context);

/* References are held by weak handles, which may outlive the loop. Thread: any. */
struct pinion_scheduler *pinion__scheduler_ref(struct pinion_scheduler *scheduler);
void pinion__scheduler_unref(struct pinion_scheduler *scheduler);

/* This thread is the loop's from now on. */
void pinion__scheduler_bind(struct pinion_scheduler *scheduler);

/* True on the loop's thread (or before any was bound). */
static inline bool pinion__scheduler_on_thread(const struct pinion_scheduler *scheduler)
{
    return !atomic_load_explicit(&scheduler->bound, memory_order_acquire) ||
           pthread_equal(scheduler->thread, pthread_self());
}

/* Run `task` on the loop, from any thread. `bytes` counts against the mailbox's cap, 0 is exempt.
 * Errors as pinion__mailbox_put; the task stays the caller's then. */
int pinion__scheduler_post(struct pinion_scheduler *scheduler, struct pinion_task *task, size_t bytes);

/* Run `task` after the current callback. Thread: the loop's. */
void pinion__scheduler_defer(struct pinion_scheduler *scheduler, struct pinion_task *task);

/* A mark that moves when something is deferred that cannot run before the caller returns, for it is a task
 * itself. Who acts several times in one task lets go in between when the mark has moved: it defers the rest
 * of its work, and so goes on behind what it caused. Thread: the loop's. */
uint64_t pinion__scheduler_mark(const struct pinion_scheduler *scheduler);

/* Run what is deferred, and what that defers, up to a bound that keeps I/O alive. Within a task or a timer
 * this does nothing.
 * Thread: the loop's. */
void pinion__scheduler_drain(struct pinion_scheduler *scheduler);

/* One turn: posted tasks, due timers, deferred tasks, log lines that were held back. Returns how many
 * milliseconds the loop may wait until the next turn: 0 when there is more to do, UINT64_MAX when nothing is
 * planned. */
uint64_t pinion__scheduler_turn(struct pinion_scheduler *scheduler);

uint64_t pinion__scheduler_now(const struct pinion_scheduler *scheduler);

/* The same by the kernel's last tick: up to ten milliseconds behind, and a tenth of the price. */
uint64_t pinion__scheduler_roughly(const struct pinion_scheduler *scheduler);

/* Set a timer `delay_ms` from now. Thread: the loop's. */
void pinion__scheduler_timer(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                             uint64_t delay_ms);

/* The same for a timer that judges a client. */
void pinion__scheduler_deadline(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                                uint64_t delay_ms);

/* How long `then` (of scheduler_now or scheduler_roughly) was before this turn's timers, without what does
 * not count for deadlines. For timers. */
uint64_t pinion__scheduler_since(const struct pinion_scheduler *scheduler, uint64_t then);

/* When a timer is due next at the earliest, on the scheduler's clock; UINT64_MAX when none is set. */
uint64_t pinion__scheduler_next(struct pinion_scheduler *scheduler);

/* From now on a turn that comes later than the last one had planned tells of a pause. Until this is called,
 * all time counts: a test that owns the clock lets time leap. Thread: the loop's. */
void pinion__scheduler_forgive(struct pinion_scheduler *scheduler);

/* No more posts, and no more calls of wake; run everything that is inside, until nothing is left. Timers do
 * not fire any more. Thread: the loop's, not from within a task or a timer. */
void pinion__scheduler_close(struct pinion_scheduler *scheduler);

#endif
