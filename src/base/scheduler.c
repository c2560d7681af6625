/* Posted tasks come through the mailbox and wait in `posted`. Deferred tasks wait in `ready`. The next batch
 * is taken from the mailbox only after the last one is done: so the mailbox's cap also bounds what a loop has
 * taken and not run. */
#include "base/scheduler.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

/* Tasks of each kind, posted and deferred, in a turn. Then it is I/O's turn. */
#define RUN_MAX      1024
#define RUN_MS       10 /* and how long they take */
#define TASKS_A_LOOK 8  /* tasks between two looks at the clock */

static uint64_t monotonic_ms(void *context)
{
    return pinion__clock_ms();
}

int pinion__scheduler_new(struct pinion_scheduler **out, size_t mailbox_max, void (*wake)(void *),
                          void *wake_context, uint64_t (*clock)(void *), void *clock_context)
{
    struct pinion_scheduler *scheduler = calloc(1, sizeof(*scheduler));

    if (!scheduler)
        return PINION_ENOMEM;
    int rc = pinion__mailbox_init(&scheduler->mailbox, mailbox_max, wake, wake_context);
    if (rc) {
        free(scheduler);
        return rc;
    }
    atomic_init(&scheduler->refs, 1);
    atomic_init(&scheduler->bound, false);
    scheduler->clock = clock ? clock : monotonic_ms;
    scheduler->clock_context = clock_context;
    pinion__wheel_init(&scheduler->wheel, pinion__scheduler_now(scheduler));
    pinion__wheel_init(&scheduler->deadlines, scheduler->wheel.now);
    *out = scheduler;
    return 0;
}

struct pinion_scheduler *pinion__scheduler_ref(struct pinion_scheduler *scheduler)
{
    atomic_fetch_add_explicit(&scheduler->refs, 1, memory_order_relaxed);
    return scheduler;
}

void pinion__scheduler_unref(struct pinion_scheduler *scheduler)
{
    if (atomic_fetch_sub_explicit(&scheduler->refs, 1, memory_order_acq_rel) != 1)
        return;
    assert(pinion__task_queue_empty(&scheduler->posted));
    assert(pinion__task_queue_empty(&scheduler->ready));
    pinion__mailbox_destroy(&scheduler->mailbox);
    free(scheduler);
}

void pinion__scheduler_bind(struct pinion_scheduler *scheduler)
{
    scheduler->thread = pthread_self();
    atomic_store_explicit(&scheduler->bound, true, memory_order_release);
}

int pinion__scheduler_post(struct pinion_scheduler *scheduler, struct pinion_task *task, size_t bytes)
{
    return pinion__mailbox_put(&scheduler->mailbox, task, bytes);
}

void pinion__scheduler_defer(struct pinion_scheduler *scheduler, struct pinion_task *task)
{
    assert(pinion__scheduler_on_thread(scheduler));
    scheduler->deferred++;
    pinion__task_queue_push(&scheduler->ready, task);
}

void pinion__scheduler_defer_first(struct pinion_scheduler *scheduler, struct pinion_task_queue *tasks)
{
    assert(pinion__scheduler_on_thread(scheduler));
    scheduler->deferred++;
    pinion__task_queue_prepend(&scheduler->ready, tasks);
}

uint64_t pinion__scheduler_mark(const struct pinion_scheduler *scheduler)
{
    return scheduler->running ? scheduler->deferred : 0;
}

/* What may run before others have their turn. All zero but `max` at first. */
struct share {
    unsigned max;
    unsigned ran;
    uint64_t end; /* 0: nobody has looked at the clock yet */
};

/* Count one more task. Returns false when the share is used up. */
static bool use_share(const struct pinion_scheduler *scheduler, struct share *share)
{
    if (share->ran == share->max)
        return false;
    if (++share->ran % TASKS_A_LOOK != 0)
        return true;
    uint64_t now = pinion__scheduler_now(scheduler);
    if (share->end == 0)
        share->end = now + RUN_MS;
    return now < share->end;
}

/* Returns true when the queue is empty, false when the share is used up. */
static bool run_share(const struct pinion_scheduler *scheduler, struct pinion_task_queue *queue,
                      struct share *share)
{
    while (!pinion__task_queue_empty(queue)) {
        if (!use_share(scheduler, share))
            return false;
        struct pinion_task *task = pinion__task_queue_pop(queue);
        task->run(task);
    }
    return true;
}

void pinion__scheduler_drain(struct pinion_scheduler *scheduler)
{
    assert(pinion__scheduler_on_thread(scheduler));
    if (scheduler->running)
        return;
    scheduler->running = true;
    struct share share = { .max = RUN_MAX };
    (void)run_share(scheduler, &scheduler->ready, &share);
    scheduler->running = false;
}

/* While deferred tasks are left from the last turn, few posted ones add to them. */
static unsigned posted_max(const struct pinion_scheduler *scheduler)
{
    return pinion__task_queue_empty(&scheduler->ready) ? RUN_MAX : TASKS_A_LOOK;
}

/* Run posted tasks, up to their share. Returns false when the mailbox was empty: the next put then wakes the
 * loop. */
static bool run_posted(struct pinion_scheduler *scheduler)
{
    struct share share = { .max = posted_max(scheduler) };

    do {
        if (pinion__task_queue_empty(&scheduler->posted))
            pinion__mailbox_take(&scheduler->mailbox, &scheduler->posted);
        if (pinion__task_queue_empty(&scheduler->posted))
            return false;
    } while (run_share(scheduler, &scheduler->posted, &share));
    return true;
}

/* A time on the clock of the deadlines. */
static uint64_t counted(const struct pinion_scheduler *scheduler, uint64_t now)
{
    return now - scheduler->pauses.total;
}

/* True when a pause has just ended. */
static bool is_late(struct pinion_scheduler *scheduler, uint64_t now)
{
    bool late = scheduler->forgiving && pinion__pauses_notice(&scheduler->pauses, now);
    scheduler->pauses.expected = now;
    return late;
}

/* Deadlines are never spared twice in a row: if every turn were late, no client would ever be judged. */
static void fire_timers(struct pinion_scheduler *scheduler)
{
    uint64_t now = pinion__scheduler_now(scheduler);
    bool late = is_late(scheduler, now);

    scheduler->turn_ms = now;
    scheduler->spared = late && !scheduler->spared;
    pinion__wheel_advance(&scheduler->wheel, now);
    if (!scheduler->spared)
        pinion__wheel_advance(&scheduler->deadlines, counted(scheduler, now));
}

static uint64_t until_timer(struct pinion_scheduler *scheduler, uint64_t now)
{
    uint64_t next = pinion__scheduler_next(scheduler);
    if (next == UINT64_MAX)
        return UINT64_MAX;
    return next > now ? next - now : 0;
}

/* How long the loop may wait from now on, ms. */
static uint64_t plan(struct pinion_scheduler *scheduler, bool more)
{
    uint64_t log_due = pinion__log_limit_flush();
    uint64_t now = pinion__scheduler_now(scheduler);

    (void)is_late(scheduler, now);
    if (more || !pinion__task_queue_empty(&scheduler->ready))
        return 0;
    uint64_t wait = pinion__earlier(log_due, until_timer(scheduler, now));
    scheduler->pauses.expected = wait < UINT64_MAX - now ? now + wait : UINT64_MAX;
    return wait;
}

uint64_t pinion__scheduler_turn(struct pinion_scheduler *scheduler)
{
    assert(pinion__scheduler_on_thread(scheduler) && !scheduler->running);
    scheduler->running = true;
    bool more = run_posted(scheduler);
    fire_timers(scheduler);
    scheduler->running = false;
    pinion__scheduler_drain(scheduler);
    scheduler->turns++;
    return plan(scheduler, more);
}

uint64_t pinion__scheduler_now(const struct pinion_scheduler *scheduler)
{
    return scheduler->clock(scheduler->clock_context);
}

uint64_t pinion__scheduler_roughly(const struct pinion_scheduler *scheduler)
{
    bool kernels = scheduler->clock == monotonic_ms;
    return kernels ? pinion__clock_coarse_ms() : pinion__scheduler_now(scheduler);
}

static void set_timer(struct pinion_wheel *wheel, struct pinion_timer *timer, uint64_t now, uint64_t delay_ms)
{
    pinion__timer_set(wheel, timer, delay_ms < UINT64_MAX - now ? now + delay_ms : UINT64_MAX);
}

void pinion__scheduler_timer(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                             uint64_t delay_ms)
{
    assert(pinion__scheduler_on_thread(scheduler));
    set_timer(&scheduler->wheel, timer, pinion__scheduler_now(scheduler), delay_ms);
}

void pinion__scheduler_deadline(struct pinion_scheduler *scheduler, struct pinion_timer *timer,
                                uint64_t delay_ms)
{
    assert(pinion__scheduler_on_thread(scheduler));
    set_timer(&scheduler->deadlines, timer, counted(scheduler, pinion__scheduler_now(scheduler)), delay_ms);
}

uint64_t pinion__scheduler_since(const struct pinion_scheduler *scheduler, uint64_t then)
{
    return pinion__pauses_since(&scheduler->pauses, then, scheduler->turn_ms);
}

uint64_t pinion__scheduler_next(struct pinion_scheduler *scheduler)
{
    uint64_t timer = pinion__wheel_next(&scheduler->wheel);
    uint64_t deadline = pinion__wheel_next(&scheduler->deadlines);

    return deadline < UINT64_MAX ? pinion__earlier(timer, deadline + scheduler->pauses.total) : timer;
}

void pinion__scheduler_forgive(struct pinion_scheduler *scheduler)
{
    scheduler->pauses.expected = UINT64_MAX;
    scheduler->forgiving = true;
}

/* Returns true if there were any. */
static bool run_all(struct pinion_task_queue *queue)
{
    struct pinion_task *task;
    bool ran = false;

    while ((task = pinion__task_queue_pop(queue))) {
        task->run(task);
        ran = true;
    }
    return ran;
}

void pinion__scheduler_close(struct pinion_scheduler *scheduler)
{
    assert(pinion__scheduler_on_thread(scheduler) && !scheduler->running);
    pinion__mailbox_close(&scheduler->mailbox);
    scheduler->running = true;
    bool ran;
    do {
        if (pinion__task_queue_empty(&scheduler->posted))
            pinion__mailbox_take(&scheduler->mailbox, &scheduler->posted);
        ran = run_all(&scheduler->posted);
        ran |= run_all(&scheduler->ready);
    } while (ran);
    scheduler->running = false;
}
