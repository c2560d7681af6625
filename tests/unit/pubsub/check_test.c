/* The registry of a loop and the interest table are broken on purpose: their checkers tell. */
#include "pubsub/check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "helpers/checks.h"

static struct pinion_pubsub pubsub;
static struct pinion_pubsub_loop loop;
static struct pinion_scheduler *scheduler;
static struct pinion_topic *topic;
static struct pinion_subscriber subscribers[3];

static void deliver(void *context, struct pinion_topic *to, struct pinion_broadcast *broadcast)
{
}

static const char *check(void)
{
    const char *wrong = pinion__pubsub_loop_check(&pubsub, &loop);
    return wrong ? wrong : pinion__interest_check(&pubsub.interest);
}

static int begin(void **state)
{
    memset(&loop, 0, sizeof loop);
    memset(subscribers, 0, sizeof subscribers);
    assert_int_equal(pinion__scheduler_new(&scheduler, 1000, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(pinion__pubsub_init(&pubsub), 0);
    assert_int_equal(pinion__pubsub_add_loop(&pubsub, &loop, scheduler, deliver, NULL), 0);
    topic = pinion__topic_hold(&loop.registry, pinion__slice_str("room:1"));
    assert_non_null(topic);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pinion__topic_subscribe(topic, &subscribers[i]), 0);
        assert_sound(check());
    }
    pinion__topic_unsubscribe(&subscribers[0]);
    assert_sound(check());
    return 0;
}

static int end(void **state)
{
    assert_sound(check());
    for (int i = 0; i < 3; i++)
        pinion__topic_unsubscribe(&subscribers[i]);
    assert_sound(check());
    pinion__topic_drop(topic);
    assert_sound(check());
    pinion__pubsub_release(&pubsub);
    pinion__scheduler_unref(scheduler);
    return 0;
}

static void subscribers_of_a_topic(void **state)
{
    subscribers[1].index = 0;
    assert_tells(check(), "elsewhere");
    subscribers[1].index = 1;
    subscribers[1].topic = NULL; /* left, and its entry stayed */
    assert_tells(check(), "elsewhere");
    subscribers[1].topic = topic;
    topic->entries[0].target = &loop;
    assert_tells(check(), "not how to reach");
    topic->entries[0].target = NULL;
    topic->count = topic->capacity + 1;
    assert_tells(check(), "room");
    topic->count = 2;
}

static void topics(void **state)
{
    topic->interested = false;
    assert_tells(check(), "not reported as wanted");
    topic->interested = true;
    struct pinion_topic *held = pinion__topic_hold(&loop.registry, pinion__slice_str("room:2"));
    assert_sound(check());
    held->holds = 0; /* the last one dropped it, and it stayed */
    assert_tells(check(), "subscribed to or holds");
    held->holds = 1;
    held->pending = true;
    assert_tells(check(), "not marked as wanted");
    held->pending = false;
    held->interested = true;
    assert_tells(check(), "nobody has subscribed to it");
    held->interested = false;
    pinion__topic_drop(held);
    loop.registry.topics.count++;
    assert_tells(check(), "fewer nodes");
    loop.registry.topics.count--;
}

static void a_loop_and_the_interest_table(void **state)
{
    struct pinion_slice name = pinion__slice_str("room:1");
    atomic_uint *count;
    pinion__interest_end(&pubsub.interest, name, pinion__hash(name), 0);
    assert_tells(check(), "the interest table");
    assert_int_equal(pinion__interest_begin(&pubsub.interest, name, pinion__hash(name), 0, &count), 0);
    pinion__registry_find(&loop.registry, name)->everywhere = count;
    atomic_fetch_add(&loop.topics, 1);
    assert_tells(check(), "count of topics");
    atomic_fetch_sub(&loop.topics, 1);
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES; i++) {
        if (pubsub.interest.stripes[i].topics.count == 0)
            continue;
        struct pinion_map map = pubsub.interest.stripes[i].topics, empty = map;
        empty.count = 0;
        pubsub.interest.stripes[i].topics = empty;
        assert_tells(pinion__interest_check(&pubsub.interest), "more nodes");
        pubsub.interest.stripes[i].topics = map;
    }
}

static void those_who_wait(void **state)
{
    struct pinion_waiter waiter = { .topic = topic };
    pinion__list_append(&loop.waiters, &waiter.node);
    assert_tells(check(), "does not count it");
    pinion__list_remove(&waiter.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(subscribers_of_a_topic, begin, end),
        cmocka_unit_test_setup_teardown(topics, begin, end),
        cmocka_unit_test_setup_teardown(a_loop_and_the_interest_table, begin, end),
        cmocka_unit_test_setup_teardown(those_who_wait, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
