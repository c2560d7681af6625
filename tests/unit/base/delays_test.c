/* What an owner tells itself later: each message is handed over or dropped, exactly once. */
#include "base/delays.h"
#include "base/scheduler.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_scheduler *scheduler;
static struct pinion_delays delays;
static uint64_t now;
static char said[100];
static int owner;

/* Messages are texts of one letter: one that is due is said as it is, one that is dropped behind a minus. */
static void say(const char *sign, const char *message)
{
    strcat(strcat(said, sign), message);
}

static void due(void *whose, void *message)
{
    assert_ptr_equal(whose, &owner);
    say("", message);
}

static void drop(void *message)
{
    say("-", message);
}

static uint64_t add(const char *message, uint32_t delay_ms)
{
    const struct pinion_delayed delayed = { &owner, (void *)message, due, drop };
    uint64_t id = 0;
    assert_int_equal(pinion__delays_add(&delays, &delayed, scheduler, delay_ms, &id), 0);
    assert_true(id > 0);
    return id;
}

static void pass(uint64_t ms)
{
    now += ms;
    (void)pinion__scheduler_turn(scheduler);
}

static void wake(void *context)
{
}

static uint64_t clock_ms(void *context)
{
    return now;
}

static int begin(void **state)
{
    now = 1000;
    said[0] = '\0';
    pinion__delays_init(&delays);
    int rc = pinion__scheduler_new(&scheduler, SIZE_MAX, wake, NULL, clock_ms, NULL);
    if (!rc)
        pinion__scheduler_bind(scheduler);
    return rc;
}

static int finish(void **state)
{
    pinion__delays_release(&delays);
    assert_int_equal(delays.count, 0);
    pinion__scheduler_close(scheduler);
    pinion__scheduler_unref(scheduler);
    return 0;
}

static void messages_come_in_the_order_of_their_times(void **state)
{
    add("c", 30);
    add("a", 10);
    add("b", 20);
    assert_int_equal(delays.count, 3);
    pass(9);
    assert_string_equal(said, "");
    pass(1);
    assert_string_equal(said, "a");
    pass(20);
    assert_string_equal(said, "abc");
    assert_int_equal(delays.count, 0);
}

static void one_without_a_delay_comes_at_once(void **state)
{
    add("a", 0);
    assert_string_equal(said, "a");
    assert_int_equal(delays.count, 0);
}

static void one_that_is_cancelled_is_dropped(void **state)
{
    uint64_t a = add("a", 10), b = add("b", 10);
    assert_true(a != b);
    assert_true(pinion__delays_cancel(&delays, a));
    assert_string_equal(said, "-a");
    assert_false(pinion__delays_cancel(&delays, a));
    pass(10);
    assert_string_equal(said, "-ab");
    assert_false(pinion__delays_cancel(&delays, b));
}

static void what_is_left_at_the_end_is_dropped(void **state)
{
    add("a", 10);
    add("b", 20);
    pinion__delays_release(&delays);
    assert_string_equal(said, "-a-b");
    pass(20);
    assert_string_equal(said, "-a-b");
}

static void a_message_that_could_not_be_made_is_no_delay(void **state)
{
    const struct pinion_delayed none = { &owner, NULL, due, drop };
    assert_int_equal(pinion__delays_add(&delays, &none, scheduler, 10, NULL), PINION_ENOMEM);
    assert_int_equal(delays.count, 0);
    assert_string_equal(said, "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(messages_come_in_the_order_of_their_times),
        T(one_without_a_delay_comes_at_once),
        T(one_that_is_cancelled_is_dropped),
        T(what_is_left_at_the_end_is_dropped),
        T(a_message_that_could_not_be_made_is_no_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
