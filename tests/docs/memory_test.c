/* The figures of docs/memory.md are those of the structs. */
#include "engine/assigns.h"
#include "engine/channel.h"
#include "io/loop_int.h"
#include "pubsub/registry.h"
#include "transport/websocket_int.h"
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef NDEBUG
#define SKIP_HERE true /* checks make structs larger */
#else
#define SKIP_HERE (sizeof(void *) != 8)
#endif

#define JOIN_REF 3 /* bytes of "1", with its quotes */

/* The figure in the row of the table that begins so. */
static size_t figure(const char *row)
{
    char line[400];
    FILE *page = fopen(MEMORY_PAGE, "r");
    assert_non_null(page);
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, "| ", 2) != 0 || strncmp(line + 2, row, strlen(row)) != 0)
            continue;
        fclose(page);
        return strtoul(strchr(line + 2, '|') + 1, NULL, 10);
    }
    fclose(page);
    fail_msg("no row begins with \"%s\"", row);
    return 0;
}

static size_t in_slabs(size_t size)
{
    return (size + PINION_POOL_STEP - 1) / PINION_POOL_STEP * PINION_POOL_STEP;
}

static void each_row_is_right(void **state)
{
    size_t uring = figure("connection, io_uring"), uv = figure("connection, libuv");
    size_t others = sizeof(struct pinion_websocket) + sizeof(struct pinion_socket) +
                    in_slabs(offsetof(struct pinion_channel, join_ref) + JOIN_REF) +
                    sizeof(struct pinion_entry);
    if (SKIP_HERE)
        skip();
    if (pinion__loop_engine("uring"))
        assert_int_equal(uring, in_slabs(pinion__loop_engine("uring")->conn_size));
    assert_int_equal(uv, in_slabs(pinion__loop_engine("uv")->conn_size));
    assert_int_equal(figure("WebSocket"), in_slabs(sizeof(struct pinion_websocket)));
    assert_int_equal(figure("socket "), in_slabs(sizeof(struct pinion_socket)));
    assert_int_equal(figure("channel "), in_slabs(offsetof(struct pinion_channel, join_ref) + JOIN_REF));
    assert_int_equal(in_slabs(offsetof(struct pinion_channel, join_ref) + 4), 112);
    assert_int_equal(figure("its place"), sizeof(struct pinion_entry));
    assert_int_equal(figure("together, io_uring"), uring + others);
    assert_int_equal(figure("together, libuv"), uv + others);
    assert_int_equal(figure("the channel's extra part"), sizeof(struct pinion_channel_extra));
    assert_int_equal(figure("a WebSocket's part of a message"),
                     in_slabs(sizeof(struct pinion_websocket_more)) +
                         in_slabs(sizeof(struct pinion_ws_decoder)));
    assert_int_equal(figure("a frame that waits"), sizeof(struct pinion_outbox_node));
}

#define SETS 1000

/* As malloc counts. */
static void an_assign_takes_what_it_says(void **state)
{
    static struct pinion_assigns *sets[SETS];
    if (SKIP_HERE || mallinfo2().uordblks == 0) /* a sanitizer's malloc does not say */
        skip();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < SETS; i++)
        assert_int_equal(pinion__assigns_set(&sets[i], "user_id", pinion_json("i", 7)), 0);
    size_t each = (mallinfo2().uordblks - before + SETS / 2) / SETS;
    assert_int_equal(each, figure("an assign"));
    for (int i = 0; i < SETS; i++)
        pinion__assigns_unref(sets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_right),
        cmocka_unit_test(an_assign_takes_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
