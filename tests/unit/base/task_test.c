/* The queue of tasks, and that a task which is queued twice ends the program where assertions are on. */
#include "base/task.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/death.h"

static void run(struct pinion_task *task)
{
}

static struct pinion_task a, b, c;
static struct pinion_task_queue queue, other;

static int begin(void **state)
{
    a = b = c = (struct pinion_task){ .run = run };
    queue = other = (struct pinion_task_queue){ 0 };
    return 0;
}

static void tasks_are_in_order(void **state)
{
    pinion__task_queue_push(&queue, &a);
    pinion__task_queue_push(&queue, &b);
    pinion__task_queue_push(&queue, &c);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &a);
    pinion__task_queue_push(&queue, &a); /* one that runs may be queued again */
    assert_ptr_equal(pinion__task_queue_pop(&queue), &b);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &c);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &a);
    assert_null(pinion__task_queue_pop(&queue));
    assert_true(pinion__task_queue_empty(&queue));
}

static void a_queue_may_come_before_another(void **state)
{
    pinion__task_queue_prepend(&queue, &other);
    assert_true(pinion__task_queue_empty(&queue));
    pinion__task_queue_push(&other, &b);
    pinion__task_queue_prepend(&queue, &other);
    assert_true(pinion__task_queue_empty(&other));
    pinion__task_queue_push(&queue, &c);
    pinion__task_queue_push(&other, &a);
    pinion__task_queue_prepend(&queue, &other);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &a);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &b);
    assert_ptr_equal(pinion__task_queue_pop(&queue), &c);
    assert_null(pinion__task_queue_pop(&queue));
}

static void queue_twice(void)
{
    pinion__task_queue_push(&queue, &a);
    pinion__task_queue_push(&queue, &a);
}

static void queue_twice_as_the_last(void)
{
    pinion__task_queue_push(&queue, &b);
    pinion__task_queue_push(&queue, &a);
    pinion__task_queue_push(&other, &a);
}

static void free_a_queued_task(void)
{
    pinion__task_queue_push(&queue, &a);
    pinion__task_gone(&a);
}

static void misuse_ends_the_program(void **state)
{
    if (!ASSERTIONS_ARE_ON)
        skip();
    assert_true(aborts(queue_twice));
    assert_true(aborts(queue_twice_as_the_last));
    assert_true(aborts(free_a_queued_task));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tasks_are_in_order, begin),
        cmocka_unit_test_setup(a_queue_may_come_before_another, begin),
        cmocka_unit_test_setup(misuse_ends_the_program, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
