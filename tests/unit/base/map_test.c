/* The map against an array of flags, with honest hashes and with colliding ones. */
#include "base/check.h"
#include "base/map.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { ITEMS = 500 };

struct item {
    struct pinion_map_node node; /* first: a node is its item */
    char text[16];
    struct pinion_slice name;
    bool present;
    int visits;
};

static struct item items[ITEMS];

static struct pinion_slice item_name(const struct pinion_map_node *node)
{
    return ((const struct item *)node)->name;
}

static uint64_t colliding_hash(struct pinion_slice name)
{
    return pinion__hash(name) & 3;
}

static uint64_t constant_low_bits(struct pinion_slice name)
{
    return pinion__hash(name) << 32;
}

/* Item 0 has the empty name, item 1 one zero byte, items 2 and 3 differ after a zero byte only. */
static int make_items(void **state)
{
    for (int i = 0; i < ITEMS; i++) {
        int length = snprintf(items[i].text, sizeof(items[i].text), "topic:%d", i);
        items[i].name = pinion__slice(items[i].text, (size_t)length);
        items[i].present = false;
    }
    items[0].name.len = 0;
    memcpy(items[1].text, "", 1);
    items[1].name.len = 1;
    memcpy(items[2].text, "ab\0c", 4);
    items[2].name.len = 4;
    memcpy(items[3].text, "ab\0d", 4);
    items[3].name.len = 4;
    return 0;
}

static struct pinion_map_node *find_equal_name(struct pinion_map *map, int i,
                                               uint64_t (*hash)(struct pinion_slice))
{
    char elsewhere[sizeof(items[i].text)];
    struct pinion_slice name = { elsewhere, items[i].name.len };

    memcpy(elsewhere, items[i].name.ptr, items[i].name.len);
    return pinion__map_find(map, name, hash(name));
}

static void toggle(struct pinion_map *map, struct item *item, uint64_t (*hash)(struct pinion_slice))
{
    if (item->present)
        pinion__map_remove(map, &item->node);
    else
        assert_int_equal(pinion__map_insert(map, &item->node, hash(item->name)), 0);
    item->present = !item->present;
}

static void check_all(struct pinion_map *map, uint64_t (*hash)(struct pinion_slice))
{
    size_t count = 0;

    for (int i = 0; i < ITEMS; i++) {
        count += items[i].present;
        assert_ptr_equal(find_equal_name(map, i, hash), items[i].present ? &items[i].node : NULL);
    }
    assert_int_equal(map->count, count);
}

static void compare_with_flags(uint64_t (*hash)(struct pinion_slice))
{
    struct random_source source = { 7 };
    struct pinion_map map;

    pinion__map_init(&map, item_name);
    for (int step = 0; step < 20000; step++) {
        int i = (int)random_below(&source, ITEMS);
        toggle(&map, &items[i], hash);
        assert_ptr_equal(find_equal_name(&map, i, hash), items[i].present ? &items[i].node : NULL);
        if (step % 1000 == 0)
            check_all(&map, hash);
    }
    check_all(&map, hash);
    if (hash == pinion__hash)
        PINION_CHECK(pinion__map_check(&map));
    pinion__map_release(&map);
}

static void agrees_with_flags(void **state)
{
    compare_with_flags(pinion__hash);
}

static void agrees_with_flags_when_whole_hashes_collide(void **state)
{
    compare_with_flags(colliding_hash);
}

static void agrees_with_flags_when_all_share_a_bucket(void **state)
{
    compare_with_flags(constant_low_bits);
}

static void a_reserved_map_has_buckets_and_no_nodes(void **state)
{
    struct pinion_map map;

    pinion__map_init(&map, item_name);
    assert_int_equal(pinion__map_reserve(&map), 0);
    struct pinion_map_node **buckets = map.buckets;
    assert_non_null(buckets);
    assert_int_equal(map.count, 0);
    assert_null(find_equal_name(&map, 0, pinion__hash));
    assert_int_equal(pinion__map_reserve(&map), 0);
    assert_ptr_equal(map.buckets, buckets);
    pinion__map_release(&map);
}

static void an_empty_map_holds_and_owns_nothing(void **state)
{
    struct pinion_map map;

    pinion__map_init(&map, item_name);
    assert_null(map.buckets);
    assert_null(find_equal_name(&map, 0, pinion__hash));
    toggle(&map, &items[0], pinion__hash);
    toggle(&map, &items[0], pinion__hash);
    assert_null(find_equal_name(&map, 0, pinion__hash));
    pinion__map_release(&map);
    assert_null(map.buckets);
    toggle(&map, &items[5], pinion__hash); /* usable again */
    assert_non_null(find_equal_name(&map, 5, pinion__hash));
    pinion__map_release(&map);
}

static void chains_stay_short(void **state)
{
    struct pinion_map map;

    pinion__map_init(&map, item_name);
    for (int i = 0; i < ITEMS; i++)
        toggle(&map, &items[i], pinion__hash);
    assert_true(map.bucket_count >= ITEMS && map.bucket_count < 4 * ITEMS);
    pinion__map_release(&map);
}

static void visit(struct pinion_map_node *node, void *data)
{
    ((struct item *)node)->visits++;
}

static void remove_odd(struct pinion_map_node *node, void *map)
{
    struct item *item = (struct item *)node;

    item->visits++;
    if ((item - items) % 2) {
        pinion__map_remove(map, node);
        item->present = false;
    }
}

static void each_visits_every_node_once_while_nodes_go(void **state)
{
    struct pinion_map map;

    pinion__map_init(&map, item_name);
    pinion__map_each(&map, visit, NULL);
    for (int i = 0; i < ITEMS; i++) {
        items[i].visits = 0;
        toggle(&map, &items[i], pinion__hash);
    }
    pinion__map_each(&map, remove_odd, &map);
    check_all(&map, pinion__hash);
    pinion__map_each(&map, visit, NULL);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(items[i].visits, i % 2 ? 1 : 2);
    pinion__map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_map_holds_and_owns_nothing, make_items),
        cmocka_unit_test_setup(a_reserved_map_has_buckets_and_no_nodes, make_items),
        cmocka_unit_test_setup(agrees_with_flags, make_items),
        cmocka_unit_test_setup(agrees_with_flags_when_whole_hashes_collide, make_items),
        cmocka_unit_test_setup(agrees_with_flags_when_all_share_a_bucket, make_items),
        cmocka_unit_test_setup(chains_stay_short, make_items),
        cmocka_unit_test_setup(each_visits_every_node_once_while_nodes_go, make_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
