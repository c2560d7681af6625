/* A set of topics. */
#include "pubsub/topics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void what_is_added_is_found_until_it_is_removed(void **state)
{
    struct pinion_topics topics;
    pinion__topics_init(&topics);
    assert_null(pinion__topics_find(&topics, "a"));
    assert_int_equal(pinion__topics_add(&topics, "a", 1), 0);
    assert_int_equal(pinion__topics_add(&topics, "", 2), 0);
    assert_int_equal(pinion__topics_find(&topics, "a")->ticket, 1);
    assert_int_equal(pinion__topics_find(&topics, "")->ticket, 2);
    assert_int_equal(pinion__topics_add(&topics, "a", 3), 0);
    assert_int_equal(pinion__topics_find(&topics, "a")->ticket, 3);
    assert_string_equal(pinion__topics_find(&topics, "a")->name, "a");
    assert_int_equal(topics.map.count, 2);
    pinion__topics_remove(&topics, "a");
    pinion__topics_remove(&topics, "a");
    assert_null(pinion__topics_find(&topics, "a"));
    pinion__topics_release(&topics); /* with one inside */
}

static void there_may_be_many(void **state)
{
    struct pinion_topics topics;
    char name[16];
    pinion__topics_init(&topics);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "room:%u", i);
        assert_int_equal(pinion__topics_add(&topics, name, i), 0);
    }
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "room:%u", i);
        assert_int_equal(pinion__topics_find(&topics, name)->ticket, i);
    }
    pinion__topics_release(&topics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
        cmocka_unit_test(there_may_be_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
