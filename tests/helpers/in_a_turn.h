/* How many of something happen in one turn of the endpoint's loop: looked at once in each turn, by a task
 * that posts itself again. Include helpers/endpoint.h before. */
#ifndef TESTS_HELPERS_IN_A_TURN_H
#define TESTS_HELPERS_IN_A_TURN_H

#include <stdatomic.h>
#include <unistd.h>

static struct {
    int (*count)(void); /* so far; called on the loop */
    atomic_int seen;    /* at the last look */
    atomic_int most;    /* between two looks */
    atomic_bool looking;
    atomic_bool held;
} in_a_turn;

static inline void in_a_turn_look(void *unused)
{
    int now = in_a_turn.count();
    if (now - in_a_turn.seen > in_a_turn.most)
        in_a_turn.most = now - in_a_turn.seen;
    in_a_turn.seen = now;
    if (in_a_turn.looking)
        ok(pinion_endpoint_post(endpoint, 0, in_a_turn_look, NULL));
}

static inline void in_a_turn_wait(void *unused)
{
    while (in_a_turn.held)
        usleep(100);
}

/* Hold the loop, until let_go, so that all is there when it looks; and look from then on. */
static inline void hold_and_look(int (*count)(void))
{
    in_a_turn.count = count;
    in_a_turn.seen = in_a_turn.most = 0;
    in_a_turn.held = in_a_turn.looking = true;
    ok(pinion_endpoint_post(endpoint, 0, in_a_turn_wait, NULL));
    ok(pinion_endpoint_post(endpoint, 0, in_a_turn_look, NULL));
}

static inline void let_go(void)
{
    in_a_turn.held = false;
}

/* Wait until so many have happened, and look no more. */
static inline void await_all(int wanted)
{
    for (int i = 0; in_a_turn.seen < wanted && i < 1000000; i++)
        usleep(100);
    in_a_turn.looking = false;
    assert_int_equal(in_a_turn.seen, wanted);
}

#endif
