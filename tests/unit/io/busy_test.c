/* Who is read when, with a loop that only counts. */
#include "io/chain.h"
#include "io/loop_int.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CONNS 200

static struct {
    struct pinion_loop loop;
    struct pinion_conn conns[CONNS];
    size_t waiting[CONNS]; /* bytes that wait to be read */
    size_t reads[CONNS];
    size_t order[CONNS * 4]; /* who was read */
    size_t count;
    size_t read_bytes;
    void (*on_read)(struct pinion_conn *conn);
} world;

static size_t number_of(const struct pinion_conn *conn)
{
    return (size_t)(conn - world.conns);
}

static size_t read_some(struct pinion_conn *conn, bool *more)
{
    size_t i = number_of(conn);
    size_t len = world.waiting[i] < PINION_RECV_PIECE ? world.waiting[i] : PINION_RECV_PIECE;

    world.waiting[i] -= len;
    world.reads[i]++;
    world.order[world.count++] = i;
    world.read_bytes += len;
    *more = len == PINION_RECV_PIECE;
    if (world.on_read)
        world.on_read(conn);
    return len;
}

static const struct pinion_loop_ops ops = { .name = "counting", .read = read_some };

static int set_up(void **state)
{
    memset(&world, 0, sizeof world);
    world.loop.ops = &ops;
    for (size_t i = 0; i < CONNS; i++)
        world.conns[i].loop = &world.loop;
    return 0;
}

static int tear_down(void **state)
{
    pinion__busy_release(&world.loop.busy);
    return 0;
}

static void add(size_t i, size_t bytes)
{
    world.waiting[i] = bytes;
    pinion__busy_add(&world.conns[i]);
}

static void take_turn(void)
{
    world.count = 0;
    world.read_bytes = 0;
    pinion__busy_read(&world.loop);
}

static void nobody_is_read_when_nobody_is_busy(void **state)
{
    take_turn();
    assert_int_equal(world.count, 0);
}

static void a_turn_has_an_end(void **state)
{
    for (size_t i = 0; i < CONNS; i++)
        add(i, 10 * PINION_RECV_TURN);
    take_turn();
    assert_true(world.read_bytes > 0);
    assert_true(world.read_bytes <= PINION_RECV_TURN);
    assert_int_equal(world.loop.busy.count, CONNS);
}

static void each_is_read_before_one_is_read_again(void **state)
{
    for (size_t i = 0; i < CONNS; i++)
        add(i, 10 * PINION_RECV_TURN);
    for (size_t next = 0; next < 3 * (size_t)CONNS;) {
        take_turn();
        assert_true(world.count > 0);
        for (size_t i = 0; i < world.count; i++)
            assert_int_equal(world.order[i], next++ % CONNS);
    }
}

static void who_is_read_to_the_end_is_busy_no_more(void **state)
{
    add(0, PINION_RECV_PIECE + 1);
    add(1, 0);
    while (world.loop.busy.count > 0)
        take_turn();
    assert_int_equal(world.reads[0], 2);
    assert_int_equal(world.reads[1], 1);
    for (size_t i = 0; i < 2; i++) {
        assert_false(world.conns[i].busy);
        assert_true(pinion__chained(&world.conns[i]));
    }
}

static void who_ends_is_not_read(void **state)
{
    for (size_t i = 0; i < 70; i++) /* so that the ring has grown */
        add(i, 1);
    pinion__conn_end(&world.conns[0], 0);
    pinion__conn_end(&world.conns[33], 0);
    pinion__conn_end(&world.conns[69], 0);
    while (world.loop.busy.count > 0)
        take_turn();
    for (size_t i = 0; i < 70; i++)
        assert_int_equal(world.reads[i], i == 0 || i == 33 || i == 69 ? 0 : 1);
}

static void end_the_next(struct pinion_conn *conn)
{
    pinion__conn_end(conn, 0);
    pinion__conn_end(&world.conns[number_of(conn) + 1], 0);
}

static void one_that_is_read_may_end_itself_and_others(void **state)
{
    world.on_read = end_the_next;
    for (size_t i = 0; i < 4; i++)
        add(i, 10 * PINION_RECV_TURN);
    while (world.loop.busy.count > 0)
        take_turn();
    assert_int_equal(world.reads[0] + world.reads[2], 2);
    assert_int_equal(world.reads[1] + world.reads[3], 0);
}

static void who_is_paused_is_not_read(void **state)
{
    add(0, 1);
    world.conns[0].paused = true;
    take_turn();
    assert_int_equal(world.reads[0], 0);
    assert_int_equal(world.loop.busy.count, 0);
    assert_true(pinion__chained(&world.conns[0]));
}

/* The ring has come round when it grows. */
static void the_order_outlives_growth(void **state)
{
    for (size_t i = 0; i < 64; i++)
        add(i, PINION_RECV_PIECE);
    take_turn();
    size_t first = world.count;
    for (size_t i = 64; i < CONNS; i++)
        add(i, 1);
    for (size_t next = first; next < 64;) {
        take_turn();
        for (size_t i = 0; i < world.count && next < 64; i++)
            assert_int_equal(world.order[i], next++);
    }
    while (world.loop.busy.count > 0)
        take_turn();
    for (size_t i = 0; i < CONNS; i++)
        assert_int_equal(world.waiting[i], 0);
}

/* Handling takes longer than a turn may. */
static void take_long(struct pinion_conn *conn)
{
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 <= PINION_RECV_MS);
}

static void who_is_slow_to_handle_has_a_turn_to_itself(void **state)
{
    world.on_read = take_long;
    for (size_t i = 0; i < 3; i++)
        add(i, 10 * PINION_RECV_TURN);
    for (size_t i = 0; i < 3; i++) {
        take_turn();
        assert_int_equal(world.count, 1);
        assert_int_equal(world.order[0], i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_read_when_nobody_is_busy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_has_an_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_is_read_before_one_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_read_to_the_end_is_busy_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_ends_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_read_may_end_itself_and_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_paused_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_order_outlives_growth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_slow_to_handle_has_a_turn_to_itself, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
