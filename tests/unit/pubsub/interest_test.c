/* Which loops want which topic, compared with a naive table; and several threads at once. */
#include "base/hash.h"
#include "helpers/random.h"
#include "pubsub/interest.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TOPICS 500

static struct pinion_interest interest;

static int begin(void **state)
{
    return pinion__interest_init(&interest);
}

static int finish(void **state)
{
    pinion__interest_release(&interest);
    return 0;
}

static struct pinion_slice name_of(unsigned topic, char *text, size_t size)
{
    return pinion__slice(text, (size_t)snprintf(text, size, "topic:%u", topic));
}

static int change(struct pinion_slice name, unsigned loop, bool on)
{
    atomic_uint *count;
    if (on)
        return pinion__interest_begin(&interest, name, pinion__hash(name), loop, &count);
    pinion__interest_end(&interest, name, pinion__hash(name), loop);
    return 0;
}

static void set(unsigned topic, unsigned loop, bool on)
{
    char text[32];
    assert_int_equal(change(name_of(topic, text, sizeof text), loop, on), 0);
}

static uint64_t get(unsigned topic)
{
    char text[32];
    return pinion__interest_get(&interest, name_of(topic, text, sizeof text));
}

static void nobody_wants_what_was_never_set(void **state)
{
    assert_int_equal(get(0), 0);
    set(0, 5, false); /* harmless */
    assert_int_equal(get(0), 0);
    assert_int_equal(pinion__interest_get(&interest, pinion__slice("", 0)), 0);
}

static void every_loop_has_its_bit(void **state)
{
    for (unsigned loop = 0; loop < PINION_LOOPS_MAX; loop++) {
        set(1, loop, true);
        set(1, loop, true);
        assert_true(get(1) == UINT64_MAX >> (63 - loop));
    }
    for (unsigned loop = 0; loop < PINION_LOOPS_MAX; loop++)
        set(1, loop, false);
    assert_int_equal(get(1), 0);
}

static void subscribers_of_all_loops_have_one_count(void **state)
{
    atomic_uint *one, *two;
    struct pinion_slice name = { "counted", 7 };
    assert_int_equal(pinion__interest_subscribers(&interest, name), 0);
    assert_int_equal(pinion__interest_begin(&interest, name, pinion__hash(name), 0, &one), 0);
    assert_int_equal(pinion__interest_begin(&interest, name, pinion__hash(name), 1, &two), 0);
    assert_ptr_equal(one, two);
    assert_int_equal(pinion__interest_subscribers(&interest, name), 0);
    atomic_store(one, 3);
    assert_int_equal(pinion__interest_subscribers(&interest, name), 3);
    pinion__interest_end(&interest, name, pinion__hash(name), 0);
    assert_int_equal(pinion__interest_subscribers(&interest, name), 3);
    pinion__interest_end(&interest, name, pinion__hash(name), 1);
    assert_int_equal(pinion__interest_subscribers(&interest, name), 0);
}

static void it_does_what_a_table_would_do(void **state)
{
    struct random_source source = { 5 };
    uint64_t model[TOPICS] = { 0 };
    for (int i = 0; i < 100000; i++) {
        unsigned topic = (unsigned)random_below(&source, TOPICS);
        unsigned loop = (unsigned)random_below(&source, PINION_LOOPS_MAX);
        bool on = random_below(&source, 2);
        set(topic, loop, on);
        model[topic] = on ? model[topic] | UINT64_C(1) << loop : model[topic] & ~(UINT64_C(1) << loop);
        assert_true(get(topic) == model[topic]);
    }
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        assert_true(get(topic) == model[topic]);
        for (unsigned loop = 0; loop < PINION_LOOPS_MAX; loop++)
            set(topic, loop, false);
        assert_int_equal(get(topic), 0);
    }
}

/* Each thread is a loop of its own, and sees its own bit as it left it whatever the others do. */
static void *be_a_loop(void *data)
{
    unsigned loop = (unsigned)(uintptr_t)data;
    uint64_t wrong = 0;
    for (unsigned i = 0; i < 5000; i++) {
        set(i % 7, loop, true);
        wrong += (get(i % 7) >> loop & 1) != 1;
        set(i % 7, loop, false);
        wrong += (get(i % 7) >> loop & 1) != 0;
    }
    return (void *)(uintptr_t)wrong;
}

static void loops_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];
    void *wrong;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_a_loop, (void *)(i * 21)), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    for (unsigned topic = 0; topic < 7; topic++)
        assert_int_equal(get(topic), 0);
}

/* ---- where other nodes are told ---- */

static struct {
    int answer;
    unsigned opened, closed;
    uint64_t ticket;
} told;

static int open_topic(void *context, const char *topic, uint64_t ticket)
{
    told.opened++;
    told.ticket = ticket;
    return told.answer;
}

static void close_topic(void *context, const char *topic)
{
    told.closed++;
}

static const struct pinion_interest_hooks hooks = { .open = open_topic, .close = close_topic };

static const struct pinion_slice room = { "room", 4 };

static int want(bool on)
{
    return change(room, 3, on);
}

static void begin_telling(int answer)
{
    memset(&told, 0, sizeof told);
    told.answer = answer;
    pinion__interest_hook(&interest, &hooks, NULL);
}

static void what_is_confirmed_is_known(void **state)
{
    begin_telling(0);
    assert_int_equal(want(true), PINION_EPENDING);
    assert_int_equal(pinion__interest_known(&interest, room), PINION_INTEREST_PENDING);
    assert_true(pinion__interest_confirm(&interest, room, told.ticket + 1, true) == 0);
    assert_true(pinion__interest_confirm(&interest, room, told.ticket, true) == 8);
    assert_int_equal(pinion__interest_known(&interest, room), PINION_INTEREST_KNOWN);
    assert_int_equal(want(true), 0);
    assert_int_equal(want(false), 0);
    assert_int_equal(told.closed, 1);
}

static void what_is_refused_is_asked_for_again(void **state)
{
    begin_telling(0);
    assert_int_equal(want(true), PINION_EPENDING);
    assert_true(pinion__interest_confirm(&interest, room, told.ticket, false) == 8);
    assert_int_equal(pinion__interest_known(&interest, room), PINION_INTEREST_REFUSED);
    assert_int_equal(pinion__interest_retry(&interest, room), PINION_INTEREST_PENDING);
    assert_int_equal(pinion__interest_retry(&interest, room), PINION_INTEREST_PENDING); /* it is under way */
    assert_int_equal(told.opened, 2);
    assert_true(pinion__interest_confirm(&interest, room, told.ticket, true) == 8);
    assert_int_equal(pinion__interest_retry(&interest, room), PINION_INTEREST_KNOWN);
    assert_int_equal(want(false), 0);
    assert_int_equal(told.closed, 1);
}

static void what_was_refused_is_not_waited_for_when_the_adapter_has_stopped(void **state)
{
    begin_telling(0);
    assert_int_equal(want(true), PINION_EPENDING);
    assert_true(pinion__interest_confirm(&interest, room, told.ticket, false) == 8);
    told.answer = PINION_ECLOSED;
    assert_int_equal(pinion__interest_retry(&interest, room), PINION_INTEREST_KNOWN);
    assert_int_equal(want(false), 0);
    assert_int_equal(told.closed, 1);
}

/* The adapter has taken it, and nobody waits: it has to be ended all the same. */
static void without_a_connection_nobody_waits(void **state)
{
    begin_telling(PINION_ENOTCONN);
    assert_int_equal(want(true), 0);
    assert_int_equal(want(false), 0);
    assert_int_equal(told.closed, 1);
    begin_telling(PINION_ECLOSED);
    assert_int_equal(want(true), 0);
    assert_int_equal(want(false), 0);
    assert_int_equal(told.closed, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nobody_wants_what_was_never_set),
        T(every_loop_has_its_bit),
        T(subscribers_of_all_loops_have_one_count),
        T(it_does_what_a_table_would_do),
        T(loops_do_not_disturb_each_other),
        T(what_is_confirmed_is_known),
        T(what_is_refused_is_asked_for_again),
        T(what_was_refused_is_not_waited_for_when_the_adapter_has_stopped),
        T(without_a_connection_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
