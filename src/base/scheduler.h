/* What a loop runs besides its I/O: tasks posted by other threads, timers, and callbacks that this loop
 * deferred. It has no file descriptors. The I/O engine calls pinion__scheduler_turn() and is woken through a
 * function. A test does both itself, and controls the clock.
 *
 * No callback of the application ever runs inside another. What a callback causes is queued here, and
 * pinion__scheduler_drain() starts it after that callback has returned.
 *
 * A timer that judges a client by its silence is a deadline. A pause (pauses.h) does not count for it, and no
 * deadline is due in the turn after a pause: I/O comes first, and brings what clients have sent meanwhile. */
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
    uint64_t turns;                   /* completed turns, since the start */
    uint64_t turn_ms;                 /* when timers were fired last, ms */
    bool forgiving;                   /* pauses are looked for */
    bool spared;                      /* the last turn was late, so no deadline was due in it */
    struct pinion_task_queue posted;  /* taken from the mailbox, not run yet */
    struct pinion_task_queue ready;   /* deferred, not run yet */
    bool running;                     /* a task or a timer is running */
    uint64_t deferred;                /* how often something was deferred, since the start */
    uint64_t (*clock)(void *context); /* milliseconds, monotonic */
    void *clock_context;
    void *owner; /* the engine's struct for this loop; the scheduler does not use it */
    pthread_t thread;
    atomic_bool bound; /* `thread` is set */
};

/* Make a scheduler with one reference. If clock is NULL, it uses the system's monotonic clock. A post from
 * another thread calls wake(context), which makes the loop take a turn. */
int pinion__scheduler_new(struct pinion_scheduler **out, size_t mailbox_max, void (*wake)(void *),
                          void *wake_context, uint64_t (*clock)(void *), void *clock_context);

/* Weak handles hold references, and may outlive the loop. Thread: any. */
struct pinion_scheduler *pinion__scheduler_ref(struct pinion_scheduler *scheduler);
void pinion__scheduler_unref(struct pinion_scheduler *scheduler);

/* The calling thread is the loop's from now on. */
void pinion__scheduler_bind(struct pinion_scheduler *scheduler);

/* True on the loop's thread, and on any thread before one was bound. */
static inline bool pinion__scheduler_on_thread(const struct pinion_scheduler *scheduler)
{
    return !atomic_load_explicit(&scheduler->bound, memory_order_acquire) ||
           pthread_equal(scheduler->thread, pthread_self());
}

/* Run `task` on the loop. `bytes` counts against the mailbox's cap; 0 is exempt. Thread: any. Errors: as
 * pinion__mailbox_put; the caller keeps the task. */
int pinion__scheduler_post(struct pinion_scheduler *scheduler, struct pinion_task *task, size_t bytes);

/* Run `task` after the current callback. Thread: the loop's. */
void pinion__scheduler_defer(struct pinion_scheduler *scheduler, struct pinion_task *task);

/* Run tasks after the current callback, before all that are deferred already. `tasks` is empty then. Thread:
 * the loop's. */
void pinion__scheduler_defer_first(struct pinion_scheduler *scheduler, struct pinion_task_queue *tasks);

/* A mark that changes when a task is deferred while another one runs. A task that does several things
 * compares it after each. If it has changed, the task defers the rest of its work, which then runs after what
 * it caused. Thread: the loop's. */
uint64_t pinion__scheduler_mark(const struct pinion_scheduler *scheduler);

/* Run deferred tasks, and those that they defer, up to a bound that lets I/O have its turn. Inside a task or
 * a timer this does nothing. Thread: the loop's. */
void pinion__scheduler_drain(struct pinion_scheduler *scheduler);

/* Take a turn: posted tasks, due timers, deferred tasks, log lines that were held back. Returns how many
 * milliseconds the loop may wait until the next turn: 0 when there is more to do, UINT64_MAX when nothing is
 * planned. */
uint64_t pinion__scheduler_turn(struct pinion_scheduler *scheduler);

uint64_t pinion__scheduler_now(const struct pinion_scheduler *scheduler);

/* The time of the kernel's last tick: up to ten milliseconds old, at a tenth of the cost. */
uint64_t pinion__scheduler_roughly(const struct pinion_scheduler *scheduler);

/* Set a timer to `delay_ms` from now. Thread: the loop's. */
void pinion__scheduler_timer(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                             uint64_t delay_ms);

/* The same for a deadline: a timer that judges a client. */
void pinion__scheduler_deadline(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                                uint64_t delay_ms);

/* The time from `then` (of scheduler_now or scheduler_roughly) to the timers of this turn, without pauses.
 * For timers. */
uint64_t pinion__scheduler_since(const struct pinion_scheduler *scheduler, uint64_t then);

/* The earliest time at which a timer may be due, on the scheduler's clock. UINT64_MAX when none is set. */
uint64_t pinion__scheduler_next(struct pinion_scheduler *scheduler);

/* From now on, a turn that comes later than planned counts as a pause. Until this is called, all time counts:
 * a test that controls the clock lets time jump. Thread: the loop's. */
void pinion__scheduler_forgive(struct pinion_scheduler *scheduler);

/* Accept no more posts, make no more calls of wake, and run all tasks until none is left. Timers do not fire
 * any more. Thread: the loop's, but not inside a task or a timer. */
void pinion__scheduler_close(struct pinion_scheduler *scheduler);

#endif
