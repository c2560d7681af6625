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

/* How many pieces, each of which takes `each_ms`, are done as they come; 100 is all. */
static unsigned done_at_once(unsigned each_ms)
{
    unsigned count = 0;

    do {
        now += each_ms;
        count++;
    } while (count < 100 && !pinion__turns_over(&turns));
    return count;
}

static void work_that_is_done_as_it_comes_has_its_time_too(void **state)
{
    assert_in_range(done_at_once(1), PINION_TURNS_MS, 2 * PINION_TURNS_MS);
    assert_int_equal(done_at_once(0), 1); /* in the same turn of the loop */
    pinion__scheduler_turn(scheduler);
    assert_int_equal(done_at_once(PINION_TURNS_MS + 1), 2); /* its time begins after the first piece */
    pinion__scheduler_turn(scheduler);
    assert_int_equal(done_at_once(0), 100);
    pinion__scheduler_turn(scheduler);
    now += 1000; /* nobody's */
    assert_int_equal(done_at_once(0), 100);
}

static unsigned done_in_line;

static void do_pieces(struct pinion_turn *turn)
{
    done_in_line = done_at_once(PINION_TURNS_MS + 1);
}

static void in_line_it_has_the_time_of_the_line(void **state)
{
    struct pinion_turn turn = { 0 };

    pinion__turn_init(&turn, do_pieces);
    pinion__turns_append(&turns, &turn);
    pinion__scheduler_turn(scheduler);
    assert_int_equal(done_in_line, 1);
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
        TEST(work_that_is_done_as_it_comes_has_its_time_too),
        TEST(in_line_it_has_the_time_of_the_line),
        TEST(who_leaves_has_no_go),
    };

    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
