/* Lists, and what ends the program where assertions are on: a node that is linked and is initialised or
 * appended again, and one that is removed from a list that does not know it. */
#include "base/list.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

struct letter {
    struct pinion_list node;
    char name;
};

static struct pinion_list list, other;
static struct letter a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

static int begin(void **state)
{
    memset(&list, 0, sizeof list);
    memset(&other, 0, sizeof other);
    memset(&a.node, 0, sizeof a.node);
    memset(&b.node, 0, sizeof b.node);
    memset(&c.node, 0, sizeof c.node);
    pinion__list_init(&list);
    pinion__list_init(&other);
    return 0;
}

static void expect(const struct pinion_list *of, const char *names)
{
    char text[8] = "";
    size_t len = 0;
    PINION_LIST_FOREACH (node, of)
        text[len++] = PINION_CONTAINER_OF(node, struct letter, node)->name;
    assert_string_equal(text, names);
    assert_true(pinion__list_sound(of));
}

static void nodes_are_in_order(void **state)
{
    pinion__list_append(&list, &a.node); /* new: it need not be initialised */
    pinion__list_init(&b.node);
    pinion__list_append(&list, &b.node);
    pinion__list_append(&list, &c.node);
    expect(&list, "abc");
    pinion__list_remove(&b.node);
    pinion__list_remove(&b.node); /* harmless */
    expect(&list, "ac");
    pinion__list_append(&other, &b.node);
    pinion__list_splice(&other, &list);
    expect(&other, "bac");
    expect(&list, "");
    pinion__list_splice(&other, &list);
    expect(&other, "bac");
}

static void a_head_on_the_stack(void **state)
{
    struct pinion_list here = PINION_LIST_HEAD(here);
    assert_true(pinion__list_empty(&here));
    pinion__list_append(&here, &a.node);
    expect(&here, "a");
}

static void init_a_linked_node(void)
{
    pinion__list_append(&list, &a.node);
    pinion__list_append(&list, &b.node);
    pinion__list_init(&a.node);
}

static void init_a_head_with_nodes(void)
{
    pinion__list_append(&list, &a.node);
    pinion__list_init(&list);
}

static void append_a_linked_node(void)
{
    pinion__list_append(&list, &a.node);
    pinion__list_append(&other, &a.node);
}

static void append_to_no_list(void)
{
    pinion__list_append(&a.node, &b.node);
}

/* Its neighbours were led elsewhere, as by a node that was initialised while it was linked. */
static void remove_a_node_that_is_not_known(void)
{
    pinion__list_append(&list, &a.node);
    list.next = list.prev = &list;
    pinion__list_remove(&a.node);
}

static void remove_a_new_node(void)
{
    pinion__list_remove(&a.node);
}

static void free_a_linked_node(void)
{
    pinion__list_append(&list, &a.node);
    pinion__list_gone(&a.node);
}

static void misuse_ends_the_program(void **state)
{
    if (!ASSERTIONS_ARE_ON)
        skip();
    assert_true(aborts(init_a_linked_node));
    assert_true(aborts(init_a_head_with_nodes));
    assert_true(aborts(append_a_linked_node));
    assert_true(aborts(append_to_no_list));
    assert_true(aborts(remove_a_node_that_is_not_known));
    assert_true(aborts(remove_a_new_node));
    assert_true(aborts(free_a_linked_node));
    pinion__list_gone(&b.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nodes_are_in_order, begin),
        cmocka_unit_test_setup(a_head_on_the_stack, begin),
        cmocka_unit_test_setup(misuse_ends_the_program, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
