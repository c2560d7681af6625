/* Slabs against what was taken: objects do not overlap, come zeroed, and their slabs go back. */
#include "base/check.h"
#include "base/slab.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OBJECT_SIZE 104
#define OBJECTS     2000

static const uint8_t zeros[OBJECT_SIZE];

static void *take(struct pinion_slabs *slabs)
{
    void *object = pinion__slabs_take(slabs);

    assert_non_null(object);
    assert_int_equal((uintptr_t)object % PINION_SLAB_ALIGNMENT, 0);
    assert_memory_equal(object, zeros, OBJECT_SIZE);
    return object;
}

static void give(struct pinion_slabs *slabs, void *object, int mark)
{
    uint8_t expected[OBJECT_SIZE];

    memset(expected, mark, OBJECT_SIZE);
    assert_memory_equal(object, expected, OBJECT_SIZE);
    pinion__slabs_give(slabs, object);
}

static void objects_do_not_overlap(void **state)
{
    static void *objects[OBJECTS];
    struct random_source source = { 7 };
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };

    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, OBJECT_SIZE, &regions);
    for (int i = 0; i < 100 * OBJECTS; i++) {
        size_t at = random_below(&source, OBJECTS);
        if (objects[at])
            give(&slabs, objects[at], (uint8_t)at);
        objects[at] = objects[at] ? NULL : take(&slabs);
        if (objects[at])
            memset(objects[at], (uint8_t)at, OBJECT_SIZE);
        if (i % 100 == 0)
            PINION_CHECK(pinion__slabs_check(&slabs));
    }
    for (size_t at = 0; at < OBJECTS; at++)
        if (objects[at])
            give(&slabs, objects[at], (uint8_t)at);
    assert_int_equal(slabs.count, 1);
    pinion__slabs_release(&slabs);
    pinion__regions_release(&regions);
}

static void slabs_go_back_but_for_one(void **state)
{
    static void *objects[OBJECTS];
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };

    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, OBJECT_SIZE, &regions);
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = take(&slabs);
    assert_int_equal(slabs.count, 13); /* 157 in each */
    for (int i = 0; i < OBJECTS; i++)
        pinion__slabs_give(&slabs, objects[i]);
    assert_int_equal(slabs.count, 1);
    pinion__slabs_release(&slabs);
    pinion__regions_release(&regions);
    assert_int_equal(slabs.count, 0);
}

static void a_warm_slab_is_the_first_one(void **state)
{
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };

    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, OBJECT_SIZE, &regions);
    assert_int_equal(pinion__slabs_warm(&slabs), 0);
    assert_int_equal(pinion__slabs_warm(&slabs), 0);
    assert_int_equal(slabs.count, 1);
    void *object = take(&slabs);
    assert_int_equal(slabs.count, 1);
    pinion__slabs_give(&slabs, object);
    pinion__slabs_release(&slabs);
    pinion__regions_release(&regions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(slabs_go_back_but_for_one),
        cmocka_unit_test(a_warm_slab_is_the_first_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
