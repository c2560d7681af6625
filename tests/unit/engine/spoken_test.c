/* How much clients may cause in a turn of the loop, before the next message of each waits. */
#include "engine/hub.h"
#include "engine/spoken.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pinion_shard shard;
static uint64_t now;

static uint64_t clock_ms(void *context)
{
    return now;
}

static void wake(void *context)
{
}

static int set_up(void **state)
{
    now = 1000;
    shard = (struct pinion_shard){ 0 };
    int rc = pinion__scheduler_new(&shard.scheduler, 100, wake, NULL, clock_ms, NULL);
    if (!rc)
        pinion__turns_init(&shard.turns, shard.scheduler);
    return rc;
}

static int tear_down(void **state)
{
    pinion__scheduler_unref(shard.scheduler);
    return 0;
}

static void deliver(unsigned count)
{
    atomic_fetch_add(&shard.counters.deliveries, count);
}

static void next_turn(void)
{
    (void)pinion__scheduler_turn(shard.scheduler);
}

static void one_client_has_its_share(void **state)
{
    uint64_t mark = pinion__spoken_begin(&shard);
    deliver(PINION_SPOKEN_MAX - 1);
    assert_false(pinion__spoken_enough(&shard, mark));
    deliver(1);
    assert_true(pinion__spoken_enough(&shard, mark));
    uint64_t other = pinion__spoken_begin(&shard);
    assert_false(pinion__spoken_enough(&shard, other));
}

static void all_together_have_a_share_of_a_turn(void **state)
{
    for (unsigned sum = 0; sum < PINION_SPOKEN_MAX_TURN - 1; sum += PINION_SPOKEN_MAX - 1) {
        uint64_t mark = pinion__spoken_begin(&shard);
        deliver(PINION_SPOKEN_MAX - 1);
        bool last = sum + PINION_SPOKEN_MAX - 1 >= PINION_SPOKEN_MAX_TURN;
        assert_int_equal(pinion__spoken_enough(&shard, mark), last);
    }
    assert_true(pinion__spoken_enough(&shard, pinion__spoken_begin(&shard)));
    next_turn();
    assert_false(pinion__spoken_enough(&shard, pinion__spoken_begin(&shard)));
}

static void messages_that_take_long_end_the_turn_of_all(void **state)
{
    uint64_t mark = pinion__spoken_begin(&shard);
    assert_false(pinion__spoken_enough(&shard, mark));
    now += PINION_TURNS_MS;
    assert_true(pinion__spoken_enough(&shard, mark));
    assert_true(pinion__spoken_enough(&shard, pinion__spoken_begin(&shard))); /* another client's */
    next_turn();
    assert_false(pinion__spoken_enough(&shard, pinion__spoken_begin(&shard)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_client_has_its_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_together_have_a_share_of_a_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_that_take_long_end_the_turn_of_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
