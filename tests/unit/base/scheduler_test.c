/* The scheduler under a clock of the test's own, and with threads that post. */
#include "base/list.h"
#include "base/scheduler.h"
#include <pinion/error.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { MANY = 5000, THREADS = 3 };

static struct pinion_scheduler *scheduler;
static uint64_t clock_ms;
static char journal[200]; /* a letter per thing that ran */
static atomic_int wakes;

static void note(char letter)
{
    size_t length = strlen(journal);

    assert_true(length < sizeof(journal) - 1);
    journal[length] = letter;
}

static uint64_t read_clock(void *context)
{
    return *(uint64_t *)context;
}

static void count_wake(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static int start(void **state)
{
    clock_ms = 1000000;
    memset(journal, 0, sizeof(journal));
    atomic_store(&wakes, 0);
    int rc = pinion__scheduler_new(&scheduler, 1000, count_wake, &wakes, read_clock, &clock_ms);
    if (!rc)
        pinion__scheduler_bind(scheduler);
    return rc;
}

static int stop(void **state)
{
    pinion__scheduler_close(scheduler);
    pinion__scheduler_unref(scheduler);
    return 0;
}

/* A task that notes its letter, and may do one more thing. */
struct step {
    struct pinion_task task;
    char letter;
    struct step *defers;
    struct step *posts;
    bool drains;
};

static void run_step(struct pinion_task *task)
{
    struct step *step = PINION_CONTAINER_OF(task, struct step, task);

    note(step->letter);
    if (step->defers)
        pinion__scheduler_defer(scheduler, &step->defers->task);
    if (step->posts)
        assert_int_equal(pinion__scheduler_post(scheduler, &step->posts->task, 0), 0);
    if (step->drains) {
        pinion__scheduler_drain(scheduler);
        note('.');
    }
}

#define STEP(...)                                                                                            \
    {                                                                                                        \
        .task.run = run_step, __VA_ARGS__                                                                    \
    }

static void posts_over_the_cap_or_after_close_are_refused(void **state)
{
    struct step a = STEP(.letter = 'a'), b = STEP(.letter = 'b');

    assert_int_equal(pinion__scheduler_post(scheduler, &a.task, 1000), 0);
    assert_int_equal(pinion__scheduler_post(scheduler, &b.task, 1), PINION_EBUSY);
    assert_int_equal(pinion__scheduler_post(scheduler, &b.task, 0), 0);
    pinion__scheduler_close(scheduler);
    assert_string_equal(journal, "ab");
    assert_int_equal(pinion__scheduler_post(scheduler, &a.task, 0), PINION_ECLOSED);
}

static void an_idle_turn_plans_nothing(void **state)
{
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
    assert_int_equal(atomic_load(&wakes), 0);
}

static void deferred_tasks_run_in_order_and_include_what_they_defer(void **state)
{
    struct step c = STEP(.letter = 'c');
    struct step a = STEP(.letter = 'a', .defers = &c), b = STEP(.letter = 'b');

    pinion__scheduler_defer(scheduler, &a.task);
    pinion__scheduler_defer(scheduler, &b.task);
    assert_string_equal(journal, "");
    pinion__scheduler_drain(scheduler);
    assert_string_equal(journal, "abc");
    assert_int_equal(atomic_load(&wakes), 0);
}

static void what_is_deferred_first_runs_before_what_was_deferred(void **state)
{
    struct step d = STEP(.letter = 'd');
    struct step a = STEP(.letter = 'a'), b = STEP(.letter = 'b', .defers = &d), c = STEP(.letter = 'c');
    struct pinion_task_queue first = { 0 };

    pinion__scheduler_defer(scheduler, &c.task);
    pinion__task_queue_push(&first, &a.task);
    pinion__task_queue_push(&first, &b.task);
    pinion__scheduler_defer_first(scheduler, &first);
    assert_true(pinion__task_queue_empty(&first));
    pinion__scheduler_drain(scheduler);
    assert_string_equal(journal, "abcd");
}

static void nothing_runs_inside_a_task(void **state)
{
    struct step b = STEP(.letter = 'b', .drains = true);
    struct step a = STEP(.letter = 'a', .defers = &b, .drains = true);

    pinion__scheduler_defer(scheduler, &a.task);
    pinion__scheduler_drain(scheduler);
    assert_string_equal(journal, "a.b.");
}

static void nothing_runs_inside_a_posted_task(void **state)
{
    struct step b = STEP(.letter = 'b');
    struct step a = STEP(.letter = 'a', .defers = &b, .drains = true);

    assert_int_equal(pinion__scheduler_post(scheduler, &a.task, 1), 0);
    assert_int_equal(atomic_load(&wakes), 1);
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
    assert_string_equal(journal, "a.b");
}

static void a_post_made_in_a_turn_is_run(void **state)
{
    struct step b = STEP(.letter = 'b'), c = STEP(.letter = 'c');
    struct step a = STEP(.letter = 'a', .posts = &b), d = STEP(.letter = 'd', .posts = &c);

    assert_int_equal(pinion__scheduler_post(scheduler, &a.task, 1), 0);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "ab");
    pinion__scheduler_defer(scheduler, &d.task);
    int before = atomic_load(&wakes);
    pinion__scheduler_turn(scheduler); /* c comes after the mailbox was looked at: it must wake */
    assert_string_equal(journal, "abd");
    assert_int_equal(atomic_load(&wakes), before + 1);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "abdc");
}

struct restless {
    struct pinion_task task;
    long runs;
    bool enough;
};

static void run_again(struct pinion_task *task)
{
    struct restless *restless = PINION_CONTAINER_OF(task, struct restless, task);

    restless->runs++;
    if (!restless->enough)
        pinion__scheduler_defer(scheduler, task);
}

static void tasks_without_end_do_not_hold_the_loop(void **state)
{
    struct restless restless = { .task.run = run_again };
    struct step a = STEP(.letter = 'a');

    pinion__scheduler_defer(scheduler, &restless.task);
    pinion__scheduler_drain(scheduler);
    assert_in_range(restless.runs, 100, 100000);
    assert_int_equal(pinion__scheduler_post(scheduler, &a.task, 1), 0);
    assert_true(pinion__scheduler_turn(scheduler) == 0);
    assert_string_equal(journal, "a"); /* posts are not starved */
    restless.enough = true;
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
}

static struct pinion_task tasks[2 * MANY];
static int runs;

static void count_run(struct pinion_task *task)
{
    runs++;
}

static void post_exempt(int count)
{
    runs = 0;
    for (int i = 0; i < 2 * MANY; i++)
        tasks[i].run = count_run;
    for (int i = 0; i < count; i++)
        assert_int_equal(pinion__scheduler_post(scheduler, &tasks[i], 0), 0);
}

static void turn_until_idle(void)
{
    while (pinion__scheduler_turn(scheduler) == 0)
        ;
}

/* A loop that falls behind takes no second batch before the first is done: the cap holds, and nothing that
 * came meanwhile is forgotten, although its wake was used up. */
static void a_backlog_counts_against_the_cap_and_is_worked_off(void **state)
{
    int posted = MANY;

    post_exempt(MANY);
    assert_true(pinion__scheduler_turn(scheduler) == 0);
    assert_true(runs < MANY);
    while (pinion__scheduler_post(scheduler, &tasks[posted], 10) == 0)
        posted++;
    assert_int_equal(posted, MANY + 100);
    assert_true(pinion__scheduler_turn(scheduler) == 0);
    assert_int_equal(pinion__scheduler_post(scheduler, &tasks[posted], 10), PINION_EBUSY);
    turn_until_idle();
    assert_int_equal(runs, posted);
}

/* The wake of a post that comes during a backlog may be used up before its turn: the turn that ends the
 * backlog with its last run must not send the loop to sleep. */
static void a_post_behind_a_backlog_of_whole_turns_is_not_forgotten(void **state)
{
    post_exempt(MANY);
    pinion__scheduler_turn(scheduler);
    int per_turn = runs;
    turn_until_idle();

    post_exempt(2 * per_turn);
    assert_true(pinion__scheduler_turn(scheduler) == 0);
    assert_int_equal(pinion__scheduler_post(scheduler, &tasks[2 * per_turn], 0), 0);
    turn_until_idle();
    assert_int_equal(runs, 2 * per_turn + 1);
}

static void take_long(struct pinion_task *task)
{
    runs++;
    clock_ms += 3;
}

/* Tasks that take long: a few of each kind in a turn, so that I/O does not wait for all of them. */
static void slow_tasks_do_not_hold_the_loop(void **state)
{
    for (int i = 0; i < 200; i++) {
        tasks[i].run = take_long;
        if (i < 100)
            assert_int_equal(pinion__scheduler_post(scheduler, &tasks[i], 0), 0);
        else
            pinion__scheduler_defer(scheduler, &tasks[i]);
    }
    runs = 0;
    for (int before = 0; pinion__scheduler_turn(scheduler) == 0; before = runs)
        assert_in_range(runs - before, 2, 50);
    assert_int_equal(runs, 200);
}

/* A task that defers others, like a broadcast to channels that are called for it. */
struct cause {
    struct pinion_task task;
    struct pinion_task *effects;
};

enum { CAUSES = 3000, EFFECTS = 20, IN_A_TURN = 1024 };

static void defer_effects(struct pinion_task *task)
{
    const struct cause *cause = PINION_CONTAINER_OF(task, struct cause, task);

    for (int i = 0; i < EFFECTS; i++)
        pinion__scheduler_defer(scheduler, &cause->effects[i]);
}

static void what_posts_cause_does_not_pile_up(void **state)
{
    static struct cause causes[CAUSES];
    static struct pinion_task effects[CAUSES * EFFECTS];
    int most = 0;

    runs = 0;
    for (int i = 0; i < CAUSES * EFFECTS; i++)
        effects[i].run = count_run;
    for (int i = 0; i < CAUSES; i++) {
        causes[i] = (struct cause){ .task.run = defer_effects, .effects = &effects[EFFECTS * i] };
        assert_int_equal(pinion__scheduler_post(scheduler, &causes[i].task, 0), 0);
    }
    while (pinion__scheduler_turn(scheduler) == 0) {
        int left = (int)scheduler->deferred - runs;
        most = left > most ? left : most;
    }
    assert_int_equal(runs, CAUSES * EFFECTS);
    assert_in_range(most, IN_A_TURN, IN_A_TURN * EFFECTS); /* as many as the first turn leaves */
}

struct alarm_clock {
    struct pinion_timer timer;
    char letter;
    uint64_t again_ms; /* 0: no */
    struct step *defers;
};

static void ring(struct pinion_timer *timer)
{
    struct alarm_clock *alarm = PINION_CONTAINER_OF(timer, struct alarm_clock, timer);

    note(alarm->letter);
    if (alarm->defers)
        pinion__scheduler_defer(scheduler, &alarm->defers->task);
    pinion__scheduler_drain(scheduler); /* does nothing here */
    note('.');
    if (alarm->again_ms)
        pinion__scheduler_timer(scheduler, timer, alarm->again_ms);
}

static void timers_fire_when_due_and_tell_how_long_to_wait(void **state)
{
    struct step a = STEP(.letter = 'a');
    struct alarm_clock soon = { .letter = 's', .again_ms = 30, .defers = &a };
    struct alarm_clock late = { .letter = 'l' };

    pinion__timer_init(&soon.timer, ring);
    pinion__timer_init(&late.timer, ring);
    pinion__scheduler_timer(scheduler, &late.timer, 50);
    pinion__scheduler_timer(scheduler, &soon.timer, 20);
    assert_in_range(pinion__scheduler_turn(scheduler), 1, 20);
    clock_ms += 19;
    assert_int_equal(pinion__scheduler_turn(scheduler), 1);
    assert_string_equal(journal, "");
    clock_ms += 1;
    assert_in_range(pinion__scheduler_turn(scheduler), 1, 30);
    assert_string_equal(journal, "s.a");
    soon.again_ms = 0;
    soon.defers = NULL;
    clock_ms += 1000;
    assert_true(pinion__scheduler_turn(scheduler) == UINT64_MAX);
    assert_string_equal(journal, "s.al.s.");
}

static void a_timer_of_no_delay_fires_in_the_next_turn(void **state)
{
    struct alarm_clock alarm = { .letter = 'x' };

    pinion__timer_init(&alarm.timer, ring);
    pinion__scheduler_turn(scheduler);
    pinion__scheduler_timer(scheduler, &alarm.timer, 0);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "x.");
}

static void an_endless_delay_does_not_wrap_around(void **state)
{
    struct alarm_clock alarm = { .letter = 'x' };

    pinion__timer_init(&alarm.timer, ring);
    pinion__scheduler_timer(scheduler, &alarm.timer, UINT64_MAX);
    clock_ms += 1000000;
    assert_true(pinion__scheduler_turn(scheduler) > 1000000);
    assert_string_equal(journal, "");
    pinion__timer_cancel(&alarm.timer);
}

/* Pauses: a turn that comes late */

static struct alarm_clock deadline_in(char letter, uint64_t delay_ms)
{
    return (struct alarm_clock){ .letter = letter, .timer.due = delay_ms };
}

static void set_deadline(struct alarm_clock *alarm)
{
    uint64_t delay_ms = alarm->timer.due;

    pinion__timer_init(&alarm->timer, ring);
    pinion__scheduler_deadline(scheduler, &alarm->timer, delay_ms);
}

/* Turns as planned, until so many letters are noted. */
static void turns_until(size_t letters)
{
    uint64_t wait = 0;

    while (strlen(journal) < letters) {
        assert_int_not_equal(wait, UINT64_MAX);
        clock_ms += wait;
        wait = pinion__scheduler_turn(scheduler);
    }
}

static void a_deadline_is_a_timer_while_no_turn_is_late(void **state)
{
    struct alarm_clock alarm = deadline_in('d', 500);

    pinion__scheduler_forgive(scheduler);
    set_deadline(&alarm);
    assert_true(pinion__scheduler_turn(scheduler) <= 500);
    assert_true(pinion__scheduler_next(scheduler) <= clock_ms + 500);
    turns_until(1);
    assert_int_equal(clock_ms, 1000500);
}

static void a_pause_does_not_count_for_deadlines(void **state)
{
    struct alarm_clock deadline = deadline_in('d', 500), alarm = { .letter = 't' };

    pinion__scheduler_forgive(scheduler);
    set_deadline(&deadline);
    pinion__timer_init(&alarm.timer, ring);
    pinion__scheduler_timer(scheduler, &alarm.timer, 500);
    uint64_t planned = pinion__scheduler_turn(scheduler);
    clock_ms += planned + 60000;
    uint64_t resumed_ms = clock_ms;
    assert_int_equal(pinion__scheduler_turn(scheduler), 0); /* I/O comes first */
    assert_string_equal(journal, "t.");
    turns_until(strlen("t.d."));
    assert_string_equal(journal, "t.d.");
    assert_true(clock_ms - resumed_ms < 500);
}

static void a_deadline_set_before_a_pause_keeps_what_was_left(void **state)
{
    struct alarm_clock alarm = deadline_in('d', 5000);

    pinion__scheduler_forgive(scheduler);
    set_deadline(&alarm);
    pinion__scheduler_turn(scheduler);
    clock_ms += 1;
    struct step wake = STEP(.letter = 'w');
    assert_int_equal(pinion__scheduler_post(scheduler, &wake.task, 0), 0);
    pinion__scheduler_turn(scheduler);
    uint64_t planned_ms = pinion__scheduler_next(scheduler);
    clock_ms = planned_ms + 7000;
    pinion__scheduler_turn(scheduler);
    turns_until(strlen(journal) + 1);
    assert_int_equal(clock_ms, 1005000 + 7000 - PINION_PAUSE_MS);
}

static void hold_up(struct pinion_task *task)
{
    clock_ms += 30000;
}

static void a_callback_that_does_not_return_is_a_pause(void **state)
{
    struct alarm_clock alarm = deadline_in('d', 5000);
    struct pinion_task task = { .run = hold_up };
    uint64_t then = clock_ms;

    pinion__scheduler_forgive(scheduler);
    set_deadline(&alarm);
    uint64_t planned = pinion__scheduler_turn(scheduler); /* it might have slept as long: that counts */
    assert_true(planned < 30000);
    assert_int_equal(pinion__scheduler_post(scheduler, &task, 0), 0);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "");
    assert_int_equal(pinion__scheduler_since(scheduler, then), planned + PINION_PAUSE_MS);
    pinion__scheduler_defer(scheduler, &task);
    pinion__scheduler_turn(scheduler);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "");
    assert_int_equal(pinion__scheduler_since(scheduler, then), planned + 2 * PINION_PAUSE_MS);
    pinion__timer_cancel(&alarm.timer);
}

/* A server that has too much to do still finds those who are gone. */
static void deadlines_come_where_every_turn_is_late(void **state)
{
    struct alarm_clock alarm = deadline_in('d', 10000);
    unsigned turns = 0;

    pinion__scheduler_forgive(scheduler);
    set_deadline(&alarm);
    pinion__scheduler_turn(scheduler);
    for (; journal[0] == 0; turns++) {
        assert_true(turns < 10000);
        clock_ms = pinion__scheduler_next(scheduler) + 250;
        pinion__scheduler_turn(scheduler);
    }
    assert_true(turns > 1);
}

static void without_forgiveness_all_time_counts(void **state)
{
    struct alarm_clock alarm = deadline_in('d', 500);

    set_deadline(&alarm);
    pinion__scheduler_turn(scheduler);
    clock_ms += 60000;
    pinion__scheduler_turn(scheduler);
    assert_string_equal(journal, "d.");
    assert_int_equal(pinion__scheduler_since(scheduler, 1000000), 60000);
}

static void close_runs_everything_but_timers(void **state)
{
    struct step d = STEP(.letter = 'd'), c = STEP(.letter = 'c', .defers = &d);
    struct step b = STEP(.letter = 'b', .defers = &c), a = STEP(.letter = 'a');
    struct alarm_clock alarm = { .letter = 'x' };

    pinion__timer_init(&alarm.timer, ring);
    pinion__scheduler_timer(scheduler, &alarm.timer, 0);
    pinion__scheduler_defer(scheduler, &a.task);
    assert_int_equal(pinion__scheduler_post(scheduler, &b.task, 1), 0);
    pinion__scheduler_close(scheduler);
    assert_string_equal(journal, "bacd");
    assert_true(pinion__timer_active(&alarm.timer));
    pinion__timer_cancel(&alarm.timer);
}

static void *post_to_a_closed_loop(void *weak)
{
    static struct step step = STEP(.letter = 'z');
    intptr_t rc = pinion__scheduler_post(weak, &step.task, 0);

    rc = pinion__scheduler_on_thread(weak) ? 1 : rc;
    pinion__scheduler_unref(weak);
    return (void *)rc;
}

static void a_weak_handle_outlives_the_loop(void **state)
{
    struct pinion_scheduler *weak;
    pthread_t thread;
    void *result;

    assert_int_equal(pinion__scheduler_new(&weak, 100, NULL, NULL, NULL, NULL), 0);
    assert_true(pinion__scheduler_on_thread(weak)); /* none was bound yet */
    pinion__scheduler_bind(weak);
    assert_true(pinion__scheduler_on_thread(weak));
    assert_ptr_equal(pinion__scheduler_ref(weak), weak);
    pinion__scheduler_close(weak);
    pinion__scheduler_unref(weak);
    assert_int_equal(pthread_create(&thread, NULL, post_to_a_closed_loop, weak), 0);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, PINION_ECLOSED);
}

static void the_system_clock_is_the_default(void **state)
{
    struct pinion_scheduler *real;
    struct timespec time;

    assert_int_equal(pinion__scheduler_new(&real, 100, NULL, NULL, NULL, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t before = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
    assert_in_range(pinion__scheduler_now(real), before, before + 60000);
    pinion__scheduler_close(real);
    pinion__scheduler_unref(real);
}

/* A loop on a thread of its own, woken through a semaphore. */
struct loop {
    struct pinion_scheduler *scheduler;
    sem_t woken;
    int next[THREADS];
    int out_of_order;
    int received;
};

struct parcel {
    struct pinion_task task;
    struct loop *loop;
    int thread;
    int number;
};

struct sender {
    struct loop *loop;
    int thread;
    int refused;
};

static void wake_loop(void *woken)
{
    sem_post(woken);
}

static void receive(struct pinion_task *task)
{
    struct parcel *parcel = PINION_CONTAINER_OF(task, struct parcel, task);
    struct loop *loop = parcel->loop;

    loop->out_of_order += parcel->number < loop->next[parcel->thread];
    loop->next[parcel->thread] = parcel->number + 1;
    loop->received++;
    free(parcel);
}

static void *run_loop(void *argument)
{
    struct loop *loop = argument;

    pinion__scheduler_bind(loop->scheduler);
    while (loop->received < THREADS * MANY / 2) {
        if (pinion__scheduler_turn(loop->scheduler) != 0)
            sem_wait(&loop->woken);
    }
    pinion__scheduler_close(loop->scheduler); /* while the senders go on */
    return NULL;
}

static void *send_parcels(void *argument)
{
    struct sender *sender = argument;

    for (int i = 0; i < MANY; i++) {
        struct parcel *parcel = malloc(sizeof(*parcel));
        *parcel = (struct parcel){ { .run = receive }, sender->loop, sender->thread, i };
        if (pinion__scheduler_post(sender->loop->scheduler, &parcel->task, i % 2) != 0) {
            sender->refused++;
            free(parcel);
        }
    }
    pinion__scheduler_unref(sender->loop->scheduler);
    return NULL;
}

static void each_post_from_a_thread_is_run_in_order_or_refused(void **state)
{
    struct loop loop = { 0 };
    struct sender senders[THREADS];
    pthread_t threads[THREADS], loop_thread;
    int refused = 0;

    sem_init(&loop.woken, 0, 0);
    assert_int_equal(pinion__scheduler_new(&loop.scheduler, SIZE_MAX, wake_loop, &loop.woken, NULL, NULL), 0);
    assert_int_equal(pthread_create(&loop_thread, NULL, run_loop, &loop), 0);
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){ &loop, i, 0 };
        pinion__scheduler_ref(loop.scheduler);
        assert_int_equal(pthread_create(&threads[i], NULL, send_parcels, &senders[i]), 0);
    }
    pthread_join(loop_thread, NULL);
    sem_destroy(&loop.woken); /* close promised that nobody wakes any more */
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        refused += senders[i].refused;
    }
    assert_int_equal(loop.out_of_order, 0);
    assert_int_equal(loop.received + refused, THREADS * MANY);
    pinion__scheduler_unref(loop.scheduler);
}

#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLOCK(posts_over_the_cap_or_after_close_are_refused),
        WITH_CLOCK(an_idle_turn_plans_nothing),
        WITH_CLOCK(deferred_tasks_run_in_order_and_include_what_they_defer),
        WITH_CLOCK(what_is_deferred_first_runs_before_what_was_deferred),
        WITH_CLOCK(nothing_runs_inside_a_task),
        WITH_CLOCK(nothing_runs_inside_a_posted_task),
        WITH_CLOCK(a_post_made_in_a_turn_is_run),
        WITH_CLOCK(tasks_without_end_do_not_hold_the_loop),
        WITH_CLOCK(a_backlog_counts_against_the_cap_and_is_worked_off),
        WITH_CLOCK(a_post_behind_a_backlog_of_whole_turns_is_not_forgotten),
        WITH_CLOCK(slow_tasks_do_not_hold_the_loop),
        WITH_CLOCK(what_posts_cause_does_not_pile_up),
        WITH_CLOCK(timers_fire_when_due_and_tell_how_long_to_wait),
        WITH_CLOCK(a_timer_of_no_delay_fires_in_the_next_turn),
        WITH_CLOCK(an_endless_delay_does_not_wrap_around),
        WITH_CLOCK(a_deadline_is_a_timer_while_no_turn_is_late),
        WITH_CLOCK(a_pause_does_not_count_for_deadlines),
        WITH_CLOCK(a_deadline_set_before_a_pause_keeps_what_was_left),
        WITH_CLOCK(a_callback_that_does_not_return_is_a_pause),
        WITH_CLOCK(deadlines_come_where_every_turn_is_late),
        WITH_CLOCK(without_forgiveness_all_time_counts),
        WITH_CLOCK(close_runs_everything_but_timers),
        cmocka_unit_test(a_weak_handle_outlives_the_loop),
        cmocka_unit_test(the_system_clock_is_the_default),
        cmocka_unit_test(each_post_from_a_thread_is_run_in_order_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
