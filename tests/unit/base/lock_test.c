/* Locks in builds with checks: what is out of order ends the program, though no other thread is there. */
#include "base/lock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helpers/death.h"

static struct pinion_lock outer = PINION_LOCK(PRESENCE);
static struct pinion_lock inner = PINION_LOCK(MAILBOX);
static struct pinion_lock like_inner = PINION_LOCK(MAILBOX);
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static const struct timespec long_ago = { 0, 0 };

static void locks_in_order(void **state)
{
    for (int i = 0; i < 2; i++) {
        pinion__lock(&outer);
        pinion__lock(&inner);
        pinion__unlock(i ? &outer : &inner); /* in any order */
        pinion__unlock(i ? &inner : &outer);
        pinion__lock(&like_inner);
        pinion__unlock(&like_inner);
    }
    pinion__lock(&inner);
    assert_int_not_equal(pinion__lock_wait_until(&inner, &condition, &long_ago), 0);
    pinion__unlock(&inner);
    pinion__lock_none();
}

static void out_of_order(void)
{
    pinion__lock(&inner);
    pinion__lock(&outer);
}

/* One is given back in between: it is the other one that counts. */
static void out_of_order_still(void)
{
    pinion__lock(&outer);
    pinion__lock(&inner);
    pinion__unlock(&outer);
    pinion__lock(&outer);
}

static void two_of_a_rank(void)
{
    pinion__lock(&inner);
    pinion__lock(&like_inner);
}

static void one_twice(void)
{
    pinion__lock(&inner);
    pinion__lock(&inner);
}

static void given_back_and_not_held(void)
{
    pinion__lock(&outer);
    pinion__unlock(&inner);
}

static void waiting_with_another(void)
{
    pinion__lock(&outer);
    pinion__lock(&inner);
    (void)pinion__lock_wait_until(&inner, &condition, &long_ago);
}

static void calling_the_application(void)
{
    pinion__lock(&outer);
    pinion__lock_none();
}

static void misuse_ends_the_program(void **state)
{
#ifdef PINION_CHECKS
    static void (*const acts[])(void) = {
        out_of_order,         out_of_order_still,     two_of_a_rank, one_twice, given_back_and_not_held,
        waiting_with_another, calling_the_application
    };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (!aborts(acts[i]))
            fail_msg("number %zu is not noticed", i);
    }
#else
    (void)out_of_order, (void)out_of_order_still, (void)two_of_a_rank, (void)one_twice;
    (void)given_back_and_not_held, (void)waiting_with_another, (void)calling_the_application, (void)aborts;
    puts("there are no checks in this build");
    skip();
#endif
}

/* In a release a lock is its mutex. */
static void a_lock_costs_nothing_without_checks(void **state)
{
#ifdef PINION_CHECKS
    assert_true(sizeof(struct pinion_lock) > sizeof(pthread_mutex_t));
#else
    assert_int_equal(sizeof(struct pinion_lock), sizeof(pthread_mutex_t));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_in_order),
        cmocka_unit_test(misuse_ends_the_program),
        cmocka_unit_test(a_lock_costs_nothing_without_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
