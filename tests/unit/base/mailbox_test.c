/* The mailbox: refusals, waking, and several threads that put while one takes. */
#include "base/list.h"
#include "base/mailbox.h"
#include <pinion/error.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS = 4, LETTERS = 20000 };

struct letter {
    struct pinion_task task; /* never run here, only handed over */
    int thread;
    int number;
};

static void count_wake(void *count)
{
    ++*(int *)count;
}

static void over_the_cap_is_refused_and_counted(void **state)
{
    struct letter letters[4] = { 0 };
    struct pinion_task_queue out = { 0 };
    struct pinion_mailbox mailbox;

    assert_int_equal(pinion__mailbox_init(&mailbox, 100, NULL, NULL), 0);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[0].task, 60), 0);
    assert_int_equal(atomic_load(&mailbox.peak), 60);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[2].task, 41), PINION_EBUSY);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[2].task, SIZE_MAX), PINION_EBUSY);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[2].task, 40), 0);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, 1), PINION_EBUSY);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, SIZE_MAX), PINION_EBUSY);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, 0), 0); /* exempt */
    assert_int_equal(atomic_load(&mailbox.dropped), 4);
    assert_int_equal(atomic_load(&mailbox.peak), 100);

    pinion__mailbox_take(&mailbox, &out);
    assert_ptr_equal(pinion__task_queue_pop(&out), &letters[0].task);
    assert_ptr_equal(pinion__task_queue_pop(&out), &letters[2].task);
    assert_ptr_equal(pinion__task_queue_pop(&out), &letters[1].task);
    assert_true(pinion__task_queue_empty(&out));
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[2].task, 100), 0); /* room again */
    pinion__mailbox_take(&mailbox, &out);
    pinion__mailbox_destroy(&mailbox);
}

static void a_closed_mailbox_refuses_but_keeps_what_it_has(void **state)
{
    struct letter letters[2] = { 0 };
    struct pinion_task_queue out = { 0 };
    struct pinion_mailbox mailbox;
    int wakes = 0;

    assert_int_equal(pinion__mailbox_init(&mailbox, 100, count_wake, &wakes), 0);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[0].task, 10), 0);
    pinion__mailbox_close(&mailbox);
    pinion__mailbox_close(&mailbox);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, 10), PINION_ECLOSED);
    assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, 0), PINION_ECLOSED);
    pinion__mailbox_take(&mailbox, &out);
    assert_ptr_equal(pinion__task_queue_pop(&out), &letters[0].task);
    assert_true(pinion__task_queue_empty(&out));
    assert_int_equal(wakes, 1);
    assert_int_equal(atomic_load(&mailbox.dropped), 0);
    pinion__mailbox_destroy(&mailbox);
}

static void one_that_is_larger_than_the_cap_has_room_alone(void **state)
{
    struct letter letters[2] = { 0 };
    struct pinion_task_queue out = { 0 };
    struct pinion_mailbox mailbox;

    assert_int_equal(pinion__mailbox_init(&mailbox, 100, NULL, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pinion__mailbox_put(&mailbox, &letters[0].task, i ? SIZE_MAX : 101), 0);
        assert_int_equal(pinion__mailbox_put(&mailbox, &letters[1].task, 1), PINION_EBUSY);
        pinion__mailbox_take(&mailbox, &out);
        assert_ptr_equal(pinion__task_queue_pop(&out), &letters[0].task);
        assert_true(pinion__task_queue_empty(&out));
    }
    pinion__mailbox_close(&mailbox);
    pinion__mailbox_destroy(&mailbox);
}

static void only_the_first_of_a_batch_wakes(void **state)
{
    struct letter letters[5] = { 0 };
    struct pinion_task_queue out = { 0 };
    struct pinion_mailbox mailbox;
    int wakes = 0;

    assert_int_equal(pinion__mailbox_init(&mailbox, 2, count_wake, &wakes), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pinion__mailbox_put(&mailbox, &letters[i].task, 0), 0);
    assert_int_equal(wakes, 1);
    pinion__mailbox_take(&mailbox, &out);
    for (int i = 3; i < 5; i++)
        assert_int_equal(pinion__mailbox_put(&mailbox, &letters[i].task, 0), 0);
    assert_int_equal(wakes, 2);
    pinion__mailbox_take(&mailbox, &out);
    assert_ptr_equal(out.head, &letters[3].task);
    pinion__mailbox_destroy(&mailbox);
}

struct post_office {
    struct pinion_mailbox mailbox;
    sem_t woken;
    atomic_int wakes;
    struct letter letters[THREADS][LETTERS];
    atomic_int next_thread;
};

static struct post_office office;

static void wake_owner(void *context)
{
    atomic_fetch_add(&office.wakes, 1);
    sem_post(&office.woken);
}

static void *put_letters(void *unused)
{
    int thread = atomic_fetch_add(&office.next_thread, 1);

    for (int i = 0; i < LETTERS; i++) {
        struct letter *letter = &office.letters[thread][i];
        letter->thread = thread;
        letter->number = i;
        while (pinion__mailbox_put(&office.mailbox, &letter->task, 1) != 0)
            sched_yield(); /* over the cap: the owner is behind */
    }
    return NULL;
}

/* One wake, one batch: gives how many letters it held, each the next of its thread. */
static int take_batch(int next[THREADS])
{
    struct pinion_task_queue batch = { 0 };
    struct pinion_task *task;
    int count = 0;

    sem_wait(&office.woken);
    pinion__mailbox_take(&office.mailbox, &batch);
    assert_false(pinion__task_queue_empty(&batch));
    while ((task = pinion__task_queue_pop(&batch))) {
        struct letter *letter = PINION_CONTAINER_OF(task, struct letter, task);
        assert_int_equal(letter->number, next[letter->thread]);
        next[letter->thread]++;
        count++;
    }
    return count;
}

static void threads_keep_their_order_and_wake_once_a_batch(void **state)
{
    pthread_t threads[THREADS];
    int next[THREADS] = { 0 };
    int batches = 0;

    assert_int_equal(sem_init(&office.woken, 0, 0), 0);
    assert_int_equal(pinion__mailbox_init(&office.mailbox, 1000, wake_owner, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_letters, NULL), 0);
    for (int left = THREADS * LETTERS; left > 0; batches++) {
        int count = take_batch(next);
        assert_true(count <= 1000);
        left -= count;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&office.wakes), batches);
    pinion__mailbox_destroy(&office.mailbox);
    sem_destroy(&office.woken);
}

struct slow_wake {
    struct pinion_mailbox mailbox;
    sem_t entered;
    sem_t go_on;
    bool over; /* not atomic: close must order it */
};

static void wake_slowly(void *context)
{
    struct slow_wake *slow = context;

    sem_post(&slow->entered);
    sem_wait(&slow->go_on);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    slow->over = true;
}

static void *put_one(void *context)
{
    static struct letter letter;
    struct slow_wake *slow = context;

    pinion__mailbox_put(&slow->mailbox, &letter.task, 1);
    return NULL;
}

static void close_waits_for_a_wake_under_way(void **state)
{
    struct slow_wake slow = { .over = false };
    struct pinion_task_queue out = { 0 };
    pthread_t thread;

    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.go_on, 0, 0);
    assert_int_equal(pinion__mailbox_init(&slow.mailbox, 100, wake_slowly, &slow), 0);
    assert_int_equal(pthread_create(&thread, NULL, put_one, &slow), 0);
    sem_wait(&slow.entered);
    sem_post(&slow.go_on);
    pinion__mailbox_close(&slow.mailbox);
    assert_true(slow.over);
    pinion__mailbox_take(&slow.mailbox, &out);
    assert_false(pinion__task_queue_empty(&out));
    pthread_join(thread, NULL);
    pinion__mailbox_destroy(&slow.mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_cap_is_refused_and_counted),
        cmocka_unit_test(one_that_is_larger_than_the_cap_has_room_alone),
        cmocka_unit_test(a_closed_mailbox_refuses_but_keeps_what_it_has),
        cmocka_unit_test(only_the_first_of_a_batch_wakes),
        cmocka_unit_test(threads_keep_their_order_and_wake_once_a_batch),
        cmocka_unit_test(close_waits_for_a_wake_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
