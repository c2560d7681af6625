/* Who reaches whom in a cluster. */
#include "pubsub/links.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pinion_links links;

static int begin(void **state)
{
    pinion__links_init(&links, 7);
    return 0;
}

static int finish(void **state)
{
    pinion__links_release(&links);
    return 0;
}

static void a_cut_is_between_two(void **state)
{
    assert_int_equal(pinion__links_cut(&links, "a", "b", true), 0);
    assert_int_equal(pinion__links_cut(&links, "b", "a", true), 0); /* the same */
    assert_false(pinion__links_carry(&links, "a", "b"));
    assert_false(pinion__links_carry(&links, "b", "a"));
    assert_true(pinion__links_carry(&links, "a", "c"));
    assert_false(pinion__links_isolated(&links, "a"));
    assert_int_equal(pinion__links_cut(&links, "b", "a", false), 0);
    assert_true(pinion__links_carry(&links, "a", "b"));
    assert_int_equal(pinion__links_cut(&links, "b", "a", false), 0);
}

static void or_of_one_from_all(void **state)
{
    assert_int_equal(pinion__links_cut(&links, "a", NULL, true), 0);
    assert_true(pinion__links_isolated(&links, "a"));
    assert_false(pinion__links_carry(&links, "a", "b"));
    assert_false(pinion__links_carry(&links, "c", "a"));
    assert_true(pinion__links_carry(&links, "b", "c"));
    assert_int_equal(pinion__links_cut(&links, "a", NULL, false), 0);
    assert_true(pinion__links_carry(&links, "a", "b"));
}

static unsigned carried_of(unsigned count)
{
    unsigned carried = 0;
    while (count--)
        carried += pinion__links_carry(&links, "a", "b");
    return carried;
}

static void messages_are_lost_as_often_as_asked(void **state)
{
    assert_int_equal(carried_of(1000), 1000);
    links.loss = 1;
    assert_int_equal(carried_of(1000), 0);
    links.loss = 0.25;
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
