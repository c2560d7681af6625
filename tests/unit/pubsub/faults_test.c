/* Which nodes of a cluster reach each other. */
#include "pubsub/faults.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pinion_faults faults;

static int begin(void **state)
{
    pinion__faults_init(&faults, 7);
    return 0;
}

static int finish(void **state)
{
    pinion__faults_release(&faults);
    return 0;
}

static void a_cut_is_between_two(void **state)
{
    assert_int_equal(pinion__faults_cut(&faults, "a", "b", true), 0);
    assert_int_equal(pinion__faults_cut(&faults, "b", "a", true), 0); /* the same */
    assert_false(pinion__faults_carry(&faults, "a", "b"));
    assert_false(pinion__faults_carry(&faults, "b", "a"));
    assert_true(pinion__faults_carry(&faults, "a", "c"));
    assert_false(pinion__faults_isolated(&faults, "a"));
    assert_int_equal(pinion__faults_cut(&faults, "b", "a", false), 0);
    assert_true(pinion__faults_carry(&faults, "a", "b"));
    assert_int_equal(pinion__faults_cut(&faults, "b", "a", false), 0);
}

static void or_of_one_from_all(void **state)
{
    assert_int_equal(pinion__faults_cut(&faults, "a", NULL, true), 0);
    assert_true(pinion__faults_isolated(&faults, "a"));
    assert_false(pinion__faults_carry(&faults, "a", "b"));
    assert_false(pinion__faults_carry(&faults, "c", "a"));
    assert_true(pinion__faults_carry(&faults, "b", "c"));
    assert_int_equal(pinion__faults_cut(&faults, "a", NULL, false), 0);
    assert_true(pinion__faults_carry(&faults, "a", "b"));
}

static unsigned carried_of(unsigned count)
{
    unsigned carried = 0;
    while (count--)
        carried += pinion__faults_carry(&faults, "a", "b");
    return carried;
}

static void messages_are_lost_as_often_as_asked(void **state)
{
    assert_int_equal(carried_of(1000), 1000);
    faults.loss = 1;
    assert_int_equal(carried_of(1000), 0);
    faults.loss = 0.25;
    assert_in_range(carried_of(10000), 7300, 7700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cut_is_between_two, begin, finish),
        cmocka_unit_test_setup_teardown(or_of_one_from_all, begin, finish),
        cmocka_unit_test_setup_teardown(messages_are_lost_as_often_as_asked, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
