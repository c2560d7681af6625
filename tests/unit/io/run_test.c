/* Runs: who shares one, where it ends, and that no reference stays behind. */
#include "helpers/heap.h"
#include "io/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_runs runs;

static int set_up(void **state)
{
    memset(&runs, 0, sizeof runs);
    return 0;
}

/* A frame that waits on so many connections. */
static struct pinion_frame *waiting(size_t len, unsigned connections)
{
    struct pinion_frame *frame = pinion__frame_new(len);

    assert_non_null(frame);
    memset(pinion__frame_body(frame), 'x', len);
    frame->body_len = len;
    frame->refs = connections;
    return frame;
}

/* No connection has it any more. */
static void gone(struct pinion_frame *frame)
{
    frame->refs = 1;
    pinion__frame_unref(frame);
}

static void the_same_frames_share_a_run(void **state)
{
    struct pinion_frame *a = waiting(3, 9), *b = waiting(4, 1), *c = waiting(5, 1);
    struct pinion_run *run = pinion__run_of(&runs, a, b);

    assert_non_null(run);
    assert_ptr_equal(pinion__run_of(&runs, a, b), run);
    assert_int_equal(run->refs, 2);
    assert_int_equal(a->refs, 10);
    assert_true(pinion__run_has(run, 1, b));
    assert_false(pinion__run_has(run, 1, c));
    assert_true(pinion__run_has(run, 2, c)); /* added */
    assert_true(pinion__run_has(run, 2, c)); /* found */
    assert_int_equal(run->count, 3);
    assert_int_equal(run->starts[2], 7);
    assert_int_equal(run->starts[3], 12);
    pinion__run_unref(&runs, run);
    assert_int_equal(a->refs, 10);
    pinion__run_unref(&runs, run);
    assert_int_equal(a->refs, 9);
    assert_int_equal(b->refs, 1);
    assert_int_equal(c->refs, 1);
    gone(a);
    gone(b);
    gone(c);
}

static void other_frames_have_another_run(void **state)
{
    struct pinion_frame *a = waiting(3, 9), *b = waiting(4, 9), *c = waiting(5, 9);
    struct pinion_run *ab = pinion__run_of(&runs, a, b), *ac = pinion__run_of(&runs, a, c),
                      *bc = pinion__run_of(&runs, b, c);

    assert_true(ab && ac && bc && ab != ac && ab != bc && ac != bc);
    assert_ptr_equal(pinion__run_of(&runs, a, b), ab);
    pinion__run_unref(&runs, ab);
    pinion__run_unref(&runs, ab);
    pinion__run_unref(&runs, ac);
    pinion__run_unref(&runs, bc);
    gone(a);
    gone(b);
    gone(c);
}

static void few_connections_need_none(void **state)
{
    struct pinion_frame *a = waiting(3, PINION_RUN_SHARED - 1), *b = waiting(4, 1);

    assert_null(pinion__run_of(&runs, a, b));
    assert_int_equal(b->refs, 1);
    gone(a);
    gone(b);
}

static void a_run_that_is_gone_is_not_found(void **state)
{
    struct pinion_frame *a = waiting(3, 9), *b = waiting(4, 1);

    pinion__run_unref(&runs, pinion__run_of(&runs, a, b));
    for (unsigned i = 0; i < PINION_RUNS; i++)
        assert_null(runs.latest[i]);
    gone(a);
    gone(b);
}

/* Older ones are not found, and are there all the same. */
static void more_runs_than_are_looked_through(void **state)
{
    struct pinion_frame *firsts[PINION_RUNS + 1], *second = waiting(4, 1);
    struct pinion_run *all[PINION_RUNS + 1];

    for (unsigned i = 0; i <= PINION_RUNS; i++) {
        firsts[i] = waiting(3, 9);
        all[i] = pinion__run_of(&runs, firsts[i], second);
        assert_non_null(all[i]);
    }
    struct pinion_run *again = pinion__run_of(&runs, firsts[0], second);
    assert_ptr_not_equal(again, all[0]);
    pinion__run_unref(&runs, again);
    for (unsigned i = 0; i <= PINION_RUNS; i++) {
        pinion__run_unref(&runs, all[i]);
        gone(firsts[i]);
    }
    assert_int_equal(second->refs, 1);
    gone(second);
}

static void a_run_has_an_end(void **state)
{
    struct pinion_frame *a = waiting(3, 9), *large = waiting(PINION_RUN_BYTES - 3, 9), *b = waiting(1, 1);
    struct pinion_run *run = pinion__run_of(&runs, a, b);

    assert_non_null(run);
    for (unsigned i = 2; i < PINION_RUN_FRAMES; i++)
        assert_true(pinion__run_add(run, b));
    assert_false(pinion__run_add(run, b));
    pinion__run_unref(&runs, run);

    run = pinion__run_of(&runs, a, large);
    assert_non_null(run);
    assert_false(pinion__run_add(run, b));
    assert_null(pinion__run_of(&runs, large, large));
    pinion__run_unref(&runs, run);
    gone(a);
    gone(b);
    gone(large);
}

/* The bytes move while they grow, and stay the same. */
static void the_bytes_are_those_of_the_frames(void **state)
{
    struct pinion_frame *a = waiting(1000, 9), *b = waiting(900, 1);
    memset(pinion__frame_body(b), 'y', 900);
    memcpy(pinion__frame_body(b) - 2, "<>", 2);
    b->head_len = 2;
    struct pinion_run *run = pinion__run_of(&runs, a, b);

    assert_non_null(run);
    for (unsigned i = 2; i < 20; i++)
        assert_true(pinion__run_add(run, b));
    for (unsigned i = 0; i < 20; i++) {
        struct pinion_slice wire = pinion__frame_wire(i == 0 ? a : b);
        struct pinion_slice part = pinion__run_part(run, i, i + 1);
        assert_int_equal(part.len, wire.len);
        assert_memory_equal(part.ptr, wire.ptr, wire.len);
    }
    pinion__run_unref(&runs, run);
    gone(a);
    gone(b);
}

/* Neither the run, nor its bytes, nor room for more of them. */
static void without_memory_there_is_none(void **state)
{
    struct pinion_frame *a = waiting(1000, 9), *b = waiting(900, 1);
    struct pinion_run *run;

    for (size_t calls = 0; calls < 2; calls++) {
        heap_limit(calls);
        run = pinion__run_of(&runs, a, b);
        heap_unlimit();
        assert_null(run);
        assert_int_equal(a->refs, 9);
        assert_int_equal(b->refs, 1);
    }
    run = pinion__run_of(&runs, a, b);
    assert_non_null(run);
    heap_limit(0);
    assert_false(pinion__run_add(run, b));
    heap_unlimit();
    assert_int_equal(run->count, 2);
    assert_true(pinion__run_add(run, b));
    pinion__run_unref(&runs, run);
    assert_int_equal(b->refs, 1);
    gone(a);
    gone(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_same_frames_share_a_run, set_up),
        cmocka_unit_test_setup(other_frames_have_another_run, set_up),
        cmocka_unit_test_setup(few_connections_need_none, set_up),
        cmocka_unit_test_setup(a_run_that_is_gone_is_not_found, set_up),
        cmocka_unit_test_setup(more_runs_than_are_looked_through, set_up),
        cmocka_unit_test_setup(a_run_has_an_end, set_up),
        cmocka_unit_test_setup(the_bytes_are_those_of_the_frames, set_up),
        cmocka_unit_test_setup(without_memory_there_is_none, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
