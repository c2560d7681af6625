/* Outboxes, the ring of the busy and a loop are broken on purpose: their checkers tell. No engine is needed.
 */
#include "io/chain.h"
#include "io/check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/checks.h"

static struct pinion_frame *frame(const char *text)
{
    struct pinion_frame *made = pinion__frame_copy(text, strlen(text));
    assert_non_null(made);
    return made;
}

static void an_outbox(void **state)
{
    struct pinion_outbox outbox = { 0 };
    struct pinion_outbox_pool pool = { .max = 8 };
    assert_sound(pinion__outbox_check(&outbox));
    assert_int_equal(pinion__outbox_push(&outbox, &pool, frame("first")), 0);
    assert_int_equal(pinion__outbox_push(&outbox, &pool, frame("second")), 0);
    pinion__outbox_consume(&outbox, &pool, 2);
    assert_sound(pinion__outbox_check(&outbox));

    outbox.bytes++;
    assert_tells(pinion__outbox_check(&outbox), "count of bytes");
    outbox.bytes--;
    outbox.offset = 5;
    assert_tells(pinion__outbox_check(&outbox), "has sent more");
    outbox.offset = 2;
    outbox.frames = 1;
    assert_tells(pinion__outbox_check(&outbox), "more frames");
    outbox.frames = 3;
    assert_tells(pinion__outbox_check(&outbox), "fewer frames");
    outbox.frames = 2;
    outbox.tail->next = outbox.head;
    assert_tells(pinion__outbox_check(&outbox), "circular");
    outbox.tail->next = NULL;
    outbox.tail = outbox.head;
    assert_tells(pinion__outbox_check(&outbox), "tail");
    outbox.tail = outbox.head->next;
    outbox.head->frame->refs = 0;
    assert_tells(pinion__outbox_check(&outbox), "without a reference");
    outbox.head->frame->refs = 1;

    assert_sound(pinion__outbox_check(&outbox));
    pinion__outbox_clear(&outbox, &pool);
    assert_sound(pinion__outbox_check(&outbox));
    assert_sound(pinion__outbox_pool_check(&pool));
    pool.count++;
    assert_tells(pinion__outbox_pool_check(&pool), "fewer nodes");
    pool.count -= 2;
    assert_tells(pinion__outbox_pool_check(&pool), "more nodes");
    pool.count++;
    pinion__outbox_pool_release(&pool);
}

static void a_run(void **state)
{
    struct pinion_outbox outbox = { 0 };
    struct pinion_outbox_pool pool = { .max = 8 };
    struct pinion_frame *frames[2] = { frame("first"), frame("second") };
    for (int i = 0; i < 2; i++) {
        frames[i]->droppable = true;
        frames[i]->refs = PINION_RUN_SHARED;
        assert_int_equal(pinion__outbox_push_joined(&outbox, &pool, frames[i]), 0);
    }
    assert_ptr_equal(outbox.head, outbox.tail);
    pinion__outbox_consume(&outbox, &pool, 6);
    assert_sound(pinion__outbox_check(&outbox));

    struct pinion_run *run = outbox.head->run;
    outbox.head->end = 3;
    assert_tells(pinion__outbox_check(&outbox), "part of a run");
    outbox.head->end = 2;
    outbox.offset = 6;
    assert_tells(pinion__outbox_check(&outbox), "has sent more");
    outbox.offset = 1;
    outbox.frames = 2;
    assert_tells(pinion__outbox_check(&outbox), "fewer frames");
    outbox.frames = 1;
    run->starts[1]++;
    assert_tells(pinion__outbox_check(&outbox), "between the others");
    run->starts[1]--;
    run->count = 1;
    assert_tells(pinion__outbox_check(&outbox), "too few");
    run->count = 2;
    run->capacity = 10;
    assert_tells(pinion__outbox_check(&outbox), "more bytes than room");
    run->capacity = 2048;
    assert_sound(pinion__outbox_check(&outbox));

    assert_sound(pinion__outbox_pool_check(&pool));
    pinion__outbox_clear(&outbox, &pool);
    assert_null(pool.runs.latest[0]);
    for (int i = 0; i < 2; i++) {
        frames[i]->refs = 1;
        pinion__frame_unref(frames[i]);
    }
    pinion__outbox_pool_release(&pool);
}

/* ---- a loop of two connections ---- */

static struct pinion_loop loop;
static struct pinion_conn conns[2];

static int begin(void **state)
{
    memset(&loop, 0, sizeof loop);
    memset(conns, 0, sizeof conns);
    loop.pool.max = 8;
    pinion__list_init(&loop.listeners);
    pinion__list_init(&loop.conns);
    for (int i = 0; i < 2; i++) {
        conns[i].loop = &loop;
        pinion__list_append(&loop.conns, &conns[i].link);
    }
    loop.connections = 2;
    pinion__busy_add(&conns[0]);
    pinion__busy_add(&conns[1]);
    pinion__conn_unsettle(&conns[1]);
    assert_sound(pinion__loop_check(&loop));
    return 0;
}

static int end(void **state)
{
    pinion__outbox_pool_release(&loop.pool);
    pinion__busy_release(&loop.busy);
    return 0;
}

static void those_who_are_busy(void **state)
{
    conns[0].busy = false; /* as by an engine that reads it in another way, too */
    assert_tells(pinion__busy_check(&loop), "not marked as busy");
    conns[0].busy = true;
    loop.busy.count = 1;
    assert_tells(pinion__loop_check(&loop), "count of busy connections");
    loop.busy.count = loop.busy.max + 1;
    assert_tells(pinion__busy_check(&loop), "room");
    loop.busy.count = 2;
    loop.busy.max--;
    assert_tells(pinion__busy_check(&loop), "power of two");
    loop.busy.max++;
    assert_sound(pinion__loop_check(&loop));
    pinion__busy_remove(&conns[0]);
    assert_sound(pinion__loop_check(&loop));
}

static void connections(void **state)
{
    struct pinion_loop other;
    loop.connections = 3;
    assert_tells(pinion__loop_check(&loop), "count of connections");
    loop.connections = 2;
    conns[1].chained = NULL; /* lost */
    assert_tells(pinion__loop_check(&loop), "settled");
    conns[1].chained = &conns[0];
    assert_tells(pinion__loop_check(&loop), "end at its last");
    conns[1].chained = &conns[1];
    (void)pinion__chain_take(&loop.unsettled);
    pinion__busy_remove(&conns[0]);
    conns[0].loop = &other;
    assert_tells(pinion__loop_check(&loop), "the wrong loop");
    conns[0].loop = &loop;
    conns[0].blocked = true;
    assert_tells(pinion__loop_check(&loop), "nothing to send");
    conns[0].blocked = false;
    assert_int_equal(pinion__outbox_push(&conns[0].outbox, &loop.pool, frame("late")), 0);
    assert_sound(pinion__loop_check(&loop));
    conns[0].ending = true;
    assert_tells(pinion__loop_check(&loop), "has ended");
    pinion__outbox_clear(&conns[0].outbox, &loop.pool);
    assert_sound(pinion__loop_check(&loop));
}

/* Its memory went while it was in the list, and is something else by now. */
static void a_connection_that_was_freed_while_it_was_linked(void **state)
{
    memset(&conns[1], 0x55, sizeof conns[1]);
    struct pinion_list nothing = PINION_LIST_HEAD(nothing);
    conns[1].link = nothing;
    assert_non_null(pinion__loop_check(&loop));
    loop.busy.count = 0;
}

static void listeners(void **state)
{
    struct pinion_listener listener = { .loop = &loop };
    pinion__list_append(&loop.listeners, &listener.link);
    assert_sound(pinion__loop_check(&loop));
    listener.closed = true;
    assert_tells(pinion__loop_check(&loop), "closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outbox),
        cmocka_unit_test(a_run),
        cmocka_unit_test_setup_teardown(those_who_are_busy, begin, end),
        cmocka_unit_test_setup_teardown(connections, begin, end),
        cmocka_unit_test_setup_teardown(a_connection_that_was_freed_while_it_was_linked, begin, end),
        cmocka_unit_test_setup_teardown(listeners, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
