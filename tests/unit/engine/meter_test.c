/* A turn is what went by between two ends, without the waiting. */
#include "engine/hub.h"
#include "engine/meter.h"
#include "helpers/metrics.h"
#include <time.h>

#define DAWDLE_NS 20000000

static uint64_t sum(const struct pinion_histogram *histogram)
{
    struct pinion_histogram_sum all = { .sum_ns = 0 };
    pinion__histogram_add(&all, histogram);
    return all.sum_ns;
}

static void dawdle(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = DAWDLE_NS }, NULL);
}

static void waiting_does_not_count(void **state)
{
    struct pinion_meter meter = { .turn_ended = 0 };
    pinion__meter_turn(&meter, 0); /* the first one begins nowhere */
    assert_int_equal(sum(&meter.turns), 0);
    dawdle();
    pinion__meter_turn(&meter, 0);
    uint64_t first = sum(&meter.turns);
    assert_true(first >= DAWDLE_NS);
    dawdle();
    pinion__meter_turn(&meter, UINT64_C(3600000000000));
    assert_int_equal(sum(&meter.turns), first);
}

static void only_who_asks_gets_one(void **state)
{
    const struct pinion_hub *hub = pinion__hub_of(pinion_test_endpoint(test));
    assert_null(hub->shards[0]->meter);
    mount_metrics();
    assert_non_null(hub->shards[0]->meter);
}

static void each_kind_has_its_word(void **state)
{
    for (unsigned i = 0; i < PINION_CALLBACK_KINDS; i++)
        assert_non_null(pinion__callback_kind_name(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_does_not_count),
        cmocka_unit_test_setup_teardown(only_who_asks_gets_one, setup, teardown),
        cmocka_unit_test(each_kind_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
