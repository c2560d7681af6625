/* The local registry, compared with a naive one: a table of who subscribes to what and who holds it. */
#include "helpers/random.h"
#include "pubsub/registry.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TOPICS      8
#define SUBSCRIBERS 64
#define OPERATIONS  50000

static struct pinion_registry registry;
static struct pinion_subscriber subscribers[SUBSCRIBERS];
static bool interesting[TOPICS]; /* as the registry has said */
static atomic_uint everywhere[TOPICS];
static int refusal; /* what interest answers to a first subscriber */

/* A letter each, but for the first, which is U+0000, and the last, which begins as another one does. */
static struct pinion_slice name_of(unsigned i)
{
    static const char letters[] = "\0abcdefgh";
    return i == TOPICS - 1 ? pinion__slice(letters + 1, 2) : pinion__slice(letters + i, 1);
}

static unsigned index_of(const struct pinion_topic *topic)
{
    for (unsigned i = 0; i < TOPICS; i++) {
        if (pinion__slice_eq(name_of(i), pinion__slice(topic->name, topic->name_len)))
            return i;
    }
    fail_msg("a topic nobody made");
    return 0;
}

static int note_interest(struct pinion_registry *which, struct pinion_topic *topic, bool on)
{
    unsigned i = index_of(topic);
    assert_ptr_equal(which, &registry);
    assert_int_not_equal(interesting[i], on);
    assert_int_equal(topic->count, 0);
    if (on && refusal)
        return refusal;
    interesting[i] = on;
    if (on)
        topic->everywhere = &everywhere[i];
    return 0;
}

/* ---- the model ---- */

static int model_topic[SUBSCRIBERS]; /* -1: none */
static unsigned model_holds[TOPICS];

static unsigned model_count(unsigned topic)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SUBSCRIBERS; i++)
        count += model_topic[i] == (int)topic;
    return count;
}

/* The array holds just those subscribers, and each knows its place. */
static void check_topic(unsigned i)
{
    struct pinion_topic *topic = pinion__registry_find(&registry, name_of(i));
    unsigned count = model_count(i);
    assert_int_equal(topic != NULL, count > 0 || model_holds[i] > 0);
    assert_int_equal(interesting[i], count > 0);
    assert_int_equal(atomic_load(&everywhere[i]), count);
    if (!topic)
        return;
    assert_int_equal(topic->count, count);
    assert_true(topic->capacity >= count);
    assert_true(topic->capacity < 16 || count > topic->capacity / 8); /* memory comes back */
    for (uint32_t place = 0; place < topic->count; place++) {
        struct pinion_subscriber *subscriber = topic->entries[place].subscriber;
        assert_int_equal(subscriber->index, place);
        assert_ptr_equal(subscriber->topic, topic);
        assert_int_equal(model_topic[subscriber - subscribers], i);
        assert_ptr_equal(topic->entries[place].target, &model_topic[subscriber - subscribers]);
        assert_ptr_equal(topic->entries[place].manner, topic->registry);
    }
}

static void check_all(void)
{
    size_t exist = 0;
    for (unsigned i = 0; i < TOPICS; i++) {
        check_topic(i);
        exist += model_count(i) > 0 || model_holds[i] > 0;
    }
    assert_int_equal(registry.topics.count, exist);
}

/* ---- operations ---- */

static void subscribe(unsigned subscriber, unsigned topic)
{
    struct pinion_topic *held = pinion__topic_hold(&registry, name_of(topic));
    assert_non_null(held);
    bool refused = refusal && model_count(topic) == 0;
    assert_int_equal(pinion__topic_subscribe(held, &subscribers[subscriber]), refused ? refusal : 0);
    if (!refused)
        model_topic[subscriber] = (int)topic;
    pinion__topic_reach(&subscribers[subscriber], &model_topic[subscriber], &registry);
    pinion__topic_drop(held);
}

static void unsubscribe(unsigned subscriber)
{
    pinion__topic_unsubscribe(&subscribers[subscriber]);
    assert_false(subscribers[subscriber].subscribed);
    model_topic[subscriber] = -1;
}

static void hold(unsigned topic)
{
    assert_non_null(pinion__topic_hold(&registry, name_of(topic)));
    model_holds[topic]++;
}

static void drop(unsigned topic)
{
    if (model_holds[topic] == 0)
        return;
    pinion__topic_drop(pinion__registry_find(&registry, name_of(topic)));
    model_holds[topic]--;
}

static void operate(struct random_source *source)
{
    unsigned subscriber = (unsigned)random_below(source, SUBSCRIBERS);
    unsigned topic = (unsigned)(random_below(source, TOPICS) * random_below(source, 2)); /* one is popular */
    refusal = random_below(source, 4) ? 0 : PINION_ENOMEM;
    switch (random_below(source, 8)) {
    case 0:
        hold(topic);
        break;
    case 1:
        drop(topic);
        break;
    case 2:
    case 3:
        unsubscribe(subscriber); /* also one that is not subscribed */
        break;
    default:
        if (model_topic[subscriber] < 0)
            subscribe(subscriber, topic);
        break;
    }
}

static int begin(void **state)
{
    pinion__registry_init(&registry, note_interest);
    memset(subscribers, 0, sizeof subscribers);
    refusal = 0;
    for (unsigned i = 0; i < SUBSCRIBERS; i++)
        model_topic[i] = -1;
    return 0;
}

static int finish(void **state)
{
    for (unsigned i = 0; i < SUBSCRIBERS; i++)
        unsubscribe(i);
    for (unsigned i = 0; i < TOPICS; i++) {
        while (model_holds[i])
            drop(i);
    }
    check_all();
    assert_int_equal(registry.topics.count, 0);
    pinion__registry_release(&registry);
    return 0;
}

static void it_does_what_a_table_would_do(void **state)
{
    struct random_source source = { 11 };
    for (int i = 0; i < OPERATIONS; i++) {
        operate(&source);
        if (i % 16 == 0)
            check_all();
    }
}

static void a_crowd_comes_and_goes_in_any_order(void **state)
{
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < SUBSCRIBERS; i++)
            subscribe(i, 0);
        check_all();
        for (unsigned i = 0; i < SUBSCRIBERS; i++) {
            unsubscribe(round ? SUBSCRIBERS - 1 - i : i);
            check_all();
        }
    }
}

static void a_refused_first_subscriber_is_none(void **state)
{
    refusal = PINION_ENOMEM;
    subscribe(0, 3);
    assert_false(subscribers[0].subscribed);
    check_all();
    assert_null(pinion__registry_find(&registry, name_of(3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refused_first_subscriber_is_none, begin, finish),
        cmocka_unit_test_setup_teardown(a_crowd_comes_and_goes_in_any_order, begin, finish),
        cmocka_unit_test_setup_teardown(it_does_what_a_table_would_do, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
