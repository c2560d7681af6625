/* In builds with checks work is counted: as much as what is walked, copied or scanned; and nowhere else. */
#include "base/buf.h"
#include "base/list.h"
#include "base/work.h"
#include "proto/json_scan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#ifdef PINION_CHECKS

static size_t done_by(void (*act)(void))
{
    size_t before = pinion__work_done;
    act();
    return pinion__work_done - before;
}

static struct pinion_list list, nodes[1000];

static void append_all(void)
{
    pinion__list_init(&list);
    for (int i = 0; i < 1000; i++)
        pinion__list_append(&list, &nodes[i]);
}

static void walk(void)
{
    PINION_LIST_FOREACH (node, &list)
        assert_non_null(node);
}

static void copy(void)
{
    struct pinion_buf buf;
    char bytes[1000] = { 0 };
    pinion__buf_init(&buf, SIZE_MAX);
    assert_int_equal(pinion__buf_append(&buf, bytes, sizeof bytes), 0);
    pinion__buf_release(&buf);
}

static void scan(void)
{
    static char text[1000];
    struct pinion_json_value value;
    memset(text, ' ', sizeof text);
    text[0] = '1';
    assert_int_equal(pinion__json_scan(pinion__slice(text, sizeof text), &value), 0);
}

static void work_is_counted(void **state)
{
    static void (*const acts[])(void) = { append_all, walk, copy, scan };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        assert_in_range(done_by(acts[i]), 1000, 1010);
}

static void a_budget(void **state)
{
    size_t before = pinion__work_done;
    walk();
    assert_null(pinion__work_check(before, 1000));
    assert_non_null(pinion__work_check(before, 999));
}

#else

static void work_is_counted(void **state)
{
    puts("there are no checks in this build");
    skip();
}

static void a_budget(void **state)
{
    PINION_WORK(1);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
