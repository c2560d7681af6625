/* Publishing to several loops, all turned by hand on this thread. */
#include "pubsub/pubsub.h"
#include <pinion/error.h>
#include <pinion/log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LOOPS 3

static struct pinion_pubsub pubsub;
static struct loop {
    struct pinion_pubsub_loop part;
    struct pinion_scheduler *scheduler;
    struct pinion_subscriber subscriber;
    char heard[64];
} loops[LOOPS];

static void wake(void *context)
{
}

static void deliver(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast)
{
    struct loop *loop = context;
    assert_true(pinion__slice_eq(broadcast->topic, pinion__slice(topic->name, topic->name_len)));
    strncat(loop->heard, broadcast->event.ptr, sizeof loop->heard - strlen(loop->heard) - 1);
}

static int begin_with(size_t mailbox_max)
{
    pinion_log_set_level(PINION_LOG_NONE);
    memset(loops, 0, sizeof loops);
    assert_int_equal(pinion__pubsub_init(&pubsub), 0);
    for (unsigned i = 0; i < LOOPS; i++) {
        struct loop *loop = &loops[i];
        assert_int_equal(pinion__scheduler_new(&loop->scheduler, mailbox_max, wake, NULL, NULL, NULL), 0);
        assert_int_equal(pinion__pubsub_add_loop(&pubsub, &loop->part, loop->scheduler, deliver, loop), 0);
    }
    return 0;
}

static int begin(void **state)
{
    return begin_with(SIZE_MAX);
}

static int begin_small(void **state)
{
    return begin_with(1000);
}

static int finish(void **state)
{
    for (unsigned i = 0; i < LOOPS; i++) {
        pinion__scheduler_close(loops[i].scheduler);
        pinion__topic_unsubscribe(&loops[i].subscriber);
        assert_int_equal(atomic_load(&loops[i].part.topics), 0);
    }
    pinion__pubsub_release(&pubsub);
    for (unsigned i = 0; i < LOOPS; i++)
        pinion__scheduler_unref(loops[i].scheduler);
    return 0;
}

static void subscribe(unsigned i, const char *name)
{
    struct pinion_topic *topic = pinion__topic_hold(&loops[i].part.registry, pinion__slice_str(name));
    assert_non_null(topic);
    assert_int_equal(pinion__topic_subscribe(topic, &loops[i].subscriber), 0);
    pinion__topic_drop(topic);
}

static void publish(struct loop *here, const char *topic, const char *event)
{
    struct pinion_broadcast *broadcast;
    assert_int_equal(pinion__broadcast_new(&broadcast, 0, topic, event, NULL), 0);
    pinion__pubsub_publish(&pubsub, here ? &here->part : NULL, broadcast);
    pinion__broadcast_unref(broadcast);
}

static void expect_heard(unsigned i, const char *expected)
{
    pinion__scheduler_turn(loops[i].scheduler);
    assert_string_equal(loops[i].heard, expected);
}

static void only_loops_with_subscribers_are_troubled(void **state)
{
    subscribe(0, "news");
    subscribe(2, "news");
    subscribe(1, "olds");
    publish(NULL, "news", "a");
    publish(NULL, "nobody", "b");
    assert_string_equal(loops[0].heard, ""); /* on its own thread only */
    assert_true(pinion__task_queue_empty(&loops[1].scheduler->posted));
    expect_heard(0, "a");
    expect_heard(1, "");
    expect_heard(2, "a");
    assert_int_equal(atomic_load(&pubsub.published), 2);
}

static void the_publishers_own_loop_is_served_at_once(void **state)
{
    subscribe(0, "news");
    subscribe(1, "news");
    publish(&loops[0], "news", "a");
    assert_string_equal(loops[0].heard, "a");
    expect_heard(0, "a"); /* and once */
    expect_heard(1, "a");
    publish(&loops[2], "news", "b"); /* whose loop has no subscriber */
    expect_heard(0, "ab");
    expect_heard(1, "ab");
    expect_heard(2, "");
}

static void broadcasts_arrive_in_the_order_they_were_published(void **state)
{
    subscribe(1, "news");
    publish(NULL, "news", "a");
    publish(&loops[0], "news", "b");
    publish(NULL, "news", "c");
    expect_heard(1, "abc");
}

static void whoever_left_meanwhile_hears_nothing(void **state)
{
    subscribe(1, "news");
    publish(NULL, "news", "a");
    pinion__topic_unsubscribe(&loops[1].subscriber);
    expect_heard(1, "");
    publish(NULL, "news", "b");
    expect_heard(1, "");
}

static void a_full_mailbox_drops_and_counts(void **state)
{
    subscribe(0, "news");
    subscribe(1, "news");
    for (int i = 0; i < 50; i++) {
        publish(NULL, "news", "x");
        pinion__scheduler_turn(loops[0].scheduler); /* this one keeps up */
    }
    pinion__scheduler_turn(loops[1].scheduler);
    assert_int_equal(strlen(loops[0].heard), 50);
    size_t heard = strlen(loops[1].heard);
    assert_true(heard > 0 && heard < 50);
    assert_int_equal(atomic_load(&pubsub.dropped), 50 - heard);
    publish(NULL, "news", "y"); /* there is room again */
    pinion__scheduler_turn(loops[1].scheduler);
    assert_int_equal(loops[1].heard[heard], 'y');
}

static void a_loop_that_has_stopped_is_no_loss(void **state)
{
    subscribe(0, "news");
    subscribe(1, "news");
    pinion__scheduler_close(loops[1].scheduler);
    publish(NULL, "news", "a");
    expect_heard(0, "a");
    assert_int_equal(atomic_load(&pubsub.dropped), 0);
}

static void sixty_four_loops_are_the_most(void **state)
{
    static struct pinion_pubsub_loop more[PINION_LOOPS_MAX];
    for (unsigned i = LOOPS; i < PINION_LOOPS_MAX; i++)
        assert_int_equal(pinion__pubsub_add_loop(&pubsub, &more[i], loops[0].scheduler, deliver, &loops[0]),
                         0);
    assert_int_equal(pinion__pubsub_add_loop(&pubsub, &more[0], loops[0].scheduler, deliver, &loops[0]),
                     PINION_EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_loops_with_subscribers_are_troubled),
        T(the_publishers_own_loop_is_served_at_once),
        T(broadcasts_arrive_in_the_order_they_were_published),
        T(whoever_left_meanwhile_hears_nothing),
        cmocka_unit_test_setup_teardown(a_full_mailbox_drops_and_counts, begin_small, finish),
        T(a_loop_that_has_stopped_is_no_loss),
        T(sixty_four_loops_are_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
