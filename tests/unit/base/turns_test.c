/* Who has more work than may be done in one go has its turn after others. */
#include "base/scheduler.h"
#include "base/turns.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_scheduler *scheduler;
static struct pinion_turns turns;
static uint64_t now;
static char said[100];

struct worker {
    struct pinion_turn turn;
    struct pinion_task caused;
    char name;
    unsigned goes; /* left */
    unsigned takes_ms;
};

static void say(char what)
{
    size_t len = strlen(said);
    assert_true(len + 1 < sizeof said);
    said[len] = what;
    said[len + 1] = '\0';
}

static void on_caused(struct pinion_task *task)
{
    say('.');
}

static void work(struct pinion_turn *turn)
{
    struct worker *worker = PINION_CONTAINER_OF(turn, struct worker, turn);

    assert_false(pinion__turn_waits(turn));
    say(worker->name);
    now += worker->takes_ms;
    if (worker->caused.run)
        pinion__scheduler_defer(scheduler, &worker->caused);
    if (--worker->goes > 0)
        pinion__turns_append(&turns, turn);
}

static void begin(struct worker *worker)
{
    pinion__turn_init(&worker->turn, work);
    pinion__turns_append(&turns, &worker->turn);
}

static uint64_t clock_ms(void *context)
{
    return now;
}

static void wake(void *context)
{
}

static int setup(void **state)
{
    now = 1000;
    said[0] = '\0';
    memset(&turns, 0, sizeof turns);
    assert_int_equal(pinion__scheduler_new(&scheduler, 16, wake, NULL, clock_ms, NULL), 0);
    pinion__scheduler_bind(scheduler);
    pinion__turns_init(&turns, scheduler);
    return 0;
}

static int teardown(void **state)
{
    pinion__scheduler_unref(scheduler);
    return 0;
}

static void they_go_one_after_the_other(void **state)
{
    struct worker a = { .name = 'a', .goes = 3 }, b = { .name = 'b', .goes = 1 },
                  c = { .name = 'c', .goes = 2 };

    begin(&a);
    begin(&b);
    begin(&c);
    assert_string_equal(said, "");
    assert_true(pinion__scheduler_turn(scheduler) > 0);
    assert_string_equal(said, "abcaca");
}

static void what_one_caused_comes_before_the_next(void **state)
{
    struct worker a = { .name = 'a', .goes = 2, .caused.run = on_caused }, b = { .name = 'b', .goes = 1 };

    begin(&a);
    begin(&b);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(said, "a.ba.");
}

static void a_turn_of_the_loop_has_its_bound(void **state)
{
    struct worker a = { .name = 'a', .goes = 9, .takes_ms = PINION_TURNS_MS - 1 };
    struct worker b = { .name = 'b', .goes = 9, .takes_ms = 1 };

    begin(&a);
    begin(&b);
    assert_int_equal(pinion__scheduler_turn(scheduler), 0); /* there is more to do */
    assert_string_equal(said, "ab");
    assert_int_equal(pinion__scheduler_turn(scheduler), 0);
    assert_string_equal(said, "abab");
    pinion__turn_remove(&a.turn);
    assert_int_equal(pinion__scheduler_turn(scheduler), 0);
    assert_string_equal(said, "ababbbbb");
}

static void even_if_the_clock_stands_still(void **state)
{
    struct worker a = { .name = 'a', .goes = PINION_TURNS_GOES + 1 };

    begin(&a);
    assert_int_equal(pinion__scheduler_turn(scheduler), 0);
    assert_int_equal(a.goes, 1);
    assert_true(pinion__scheduler_turn(scheduler) > 0);
    assert_int_equal(a.goes, 0);
}

static void who_leaves_has_no_go(void **state)
{
    struct worker a = { .name = 'a', .goes = 1 }, b = { .name = 'b', .goes = 1 };

    begin(&a);
    pinion__turn_remove(&a.turn);
    assert_false(pinion__turn_waits(&a.turn));
    pinion__scheduler_turn(scheduler);
    assert_string_equal(said, "");
    begin(&b);
    pinion__scheduler_turn(scheduler);
    assert_string_equal(said, "b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_go_one_after_the_other),
        TEST(what_one_caused_comes_before_the_next),
        TEST(a_turn_of_the_loop_has_its_bound),
        TEST(even_if_the_clock_stands_still),
        TEST(who_leaves_has_no_go),
    };

    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
