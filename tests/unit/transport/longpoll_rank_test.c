/* The heap, against a plain search. */
#include "helpers/random.h"
#include "transport/longpoll_rank.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define THINGS 50

struct thing {
    struct pinion_rank_node node;
    unsigned weight; /* the heaviest first */
};

static struct thing things[THINGS];

static bool heavier(const struct pinion_rank_node *a, const struct pinion_rank_node *b)
{
    return ((const struct thing *)a)->weight > ((const struct thing *)b)->weight;
}

static unsigned heaviest(void)
{
    unsigned most = 0;
    for (int i = 0; i < THINGS; i++) {
        if (things[i].node.place && things[i].weight > most)
            most = things[i].weight;
    }
    return most;
}

static void the_first_is_the_first_whatever_changes(void **state)
{
    struct pinion_rank rank;
    size_t in = 0;
    struct random_source source = { 1 };
    pinion__rank_init(&rank, heavier);
    assert_int_equal(pinion__rank_reserve(&rank, THINGS), 0);
    assert_null(pinion__rank_first(&rank));
    for (int step = 0; step < 20000; step++) {
        struct thing *thing = &things[random_below(&source, THINGS)];
        bool was_in = thing->node.place != 0;
        if (random_below(&source, 3) == 0) {
            pinion__rank_remove(&rank, &thing->node);
            in -= was_in;
        } else {
            thing->weight = 1 + (unsigned)random_below(&source, 20);
            pinion__rank_place(&rank, &thing->node);
            in += !was_in;
        }
        struct pinion_rank_node *first = pinion__rank_first(&rank);
        assert_int_equal(rank.count, in);
        assert_int_equal(first ? ((struct thing *)first)->weight : 0, heaviest());
    }
    pinion__rank_release(&rank);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_first_is_the_first_whatever_changes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
