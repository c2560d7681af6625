/* The workers: all accepted work is done by the time free returns, on as many threads as asked for. */
#include "base/list.h"
#include "base/workers.h"
#include <pinion/error.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TASKS = 5000, THREADS = 3 };

static void no_threads_are_refused(void **state)
{
    struct pinion_workers *workers = NULL;

    assert_int_equal(pinion__workers_new(&workers, 0), PINION_EINVAL);
    assert_null(workers);
    pinion__workers_free(NULL);
}

static void free_without_work_ends(void **state)
{
    struct pinion_workers *workers;

    assert_int_equal(pinion__workers_new(&workers, THREADS), 0);
    pinion__workers_free(workers);
}

struct job {
    struct pinion_task task;
    atomic_int *done;
};

static void do_job(struct pinion_task *task)
{
    struct job *job = PINION_CONTAINER_OF(task, struct job, task);

    atomic_fetch_add(job->done, 1);
    free(job);
}

static int run_job(struct pinion_workers *workers, atomic_int *done)
{
    struct job *job = malloc(sizeof(*job));
    *job = (struct job){ { .run = do_job }, done };

    int rc = pinion__workers_run(workers, &job->task);
    if (rc)
        free(job);
    return rc;
}

static void free_finishes_all_that_was_accepted(void **state)
{
    for (unsigned threads = 1; threads <= THREADS; threads++) {
        struct pinion_workers *workers;
        atomic_int done = 0;

        assert_int_equal(pinion__workers_new(&workers, threads), 0);
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(run_job(workers, &done), 0);
        pinion__workers_free(workers);
        assert_int_equal(atomic_load(&done), TASKS);
    }
}

/* Keeps handing over work until it is refused, which only free brings about. */
struct persistent {
    struct pinion_task task;
    struct pinion_workers *workers;
    atomic_int accepted;
    atomic_int done;
    int refusal;
};

static void run_until_refused(struct pinion_task *task)
{
    struct persistent *persistent = PINION_CONTAINER_OF(task, struct persistent, task);

    while ((persistent->refusal = run_job(persistent->workers, &persistent->done)) == 0) {
        atomic_fetch_add(&persistent->accepted, 1);
        sched_yield();
    }
}

static void work_handed_over_during_free_is_done_or_refused(void **state)
{
    struct persistent persistent = { .task.run = run_until_refused };

    assert_int_equal(pinion__workers_new(&persistent.workers, 1), 0);
    assert_int_equal(pinion__workers_run(persistent.workers, &persistent.task), 0);
    while (atomic_load(&persistent.accepted) == 0)
        sched_yield();
    pinion__workers_free(persistent.workers);
    assert_int_equal(persistent.refusal, PINION_ECLOSED);
    assert_int_equal(atomic_load(&persistent.done), atomic_load(&persistent.accepted));
}

static pthread_barrier_t meeting;
static atomic_int present;
static atomic_int most_present;

static void meet(struct pinion_task *task)
{
    int count = atomic_fetch_add(&present, 1) + 1;
    int most = atomic_load(&most_present);

    while (count > most && !atomic_compare_exchange_weak(&most_present, &most, count))
        ;
    pthread_barrier_wait(&meeting);
    atomic_fetch_sub(&present, 1);
}

/* Two rounds: in the second, threads that became idle or are about to must not be counted on twice. */
static void work_runs_on_all_threads_at_once_and_on_no_more(void **state)
{
    struct pinion_task tasks[2 * THREADS] = { 0 };
    struct pinion_workers *workers;

    pthread_barrier_init(&meeting, NULL, THREADS);
    assert_int_equal(pinion__workers_new(&workers, THREADS), 0);
    for (int i = 0; i < 2 * THREADS; i++) {
        tasks[i].run = meet;
        assert_int_equal(pinion__workers_run(workers, &tasks[i]), 0);
    }
    pinion__workers_free(workers); /* never returns if fewer than THREADS run at once */
    assert_int_equal(atomic_load(&most_present), THREADS);
    pthread_barrier_destroy(&meeting);
}

static sigset_t mask_of_worker;

static void read_mask(struct pinion_task *task)
{
    pthread_sigmask(SIG_SETMASK, NULL, &mask_of_worker);
}

static void workers_block_signals_and_the_caller_does_not(void **state)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE };
    struct pinion_task task = { .run = read_mask };
    struct pinion_workers *workers;
    sigset_t mine;

    assert_int_equal(pinion__workers_new(&workers, 1), 0);
    assert_int_equal(pinion__workers_run(workers, &task), 0);
    pinion__workers_free(workers);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        assert_true(sigismember(&mask_of_worker, signals[i]));
        assert_false(sigismember(&mine, signals[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_threads_are_refused),
        cmocka_unit_test(free_without_work_ends),
        cmocka_unit_test(free_finishes_all_that_was_accepted),
        cmocka_unit_test(work_handed_over_during_free_is_done_or_refused),
        cmocka_unit_test(work_runs_on_all_threads_at_once_and_on_no_more),
        cmocka_unit_test(workers_block_signals_and_the_caller_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
