/* The multimap against a table of who came when under which name. */
#include "base/multimap.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { ITEMS = 200, NAMES = 12, OPERATIONS = 50000 };

struct item {
    struct pinion_multimap_node node;
    char name;
    unsigned long came; /* 0: is not in the map */
};

static struct item items[ITEMS];
static struct pinion_map map;
static unsigned long now;

static struct pinion_slice name_of(const struct pinion_map_node *node)
{
    return pinion__slice(&PINION_CONTAINER_OF(node, struct item, node.first)->name, 1);
}

static uint64_t hash_of(char name)
{
    return pinion__hash(pinion__slice(&name, 1)) & 3; /* so that names collide, too */
}

static struct item *item_of(struct pinion_multimap_node *node)
{
    return node ? PINION_CONTAINER_OF(node, struct item, node) : NULL;
}

static struct item *find(char name)
{
    return item_of(pinion__multimap_find(&map, pinion__slice(&name, 1), hash_of(name)));
}

static void add(struct item *item)
{
    assert_int_equal(pinion__multimap_add(&map, &item->node, hash_of(item->name)), 0);
    item->came = ++now;
}

static void take(struct item *item)
{
    pinion__multimap_remove(&map, &item->node);
    item->came = 0;
}

/* By another of its name that is not in the map: it has its place from then on. */
static void replace(struct item *item, struct item *by)
{
    pinion__multimap_replace(&map, &item->node, &by->node);
    by->came = item->came;
    item->came = 0;
}

/* The one of that name that came next after `after`. */
static struct item *model_next(char name, unsigned long after)
{
    struct item *next = NULL;
    for (int i = 0; i < ITEMS; i++) {
        if (items[i].name == name && items[i].came > after && (!next || items[i].came < next->came))
            next = &items[i];
    }
    return next;
}

static size_t check_name(char name)
{
    struct item *expected = model_next(name, 0);
    struct item *item = find(name);
    bool first = true;
    assert_ptr_equal(item, expected);
    for (; item; item = item_of(pinion__multimap_next(&item->node))) {
        assert_ptr_equal(item, expected);
        assert_int_equal(pinion__multimap_is_first(&item->node), first);
        expected = model_next(name, item->came);
        first = false;
    }
    assert_null(expected);
    return !first;
}

static void check_all(void)
{
    size_t names = 0;
    for (char name = 0; name < NAMES; name++)
        names += check_name(name);
    assert_int_equal(map.count, names);
}

static int begin(void **state)
{
    pinion__map_init(&map, name_of);
    for (int i = 0; i < ITEMS; i++)
        items[i] = (struct item){ .name = (char)(i % NAMES) };
    return 0;
}

static int finish(void **state)
{
    for (int i = 0; i < ITEMS; i++) {
        if (items[i].came)
            take(&items[i]);
    }
    check_all();
    pinion__map_release(&map);
    return 0;
}

/* One of its name that is not in the map, or NULL. */
static struct item *spare_for(const struct item *item)
{
    for (int i = item->name; i < ITEMS; i += NAMES) {
        if (!items[i].came)
            return &items[i];
    }
    return NULL;
}

static void it_does_what_a_table_would_do(void **state)
{
    struct random_source source = { 5 };
    for (int i = 0; i < OPERATIONS; i++) {
        struct item *item = &items[random_below(&source, ITEMS)];
        struct item *spare = random_below(&source, 2) ? spare_for(item) : NULL;
        if (item->came && spare)
            replace(item, spare);
        else if (item->came)
            take(item);
        else
            add(item);
        if (i % 64 == 0)
            check_all();
    }
}

static void the_second_takes_the_place_of_the_first(void **state)
{
    add(&items[3]);
    add(&items[3 + NAMES]);
    add(&items[3 + 2 * NAMES]);
    take(&items[3]);
    assert_ptr_equal(find(3), &items[3 + NAMES]);
    add(&items[3]);
    assert_ptr_equal(find(3), &items[3 + NAMES]);
    check_all();
}

static void another_takes_the_place_of_one(void **state)
{
    add(&items[3]);
    replace(&items[3], &items[3 + NAMES]); /* the only one */
    assert_ptr_equal(find(3), &items[3 + NAMES]);
    add(&items[3]);
    add(&items[3 + 2 * NAMES]);
    replace(&items[3 + NAMES], &items[3 + 3 * NAMES]); /* the first */
    replace(&items[3], &items[3 + NAMES]);             /* one in the middle */
    replace(&items[3 + 2 * NAMES], &items[3]);         /* the last */
    assert_ptr_equal(find(3), &items[3 + 3 * NAMES]);
    check_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_second_takes_the_place_of_the_first, begin, finish),
        cmocka_unit_test_setup_teardown(another_takes_the_place_of_one, begin, finish),
        cmocka_unit_test_setup_teardown(it_does_what_a_table_would_do, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
